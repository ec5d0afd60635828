// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "pipelines/cli/command.h"
#include "pipelines/cli/common_options.h"

namespace scarp::cli {

/// All that can be said to the program, declared; and after `parse`, what was said.
class CommandLine {
 public:
  CommandLine();

  /// @throws pipelines::Error (usage): one sentence with what to write instead
  void parse(const std::vector<std::string>& arguments);

  CLI::App& app() { return app_; }
  Command* command() const { return command_; }  ///< null: no verb was said
  /// Of the verb, or of the program; or what an option asks for instead of a run (train --schema).
  std::string help() const;
  bool wants_help() const { return wants_help_; }

  CommonOptions common;
  bool version = false;
  bool json = false;
  bool json_usage = false;
  std::string completion;  ///< a shell, or empty

 private:
  void require_known_verb(const std::vector<std::string>& arguments) const;
  std::string explain(const CLI::ParseError& error) const;

  CLI::App app_;
  std::vector<std::unique_ptr<Command>> commands_;
  Command* command_ = nullptr;
  bool wants_help_ = false;
  std::string answer_;
};

}  // namespace scarp::cli
