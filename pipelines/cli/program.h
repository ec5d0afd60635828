// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace scarp::cli {

/// Understands the command line and runs one verb.
/// @return an ExitCode. Nothing is thrown: every error becomes one line on standard error.
int run_program(int argc, const char* const* argv);

}  // namespace scarp::cli
