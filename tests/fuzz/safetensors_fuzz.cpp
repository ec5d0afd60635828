// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/weights.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  scarp::test::read_weights("fuzz.safetensors", bytes, count);
  return 0;
}
