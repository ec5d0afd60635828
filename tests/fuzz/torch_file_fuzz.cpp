// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/weights.h"

// Zip archives and the stream before PyTorch 1.6; checksums keep most changes of a pickle in an archive out,
// so that pickles have a target of their own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  scarp::test::read_weights("fuzz", bytes, count);
  return 0;
}
