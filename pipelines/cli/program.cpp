// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/program.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "pipelines/cli/cancellation.h"
#include "pipelines/cli/command_line.h"
#include "pipelines/cli/completion.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/machine.h"
#include "pipelines/cli/standard_streams.h"
#include "pipelines/cli/usage_json.h"
#include "pipelines/error.h"
#include "pipelines/version.h"

namespace scarp::cli {

namespace {

using Json = nlohmann::ordered_json;

int print(const std::string& text) {
  return write_stdout(text) ? kDone : kResource;
}

/// The handshake: what a program that starts this one must know of it.
Json version_json(CommandLine& line) {
  Json verbs = Json::array();
  for (const CLI::App* verb : line.app().get_subcommands([](CLI::App*) { return true; }))
    verbs.push_back(verb->get_name());
  return {{"name", "scarp"}, {"version", pipelines::version()}, {"protocol", kProtocol},
          {"verbs", verbs},  {"devices", devices_json()},       {"versions", versions_json()}};
}

int answer_without_verb(CommandLine& line) {
  if (line.wants_help()) return print(line.help());
  if (line.json_usage) return print(usage_json(line.app()).dump(2) + "\n");
  if (!line.completion.empty()) return print(bash_completion(usage_json(line.app())));
  if (line.version && line.json) return print(version_json(line).dump(2) + "\n");
  if (line.version) return print("scarp " + pipelines::version() + "\n");
  write_stderr(line.help());
  return kUsage;
}

int run_verb(CommandLine& line) {
  const std::string program = "scarp " + line.command()->name();
  Cancellation cancellation({line.common.cancel_on_stdin_close, line.common.events});
  const auto reporter =
      line.common.events
          ? make_json_reporter(program, [&] { cancellation.request("standard output cannot be written"); })
          : make_terminal_reporter(program, line.common.quiet);
  try {
    set_up_libraries(line.common);
    const std::string wanted = line.command()->wanted_device();
    reporter->hello(line.command()->name(), wanted.empty() ? "" : device_of(wanted));
    const int exit_code = line.command()->run({*reporter, cancellation.token()});
    reporter->finish();
    return exit_code;
  } catch (const std::exception& error) {
    const Failure failure = failure_of(error);
    reporter->finish();
    reporter->failure(failure.exit_code, failure.text);
    return failure.exit_code;
  }
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  try {
    CommandLine line;
    line.parse({argv + 1, argv + argc});
    return line.command() && !line.wants_help() ? run_verb(line) : answer_without_verb(line);
  } catch (const std::exception& error) {
    const Failure failure = failure_of(error);
    write_stderr("scarp: " + failure.text + "\n");
    return failure.exit_code;
  }
}

}  // namespace scarp::cli
