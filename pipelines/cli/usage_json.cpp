// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/usage_json.h"

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "pipelines/cli/arguments.h"
#include "pipelines/cli/reporter.h"
#include "pipelines/version.h"

namespace scarp::cli {

namespace {

using Json = nlohmann::ordered_json;

/// The rule that a validator of arguments.h states; empty if the option has none of that name.
std::string rule(CLI::Option& option, const char* name) {
  try {
    return option.get_validator(name)->get_description();
  } catch (const CLI::OptionNotFound&) {
    return {};
  }
}

/// The default in the type of the value: a number where one is asked for.
Json default_of(const CLI::Option& option, const std::string& type) {
  const std::string text = option.get_default_str();
  if (text.empty() || text == "[]") return nullptr;
  if (type == value::kInteger || type == value::kNumber) return Json::parse(text, nullptr, false);
  return text;
}

Json flags_of(const CLI::Option& option) {
  Json flags = Json::array();
  for (const std::string& name : option.get_snames()) flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flags.push_back("--" + name);
  return flags;
}

std::string name_of(const CLI::Option& option) {
  return option.get_positional() ? option.get_name(true) : option.get_single_name();
}

Json argument_json(CLI::Option& option) {
  const bool is_switch = option.get_items_expected_max() == 0;
  // CLI11 appends the descriptions of validators to the type's name.
  const std::string type = is_switch ? "SWITCH" : CLI::detail::split(option.get_type_name(), ':').front();
  Json argument = {{"name", name_of(option)},
                   {"flags", flags_of(option)},
                   {"positional", option.get_positional()},
                   {"type", type},
                   {"required", option.get_required()},
                   {"repeatable", option.get_expected_max() > option.get_expected_min()},
                   {"values", is_switch ? 0 : option.get_expected_min()},
                   {"default", is_switch ? Json(false) : default_of(option, type)},
                   {"group", option.get_group()},
                   {"help", option.get_description()}};
  if (const std::string choices = rule(option, kChoiceRule); !choices.empty()) {
    argument["choices"] = CLI::detail::split(choices, '|');
  }
  if (const std::string range = rule(option, kRangeRule); !range.empty()) {
    const auto dots = range.find("..");
    argument["minimum"] = Json::parse(range.substr(0, dots));
    argument["maximum"] = Json::parse(range.substr(dots + 2));
  }
  return argument;
}

Json verb_json(CLI::App& app) {
  Json verb = {{"name", app.get_name()}, {"help", app.get_description()}, {"arguments", Json::array()}};
  for (CLI::Option* option : app.get_options([&](CLI::Option* each) { return each != app.get_help_ptr(); })) {
    verb["arguments"].push_back(argument_json(*option));
  }
  Json sub_verbs = Json::array();
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; }))
    sub_verbs.push_back(verb_json(*sub));
  if (!sub_verbs.empty()) verb["verbs"] = sub_verbs;
  return verb;
}

}  // namespace

Json usage_json(CLI::App& root) {
  Json verbs = Json::array();
  for (CLI::App* verb : root.get_subcommands([](CLI::App*) { return true; }))
    verbs.push_back(verb_json(*verb));
  return {{"name", root.get_name()},
          {"version", pipelines::version()},
          {"protocol", kProtocol},
          {"verbs", verbs}};
}

}  // namespace scarp::cli
