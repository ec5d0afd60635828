#!/bin/sh
# run_tidy.sh   clang-tidy (.clang-tidy) over the C++ files that the geo-only build compiles; any finding is an error.
set -eu
cd "$(dirname "$0")/.."
command -v clang-tidy-14 >/dev/null || { echo "no clang-tidy-14: left out"; exit 0; }
cmake --preset geo-only -DSCARP_TESTS=OFF -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -B build/tidy >build/tidy.log
git ls-files 'geo/*.cpp' 'nn/*.cpp' 'datasets/*.cpp' 'pipelines/*.cpp' >build/tidy.files
# The commands are g++'s: -Wno-restrict is not known to clang.
/usr/bin/python3 - <<'PYTHON' | xargs -P "${JOBS:-$(nproc)}" -n 1 clang-tidy-14 -p build/tidy --quiet --extra-arg=-Wno-unknown-warning-option
import json, pathlib
known = {pathlib.Path(line.strip()).resolve() for line in open("build/tidy.files")}
for entry in json.load(open("build/tidy/compile_commands.json")):
    path = pathlib.Path(entry["directory"], entry["file"]).resolve()
    if path in known:
        print(path)
PYTHON
