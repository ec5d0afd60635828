// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/calibrate_model.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "geo/raster_writer_gdal.h"
#include "pipelines/error.h"
#include "pipelines/training/calibrate.h"
#include "pipelines/training/training_scenes.h"

namespace scarp::pipelines {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_of(const std::vector<nn::ChannelSpec>& channels) {
  std::vector<std::string> names;
  for (const nn::ChannelSpec& channel : channels) names.push_back(channel.name);
  return names;
}

void require_same(const std::string& what,
                  const std::vector<std::string>& model,
                  const std::vector<std::string>& run) {
  if (model == run) return;
  throw Error(Fault::contradiction,
              fmt::format("the model has the {} {} and the run file {}: take the run file that the model was "
                          "trained with (config.resolved.yaml of its run folder)",
                          what, fmt::join(model, ", "), fmt::join(run, ", ")));
}

void require_fit(const nn::ModelCard& card, const RunSettings& settings) {
  require_same("bands", names_of(card.optical), settings.bands);
  require_same("terrain channels", names_of(card.terrain), settings.terrain);
  std::vector<std::string> model, run;
  for (const nn::ClassSpec& c : card.classes) model.push_back(std::to_string(c.id));
  for (const nn::ClassSpec& c : settings.classes) run.push_back(std::to_string(c.id));
  require_same("class ids", model, run);
  if (card.terrain_unit != settings.terrain_unit) {
    throw Error(Fault::contradiction,
                "the model and the run file measure terrain in different units "
                "(terrain_unit): take the run file that the model was trained with");
  }
  if (card.optical_window_px != settings.bands_window) {
    throw Error(
        Fault::contradiction,
        "the model and the run file see local contrast in different windows (bands_window): take the run "
        "file that the model was trained with");
  }
}

/// Copies, rewrites and only then gives the name.
void write_copy(const std::string& from, const std::string& to, const nn::ModelCard& card) {
  const std::string partial = to + ".partial";
  try {
    fs::copy_file(from, partial, fs::copy_options::overwrite_existing);
    nn::rewrite_model_card(partial, card);
    fs::rename(partial, to);
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove(partial, ignored);
    throw Error(Fault::unwritable, fmt::format("{} cannot be written ({}): choose another name with -o", to,
                                               error.code().message()));
  }
}

}  // namespace

void calibrate_model(const CalibrateOptions& options, Events& events, std::stop_token stop) {
  geo::require_writable(options.output, options.overwrite);
  const RunSettings settings = read_run_settings(options.run_file, options.settings);
  events.stage("reading model");
  const auto segmenter = nn::load_segmenter(options.model, options.network);
  require_fit(segmenter->card(), settings);
  events.stage("reading scenes");
  std::vector<TrainingScene> scenes = open_training_scenes(settings);
  BlockSamples validation(scenes, settings, BlockSamples::Purpose::validation);
  events.stage("calibrating");
  const nn::ModelCard card = calibrated_card(*segmenter, validation, events, stop);
  write_copy(options.model, options.output, card);
  events.metric("temperature", card.temperature);
  events.metric("ece_before", card.calibration.ece_before);
  events.metric("ece_after", card.calibration.ece_after);
  events.result("model", options.output);
}

}  // namespace scarp::pipelines
