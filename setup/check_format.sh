#!/bin/sh
# check_format.sh   Fails with the names of C++ files that clang-format 14 would change.
set -eu
cd "$(dirname "$0")/.."
git ls-files '*.h' '*.cpp' '*.cu' | xargs clang-format-14 --dry-run --Werror
