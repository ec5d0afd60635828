// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "pipelines/cli/reporter.h"

namespace CLI {
class App;
}

namespace scarp::cli {

/// What a verb gets beside its own arguments.
struct Context {
  Reporter& events;  ///< goes wherever pipelines asks for Events
  std::stop_token stop;
};

/// One verb of the program: declares its arguments once; help, --json-usage, shell completion and the
/// plugin's forms come from that declaration.
class Command {
 public:
  virtual ~Command() = default;
  virtual std::string name() const = 0;
  virtual std::string summary() const = 0;      ///< one line, starts with a verb
  virtual void declare(CLI::App& app) = 0;      ///< binds arguments to members
  virtual int run(const Context& context) = 0;  ///< @return an ExitCode; errors are thrown
  /// Device of the network as the user asked for it ("auto", "cuda:1"); empty for a verb without a network.
  virtual std::string wanted_device() const { return {}; }
};

/// All verbs of this build, in the order of the help.
std::vector<std::unique_ptr<Command>> make_commands();

}  // namespace scarp::cli
