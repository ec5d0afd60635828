// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/mapping/polygonize.h"

namespace scarp::cli {

namespace {

constexpr const char* kCleaning = "Cleaning";
constexpr const char* kLines = "Lines";

class PolygonizeCommand final : public Command {
 public:
  std::string name() const override { return "polygonize"; }
  std::string summary() const override { return "Make polygons of a class raster, seamless and exact"; }

  void declare(CLI::App& app) override {
    add_value(app, "raster", options_.raster, value::kRaster,
              "Classes: whole numbers; every value but nodata becomes polygons")
        ->required();
    add_value(app, "-o,--output", options_.output, value::kNewVector, "Polygons: .gpkg, .fgb, .geojson, .shp")
        ->required();
    add_value(app, "-b,--band", options_.band, value::kInteger,
              "Band of the raster where it has several; 0: the only one")
        ->check(between(0, 65535));
    add_value(app, "--connectedness", connectedness_, value::kText,
              "4: pixels that meet at a corner are two objects; 8: one, of parts that meet at points")
        ->check(one_of({"4", "8"}));
    add_value(app, "--dem", options_.dem, value::kRaster,
              "Elevation in metres, for fields of elevation, slope, aspect, length and width");
    add_value(app, "--confidence", options_.confidence, value::kRaster,
              "Probability of the class on the same grid, for its mean, least value and deviation");
    declare_cleaning(app);
    declare_simplification(app);
    add_value(app, "--of,--format", options_.format, value::kText,
              "OGR driver of the polygons; without it from the ending");
    add_value(app, "--layer", options_.layer, value::kText, "Name of the layer");
    add_key_values(app, "--co,--creation-option", options_.creation,
                   "Creation option of the polygons' layer; may be repeated");
    add_workers(app, options_.workers);
    add_overwrite(app, options_.overwrite);
  }

  int run(const Context& context) override {
    require_other_file(options_.output, {options_.raster, options_.dem, options_.confidence});
    options_.limits.eight_connected = connectedness_ == "8";
    options_.simplify.method = method_ == "vw" ? vector::SimplifyMethod::visvalingam_whyatt
                                               : vector::SimplifyMethod::douglas_peucker;
    const auto report = pipelines::polygonize(options_, context.events, context.stop);
    context.events.metric("polygons", static_cast<double>(report.polygons));
    context.events.metric("dropped_small", static_cast<double>(report.dropped_small));
    context.events.metric("filled_holes", static_cast<double>(report.filled_holes));
    context.events.metric("area_m2", report.area_m2);
    context.events.metric("seconds", report.seconds);
    return kDone;
  }

 private:
  void declare_cleaning(CLI::App& app) {
    add_value(app, "--min-area", options_.limits.object_m2, value::kNumber,
              "Square metres: smaller objects become no polygon")
        ->check(between(0, 1e15))
        ->group(kCleaning);
    add_value(app, "--min-area-px", options_.limits.object_pixels, value::kInteger,
              "Pixels: smaller objects become no polygon")
        ->check(between(0, 1e15))
        ->group(kCleaning);
    add_value(app, "--min-hole", options_.limits.hole_m2, value::kNumber,
              "Square metres: smaller holes are filled, but for those that hold a kept object")
        ->check(between(0, 1e15))
        ->group(kCleaning);
    add_value(app, "--min-hole-px", options_.limits.hole_pixels, value::kInteger,
              "Pixels: smaller holes are filled, but for those that hold a kept object")
        ->check(between(0, 1e15))
        ->group(kCleaning);
  }

  void declare_simplification(CLI::App& app) {
    add_value(app, "--simplify", options_.simplify.tolerance, value::kNumber,
              "Tolerance in units of the map; neighbours keep one border, and no object vanishes")
        ->check(between(0, 1e9))
        ->group(kLines);
    add_value(app, "--simplify-method", method_, value::kText,
              "dp: Douglas and Peucker, by distance; vw: Visvalingam and Whyatt, by area (tolerance squared)")
        ->check(one_of({"dp", "vw"}))
        ->group(kLines);
    app.add_flag("--smooth", options_.simplify.smooth, "Round corners (Chaikin), after --simplify")
        ->group(kLines);
  }

  pipelines::PolygonizeOptions options_;
  std::string method_ = "dp";
  std::string connectedness_ = "4";
};

}  // namespace

std::unique_ptr<Command> make_polygonize_command() {
  return std::make_unique<PolygonizeCommand>();
}

}  // namespace scarp::cli
