#!/bin/sh
# run_fuzzers.sh SECONDS   Each fuzzer over its committed seeds, then SECONDS of new inputs, $JOBS fuzzers side by side; fails at an
# input that breaks a reader, and leaves it in build/fuzz/broken.
# run_fuzzers.sh SECONDS TARGET   One of them, which is built.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-20}

if [ $# -eq 2 ]; then
  mkdir -p "build/fuzz/found/$2" build/fuzz/broken
  build/fuzz/bin/fuzz_"$2" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/broken/ "build/fuzz/found/$2" "tests/fuzz/corpus/$2" >"build/fuzz/$2.log" 2>&1 \
    || { echo "$2: broken"; tail -40 "build/fuzz/$2.log"; exit 1; }
  echo "$2: $(awk '/number_of_executed_units/ {print $2, "inputs"}' "build/fuzz/$2.log")"
  exit 0
fi

command -v clang++-14 >/dev/null || { echo "no clang++-14: fuzzers are left out"; exit 0; }
jobs=${JOBS:-$(nproc)}
cmake --preset fuzz >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 1; }
cmake --build build/fuzz -j "$jobs" >>build/fuzz.log 2>&1 || { tail -50 build/fuzz.log; exit 1; }
ls tests/fuzz/corpus | xargs -P "$jobs" -n 1 setup/run_fuzzers.sh "$seconds"
