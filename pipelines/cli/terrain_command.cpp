// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/terrain_raster.h"

namespace scarp::cli {

namespace {

class TerrainCommand final : public Command {
 public:
  std::string name() const override { return "terrain"; }
  std::string summary() const override {
    return "Derive slope, aspect, hillshade, curvatures, ... from a DEM";
  }

  void declare(CLI::App& app) override {
    add_value(app, "dem", options_.dem, value::kRaster, "Elevation in metres")->required();
    add_value(app, "-o,--output", options_.output, value::kNewRaster,
              "float32, one named band a channel, nodata -9999")
        ->required();
    add_list(app, "--channels", channels_, value::kText,
             "elevation, slope and aspect (degrees), northness, eastness, gradient_east, gradient_north, "
             "profile_curvature, "
             "plan_curvature (1/m), hillshade, relative_elevation_N (metres above the mean of N x N pixels)")
        ->required();
    add_value(app, "-b,--band", options_.band, value::kInteger,
              "Band of the DEM where it has several; 0: the only one")
        ->check(between(0, 65535));
    add_value(app, "--of,--format", options_.driver, value::kText, "Format of the output")
        ->check(one_of({"GTiff", "COG"}));
    add_key_values(app, "--co,--creation-option", options_.creation,
                   "Creation option of the format; may be repeated");
    add_workers(app, options_.workers);
    add_overwrite(app, options_.overwrite);
  }

  int run(const Context& context) override {
    require_other_file(options_.output, {options_.dem});
    std::transform(channels_.begin(), channels_.end(), std::back_inserter(options_.channels),
                   geo::parse_terrain_channel);
    write_terrain_raster(options_, context.events, context.stop);
    return kDone;
  }

 private:
  TerrainRasterOptions options_;
  std::vector<std::string> channels_;
};

}  // namespace

std::unique_ptr<Command> make_terrain_command() {
  return std::make_unique<TerrainCommand>();
}

}  // namespace scarp::cli
