// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace scarp::cli {

/// What every verb takes.
struct CommonOptions {
  bool quiet = false;
  bool events = false;
  bool cancel_on_stdin_close = false;
  std::vector<std::string> gdal_config;
};

inline constexpr const char* kCommonGroup = "Common options";

void declare_common(CLI::App& app, CommonOptions& options);

/// Prepares GDAL and hands it the --config options.
void set_up_libraries(const CommonOptions& options);

}  // namespace scarp::cli
