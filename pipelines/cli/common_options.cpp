// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/common_options.h"

#include "geo/raster_source_gdal.h"
#include "pipelines/cli/arguments.h"

namespace scarp::cli {

void declare_common(CLI::App& app, CommonOptions& options) {
  app.add_flag("-q,--quiet", options.quiet, "Say nothing but warnings and errors")->group(kCommonGroup);
  app.add_flag("--events", options.events, "Tell what goes on as JSON lines on standard output")
      ->group(kCommonGroup);
  app.add_flag("--cancel-on-stdin-close", options.cancel_on_stdin_close,
               "Cancel when standard input is closed")
      ->group(kCommonGroup);
  add_key_values(app, "--config", options.gdal_config, "A configuration option of GDAL; may be repeated")
      ->group(kCommonGroup);
}

void set_up_libraries(const CommonOptions& options) {
  geo::set_up_gdal();
  for (const std::string& option : options.gdal_config) {
    const auto equals = option.find('=');
    geo::set_gdal_option(option.substr(0, equals), option.substr(equals + 1));
  }
}

}  // namespace scarp::cli
