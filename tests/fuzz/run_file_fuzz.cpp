// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

#include "geo/error.h"
#include "pipelines/error.h"
#include "pipelines/training/run_settings.h"

// What is refused is refused as a wrong use; yaml-cpp's own exceptions never come through.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const int file = ::memfd_create("run.yaml", MFD_CLOEXEC);
  if (file < 0 || ::write(file, bytes, count) != static_cast<ssize_t>(count)) std::abort();
  try {
    static_cast<void>(scarp::pipelines::read_run_settings("/proc/self/fd/" + std::to_string(file), {}));
  } catch (const scarp::pipelines::Error&) {
  }
  ::close(file);
  return 0;
}
