// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/errors.h"

namespace scarp::nn {

void throw_as_ours(const std::string& doing, const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  const std::string line = text.substr(0, text.find('\n'));
  const bool memory = dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
                      text.find("can't allocate memory") != std::string::npos ||
                      text.find("out of memory") != std::string::npos;
  if (memory) {
    throw Error(Fault::out_of_memory, doing + ": " + line + "; use smaller tiles or a smaller batch");
  }
  throw Error(Fault::bad_argument, doing + ": " + line);
}

}  // namespace scarp::nn
