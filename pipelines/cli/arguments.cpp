// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "pipelines/error.h"

namespace scarp::cli {

CLI::Validator one_of(std::vector<std::string> choices) {
  const std::string shown = fmt::format("{}", fmt::join(choices, "|"));
  const auto check = [choices = std::move(choices)](std::string& text) {
    if (std::find(choices.begin(), choices.end(), text) != choices.end()) return std::string();
    return fmt::format("'{}' is none of {}", text, fmt::join(choices, ", "));
  };
  return CLI::Validator(check, shown, kChoiceRule);
}

CLI::Validator between(double lowest, double highest) {
  const auto check = [=](std::string& text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool fits =
        error == std::errc() && end == text.data() + text.size() && number >= lowest && number <= highest;
    return fits ? std::string() : fmt::format("'{}' is no number from {} to {}", text, lowest, highest);
  };
  return CLI::Validator(check, fmt::format("{}..{}", lowest, highest), kRangeRule);
}

CLI::Validator key_value() {
  const auto check = [](std::string& text) {
    const auto equals = text.find('=');
    if (equals != std::string::npos && equals > 0) return std::string();
    return fmt::format("'{}' is not KEY=VALUE", text);
  };
  return CLI::Validator(check, "");
}

CLI::Option* add_key_values(CLI::App& app,
                            const std::string& flags,
                            std::vector<std::string>& member,
                            const std::string& help) {
  return app.add_option(flags, member, help)
      ->type_name(value::kKeyValue)
      ->allow_extra_args(false)
      ->check(key_value())
      ->default_str("");
}

void add_overwrite(CLI::App& app, bool& member) {
  app.add_flag("--overwrite", member, "Replace outputs that exist");
}

void add_workers(CLI::App& app, int& member) {
  add_value(app, "-j,--workers,--num-threads", member, value::kInteger, "Workers; 0: one a processor core")
      ->check(between(0, 1024));
}

void require_other_file(const std::string& output, const std::vector<std::string>& inputs) {
  std::error_code ignored;
  for (const std::string& input : inputs) {
    if (output.empty() || input.empty()) continue;
    if (output != input && !std::filesystem::equivalent(output, input, ignored)) continue;
    throw pipelines::Error(pipelines::Fault::usage,
                           fmt::format("{} is an input and cannot be the output: name another file", output));
  }
}

}  // namespace scarp::cli
