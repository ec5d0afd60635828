// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "pipelines/events.h"

namespace CLI {
class App;
}

namespace scarp::cli {

/// Exit codes, a contract with scripts and the plugin.
enum ExitCode { kDone = 0, kUsage = 2, kInput = 3, kResource = 4, kPartial = 5, kCancelled = 130 };

/// What a verb gets beside its own arguments.
struct Context {
  pipelines::Events& events;
  std::stop_token stop;
  bool quiet = false;
};

/// One verb of the program: declares its arguments once; help, --json-usage and the plugin's forms come from that declaration.
class Command {
 public:
  virtual ~Command() = default;
  virtual std::string name() const = 0;
  virtual std::string summary() const = 0;            ///< one line, starts with a verb
  virtual void declare(CLI::App& app) = 0;            ///< binds arguments to members
  virtual int run(const Context& context) = 0;        ///< @return an exit code; errors are thrown
};

/// All verbs of this build, in the order of the help.
std::vector<std::unique_ptr<Command>> make_commands();

}  // namespace scarp::cli
