// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "geo/raster_source_gdal.h"
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/error.h"
#include "pipelines/mapping/detect.h"
#include "pipelines/mapping/model_store.h"

namespace scarp::cli {

namespace {

constexpr const char* kOutputs = "Outputs";
constexpr const char* kNetwork = "Network";

class DetectCommand final : public Command {
 public:
  std::string name() const override { return "detect"; }
  std::string summary() const override { return "Map landslides: image and DEM in, polygons out"; }
  std::string wanted_device() const override { return network_.device; }

  void declare(CLI::App& app) override {
    add_value(app, "optical", options_.optical, value::kRaster, "Image (HRSI); its grid is the map's")
        ->required();
    add_value(app, "dem", options_.dem, value::kRaster,
              "Elevation in metres; any CRS, pixel size and extent");
    add_value(app, "-m,--model", model_, value::kModel,
              "Name or file of a model; without it the shipped one that fits");
    app.add_option("--bbox", box_, "Map only: min x, min y, max x, max y in the image's CRS")
        ->type_name(value::kNumber)
        ->expected(4)
        ->delimiter(',');
    add_list(app, "-b,--band", options_.bands, value::kInteger,
             "Bands of the image, from 1, in the model's order; may be repeated")
        ->check(between(1, 65535));
    declare_outputs(app);
    declare_network(app);
  }

  int run(const Context& context) override {
    check_outputs();
    const std::string model = chosen_model(context.events);
    network_.precision = precision_ == "bf16" ? nn::Precision::bf16 : nn::Precision::fp32;
    options_.dem_gaps = dem_gaps_ == "mask" ? geo::DemGaps::mask : geo::DemGaps::fill;
    if (box_.size() == 4) options_.box = {box_[0], box_[1], box_[2], box_[3]};
    context.events.stage("reading model");
    const std::unique_ptr<nn::Segmenter> segmenter = nn::load_segmenter(model, network_);
    tell(pipelines::detect(options_, *segmenter, context.events, context.stop), context.events);
    return kDone;
  }

 private:
  void declare_outputs(CLI::App& app) {
    add_value(app, "-o,--output", options_.polygons, value::kNewVector,
              "Polygons: .gpkg, .fgb, .geojson, .shp")
        ->group(kOutputs);
    add_value(app, "--class-raster", options_.class_raster, value::kNewRaster, "Class of every pixel")
        ->group(kOutputs);
    add_value(app, "--probability-raster", options_.probability_raster, value::kNewRaster,
              "Probability of a landslide")
        ->group(kOutputs);
    add_value(app, "--sure-labels", options_.sure_labels, value::kNewRaster,
              "Labels for another training: the class where it is sure, 255 elsewhere")
        ->group(kOutputs);
    add_value(app, "--sure", options_.sure, value::kNumber, "Least probability of a class that is sure")
        ->check(between(0.5, 1))
        ->group(kOutputs);
    add_value(app, "--sure-outside", options_.sure_outside, value::kVector,
              "Polygons, such as labelled ground, inside which no label is written to --sure-labels")
        ->group(kOutputs);
    add_value(app, "--of,--format", options_.format, value::kText,
              "OGR driver of the polygons; without it from the ending")
        ->group(kOutputs);
    add_key_values(app, "--co,--creation-option", options_.creation,
                   "Creation option of the polygons' layer; may be repeated")
        ->group(kOutputs);
    add_value(app, "--min-area", options_.min_area_m2, value::kNumber,
              "Square metres: smaller objects become no polygon; -1: ten pixels")
        ->check(between(-1, 1e15))
        ->group(kOutputs);
    app.add_flag("--overwrite", options_.overwrite, "Replace outputs that exist")->group(kOutputs);
  }

  void declare_network(CLI::App& app) {
    add_value(app, "--dem-gaps", dem_gaps_, value::kText,
              "Where elevation is missing: map without it, or leave nodata")
        ->check(one_of({"fill", "mask"}))
        ->group(kNetwork);
    app.add_flag("--any-pixel-size", options_.any_pixel_size,
                 "Run although the pixel size is outside the model's range")
        ->group(kNetwork);
    add_value(app, "--device", network_.device, value::kText, "auto, cpu, cuda, cuda:1")->group(kNetwork);
    add_value(app, "--precision", precision_, value::kText, "Arithmetic of the network")
        ->check(one_of({"fp32", "bf16"}))
        ->group(kNetwork);
    add_value(app, "--flips", network_.flips, value::kInteger,
              "Views of each tile, flipped and turned, whose probabilities are averaged: 1, 2, 4 or 8; the "
              "time grows with them")
        ->check(one_of({"1", "2", "4", "8"}))
        ->group(kNetwork);
    add_value(app, "--batch", options_.batch, value::kInteger, "Tiles a network call")
        ->check(between(1, 256))
        ->group(kNetwork);
    add_workers(app, options_.workers);
  }

  /// An output must be neither another output nor an input.
  void check_outputs() const {
    const std::vector<std::string> outputs = {options_.polygons, options_.class_raster,
                                              options_.probability_raster, options_.sure_labels};
    for (auto output = outputs.begin(); output != outputs.end(); ++output) {
      if (output->empty()) continue;
      require_other_file(*output, {options_.optical, options_.dem, model_});
      if (std::find(outputs.begin(), output, *output) == output) continue;
      throw pipelines::Error(pipelines::Fault::usage,
                             fmt::format("two outputs have the same name, {}: name another file", *output));
    }
  }

  std::string chosen_model(pipelines::Events& events) const {
    if (!model_.empty()) return pipelines::find_model(model_);
    const std::unique_ptr<geo::RasterSource> optical = geo::open_raster(options_.optical);
    const std::size_t bands = options_.bands.empty() ? optical->bands().size() : options_.bands.size();
    const pipelines::StoredModel model =
        pipelines::choose_model(optical->grid(), static_cast<int>(bands), !options_.dem.empty());
    events.info(fmt::format("model: {} (chosen by bands and pixel size; -m chooses another)", model.name));
    if (!model.card.description.empty()) events.info(model.card.description);
    return model.path;
  }

  void tell(const pipelines::DetectReport& report, Reporter& events) const {
    const nlohmann::ordered_json document = {{"polygons", report.polygons},
                                             {"dropped_small", report.dropped_small},
                                             {"area_m2", report.area_m2},
                                             {"pixels", report.pixels},
                                             {"tiles", report.tiles},
                                             {"tiles_empty", report.tiles_empty},
                                             {"not_finite", report.not_finite},
                                             {"seconds", report.seconds},
                                             {"seconds_network", report.seconds_network}};
    const std::string found = options_.polygons.empty() ? "mapped"
                                                        : fmt::format("{} landslides, {:.6g} km2, in",
                                                                      report.polygons, report.area_m2 / 1e6);
    events.summary(fmt::format("{} {} valid pixels; {:.1f} s", found, report.pixels, report.seconds),
                   document);
  }

  pipelines::DetectOptions options_;
  nn::SegmenterOptions network_;
  std::string model_;
  std::string dem_gaps_ = "fill";
  std::string precision_ = "fp32";
  std::vector<double> box_;
};

}  // namespace

std::unique_ptr<Command> make_detect_command() {
  return std::make_unique<DetectCommand>();
}

}  // namespace scarp::cli
