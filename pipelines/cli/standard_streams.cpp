// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/standard_streams.h"

#include <cerrno>
#include <unistd.h>

namespace scarp::cli {

namespace {

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

bool write_stdout(std::string_view text) {
  return write_all(STDOUT_FILENO, text);
}

void write_stderr(std::string_view text) {
  write_all(STDERR_FILENO, text);
}

}  // namespace scarp::cli
