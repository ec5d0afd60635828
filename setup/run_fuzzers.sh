#!/bin/sh
# run_fuzzers.sh SECONDS   Each fuzzer over its committed seeds, then SECONDS of new inputs; fails at the first input that breaks
# a reader, and leaves it in build/fuzz/broken.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-20}
command -v clang++-14 >/dev/null || { echo "no clang++-14: fuzzers are left out"; exit 0; }
cmake --preset fuzz >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 1; }
cmake --build build/fuzz -j "${JOBS:-$(nproc)}" >>build/fuzz.log 2>&1 || { tail -50 build/fuzz.log; exit 1; }
mkdir -p build/fuzz/broken
for seeds in tests/fuzz/corpus/*; do
  target=$(basename "$seeds")
  mkdir -p "build/fuzz/found/$target"
  printf '%s: ' "$target"
  build/fuzz/bin/fuzz_"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/broken/ "build/fuzz/found/$target" "$seeds" >"build/fuzz/$target.log" 2>&1 \
    || { tail -40 "build/fuzz/$target.log"; exit 1; }
  awk '/number_of_executed_units/ {print $2, "inputs"}' "build/fuzz/$target.log"
done
