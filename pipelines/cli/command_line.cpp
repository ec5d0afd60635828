// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/command_line.h"

#include <algorithm>
#include <numeric>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "pipelines/cli/arguments.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/error.h"

namespace scarp::cli {

namespace {

/// Spellings of GDAL's older programs, and numbers, that would be taken for single letters: "-of COG" for an
/// output named "f".
std::string unmistakable(const std::string& argument) {
  if (argument == "-of" || argument == "-co") return "-" + argument;
  if (argument == "-te") return "--bbox";
  return argument.rfind("-.", 0) == 0 ? "-0" + argument.substr(1) : argument;
}

/// Levenshtein's distance: insertions, deletions and replacements of a letter.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// " (did you mean X?)" where a known word is near, else nothing.
std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const auto nearer = [&](const std::string& a, const std::string& b) {
    return edit_distance(word, a) < edit_distance(word, b);
  };
  const auto nearest = std::min_element(known.begin(), known.end(), nearer);
  const bool near =
      nearest != known.end() && edit_distance(word, *nearest) <= std::max<std::size_t>(1, word.size() / 3);
  return near ? fmt::format(" (did you mean {}?)", *nearest) : std::string();
}

std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

}  // namespace

CommandLine::CommandLine()
    : app_("Scarp maps landslides: optical imagery and elevation in, georeferenced polygons out.", "scarp"),
      commands_(make_commands()) {
  app_.add_flag("--version", version, "Print the version and end; with --json: what this build can do");
  app_.add_flag("--json", json, "Beside --version: as JSON");
  app_.add_flag("--json-usage", json_usage, "Print all verbs and their arguments as JSON and end");
  app_.add_option("--completion", completion, "Print the completion script of a shell and end")
      ->check(one_of({"bash"}));
  app_.require_subcommand(0, 1);
  app_.footer("scarp VERB --help tells more.\n\n" + exit_code_help());
  for (const auto& command : commands_) {
    CLI::App* verb = app_.add_subcommand(command->name(), command->summary());
    verb->footer("");  // the program's own is inherited otherwise
    command->declare(*verb);
    for (CLI::App* sub : verb->get_subcommands([](CLI::App*) { return true; })) declare_common(*sub, common);
    if (verb->get_subcommands([](CLI::App*) { return true; }).empty()) declare_common(*verb, common);
    verb->callback([this, each = command.get()] { command_ = each; });
  }
}

void CommandLine::require_known_verb(const std::vector<std::string>& arguments) const {
  if (arguments.empty() || arguments[0].rfind('-', 0) == 0) return;
  std::vector<std::string> names;
  for (const auto& command : commands_) names.push_back(command->name());
  if (std::find(names.begin(), names.end(), arguments[0]) != names.end()) return;
  throw pipelines::Error(pipelines::Fault::usage,
                         fmt::format("there is no verb '{}'{}; verbs: {}", arguments[0],
                                     suggestion(arguments[0], names), fmt::join(names, ", ")));
}

void CommandLine::parse(const std::vector<std::string>& arguments) {
  require_known_verb(arguments);
  std::vector<std::string> reversed;
  std::transform(arguments.rbegin(), arguments.rend(), std::back_inserter(reversed), unmistakable);
  try {
    app_.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    wants_help_ = true;
  } catch (const CLI::CallForVersion& call) {  // an option that prints something instead of a run
    wants_help_ = true;
    answer_ = call.what();
  } catch (const CLI::ParseError& error) {
    throw pipelines::Error(pipelines::Fault::usage, explain(error));
  }
}

std::string CommandLine::help() const {
  return answer_.empty() ? app_.help() : answer_;
}

std::string CommandLine::explain(const CLI::ParseError& error) const {
  const CLI::App* verb = &app_;
  std::string name = app_.get_name();
  while (!verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().front();
    name += " " + verb->get_name();
  }
  const std::string more = fmt::format("{} --help tells more", name);
  if (const std::vector<std::string> extra = app_.remaining(true); !extra.empty()) {
    const bool option = extra[0].rfind('-', 0) == 0;
    const std::string word = extra[0].substr(0, extra[0].find('='));
    return option ? fmt::format("there is no option {}{}; {}", word, suggestion(word, flags_of(*verb)), more)
                  : fmt::format("the argument '{}' is one too many; {}", extra[0], more);
  }
  return fmt::format("{}; {}", error.what(), more);
}

}  // namespace scarp::cli
