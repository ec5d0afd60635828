// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace scarp::cli {

/// Writes all of it to standard output, unbuffered.
/// @return false if nobody reads any more (closed pipe) or it cannot be written (full disk)
bool write_stdout(std::string_view text);

/// The same to standard error, where nothing can be done about a failure.
void write_stderr(std::string_view text);

}  // namespace scarp::cli
