// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pipelines/events.h"

namespace scarp::test {

/// Keeps warnings and results, shows nothing.
class SilentEvents final : public pipelines::Events {
 public:
  void stage(std::string_view) override {}
  void progress(double, std::string_view) override {}
  void metric(std::string_view, double) override {}
  void warning(std::string_view text) override { warnings.emplace_back(text); }
  void info(std::string_view) override {}
  void result(std::string_view kind, std::string_view path) override { results.emplace_back(kind, path); }

  std::vector<std::string> warnings;
  std::vector<std::pair<std::string, std::string>> results;
};

}  // namespace scarp::test
