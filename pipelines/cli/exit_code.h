// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>

namespace scarp::cli {

/// Exit codes, a contract with scripts and the plugin.
enum ExitCode {
  kDone = 0,
  kDefect = 1,       ///< an error that no room foresaw: a defect of Scarp
  kUsage = 2,        ///< wrong option or value; an output exists and --overwrite was not said
  kInput = 3,        ///< unreadable or contradicting input
  kResource = 4,     ///< memory, disk, device; an output that cannot be written
  kPartial = 5,      ///< ended early, a part of the result was kept
  kCancelled = 130,  ///< stopped by the user
};

/// What an exception means for whoever started the program.
struct Failure {
  int exit_code = kDefect;
  std::string text;  ///< one line
};

/// Every error class of the rooms, and those of the standard library that stand for something.
Failure failure_of(const std::exception& error);

/// The codes with their meanings, for the end of the help.
std::string exit_code_help();

}  // namespace scarp::cli
