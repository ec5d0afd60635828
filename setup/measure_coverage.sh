#!/bin/sh
# measure_coverage.sh   Lines that the tests of the torch-free rooms run, one figure a room, into docs/evidence/coverage.md.
set -eu
cd "$(dirname "$0")/.."
cmake --preset geo-only -DSCARP_TESTS=ON -DCMAKE_CXX_FLAGS="-O1 --coverage" -B build/coverage >build/coverage.log
cmake --build build/coverage -j "${JOBS:-$(nproc)}" >>build/coverage.log
find build/coverage -name '*.gcda' -delete
(cd build/coverage && ctest -j "${JOBS:-$(nproc)}" --output-on-failure -E architecture)
setup/summarise_coverage.py build/coverage >docs/evidence/coverage.md
cat docs/evidence/coverage.md
