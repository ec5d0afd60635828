// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/train.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "nn/segmenter.h"
#include "pipelines/error.h"
#include "pipelines/mapping/model_store.h"
#include "pipelines/pages/report_file.h"
#include "pipelines/runs/input_hashes_gdal.h"
#include "pipelines/runs/run_environment.h"
#include "pipelines/runs/run_folder.h"
#include "pipelines/runs/run_history.h"
#include "pipelines/runs/tensorboard_events.h"
#include "pipelines/training/calibrate.h"
#include "pipelines/training/described_model.h"
#include "pipelines/training/report_focus.h"
#include "pipelines/training/run_settings.h"
#include "pipelines/training/training_report.h"
#include "pipelines/training/training_scenes.h"

namespace scarp::pipelines {
namespace {

RunSettings with_backbones_found(RunSettings settings) {
  for (nn::DetectorBackbone& backbone : settings.training.backbones.files)
    backbone.path = find_backbone(backbone.path);
  return settings;
}

/// Follows a training: shows it, logs it, keeps what the report needs.
class Follower {
 public:
  /// @param resume  what the run logged before is taken up
  Follower(RunFolder& folder, bool resume, Events& events) : folder_(folder), events_(events) {
    if (resume) history_ = read_training_history(folder.metrics());
  }

  void operator()(const nn::TrainingEvent& event) {
    folder_.log(event);
    log_to_tensorboard(event);
    append_event(history_, event);
    const double left = event.seconds_a_step * static_cast<double>(event.steps - event.step);
    events_.progress(static_cast<double>(event.step) / static_cast<double>(event.steps),
                     fmt::format("pass {}, loss {:.3f}{}, {:.2f} s a step, {:.0f} s left", event.epoch + 1,
                                 event.loss, score(), event.seconds_a_step, left));
    events_.metric("loss", event.loss);
    if (event.validated && event.validation.size() > 1)
      events_.metric("validation_f1", event.validation[1].f1());
  }
  const std::vector<nn::TrainingEvent>& history() const { return history_; }
  /// The pass whose weights are kept; none without validation.
  const nn::TrainingEvent* kept(KeptWeights which) const {
    const nn::TrainingEvent* best = nullptr;
    for (const nn::TrainingEvent& event : history_) {
      if (!event.validated || event.validation.size() < 2) continue;
      const bool later = which == KeptWeights::last || best == nullptr;
      if (later || event.validation[1].f1() > best->validation[1].f1()) best = &event;
    }
    return best;
  }
  const nn::TrainingEvent* last_validated() const {
    const auto found =
        std::find_if(history_.rbegin(), history_.rend(), [](const auto& event) { return event.validated; });
    return found == history_.rend() ? nullptr : &*found;
  }

 private:
  void log_to_tensorboard(const nn::TrainingEvent& event) {
    if (!tensorboard_) tensorboard_.emplace(folder_.tensorboard(), event.step);
    tensorboard_->scalar("training/loss", event.step, event.loss);
    if (event.contrast > 0) tensorboard_->scalar("training/contrast", event.step, event.contrast);
    tensorboard_->scalar("training/learning_rate", event.step, event.learning_rate);
    tensorboard_->scalar("training/seconds_a_step", event.step, event.seconds_a_step);
    if (!event.validated) return;
    tensorboard_->scalar("validation/loss", event.step, event.validation_loss);
    if (event.validation.size() < 2) return;
    tensorboard_->scalar("validation/f1", event.step, event.validation[1].f1());
    tensorboard_->scalar("validation/iou", event.step, event.validation[1].iou());
  }
  std::string score() const {
    const nn::TrainingEvent* event = last_validated();
    return event != nullptr && event->validation.size() > 1
               ? fmt::format(", F1 {:.3f}", event->validation[1].f1())
               : std::string();
  }

  RunFolder& folder_;
  Events& events_;
  std::vector<nn::TrainingEvent> history_;
  std::optional<TensorboardLog> tensorboard_;
};

/// Processor time of the calling thread, seconds.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// What the training took; times of a resumed one are those of its last part.
nlohmann::ordered_json summary_of(const RunSettings& settings,
                                  const std::vector<nn::TrainingEvent>& history,
                                  double cpu_seconds) {
  std::vector<double> steps;
  for (const nn::TrainingEvent& event : history)
    if (event.seconds_a_step > 0) steps.push_back(event.seconds_a_step);
  std::sort(steps.begin(), steps.end());
  const double step = steps.empty() ? 0 : steps[steps.size() / 2];
  return {
      {"steps", history.empty() ? 0 : history.back().step},
      {"cpu_seconds", cpu_seconds},
      {"seconds_a_step", step},
      {"samples_a_second", step > 0 ? settings.training.batch / step : 0},
      {"precision", !history.empty() && history.back().precision == nn::Precision::bf16 ? "bf16" : "fp32"}};
}

std::string training_summary(const RunSettings& settings,
                             const std::vector<TrainingScene>& scenes,
                             const Follower& follower) {
  nlohmann::json summary;
  for (const TrainingScene& scene : scenes) {
    summary["scenes"].push_back({{"name", scene.name},
                                 {"pixel_size_m", scene.gsd_m},
                                 {"training_blocks", scene.split.training.size()},
                                 {"validation_blocks", scene.split.validation.size()}});
  }
  summary["epochs"] = settings.training.epochs;
  summary["seed"] = settings.training.seed;
  summary["validation"] =
      fmt::format("whole groups of touching ground, the {} checkpoint, threshold 0.5, pooled over pixels",
                  settings.keep == KeptWeights::best ? "best" : "last");
  if (const nn::TrainingEvent* event = follower.kept(settings.keep)) {
    for (std::size_t c = 1; c < event->validation.size(); ++c) {
      summary["scores"].push_back({{"class", settings.classes[c].name},
                                   {"f1", event->validation[c].f1()},
                                   {"iou", event->validation[c].iou()}});
    }
  }
  return summary.dump();
}

std::vector<FileHash> hashes_of(const RunSettings& settings, Events& events, const std::stop_token& stop) {
  std::vector<std::string> inputs;
  for (const SceneSettings& scene : settings.scenes) {
    for (const std::string& path :
         {scene.paths.optical, scene.paths.dem, scene.paths.labels, scene.paths.labelled_area})
      inputs.push_back(path);
  }
  inputs.push_back(settings.folds_file);
  for (const nn::DetectorBackbone& backbone : settings.training.backbones.files)
    inputs.push_back(backbone.path);
  return hash_files(files_of_inputs(inputs), events, stop);
}

/// Writes the model of a finished run and says its card with its temperature: fitted on the ground that
/// validated, or else what the run file says.
nn::ModelCard finished_model(const RunSettings& settings,
                             const RunFolder& folder,
                             BlockSamples& validation,
                             Events& events,
                             const std::stop_token& stop) {
  nn::export_half(settings.keep == KeptWeights::best ? folder.best() : folder.last(), folder.model(), true);
  if (validation.size() > 0) {
    events.stage("calibrating");
    const auto segmenter =
        nn::load_segmenter(folder.model(), {settings.training.device, nn::Precision::fp32});
    return calibrated_card(*segmenter, validation, events, stop);
  }
  nn::ModelCard card = nn::read_model_card(folder.model());
  card.temperature = settings.temperature;
  return card;
}

/// Where the finished model looks on the ground that validated.
nn::Focus focus_on(BlockSamples& validation,
                   const RunFolder& folder,
                   const RunSettings& settings,
                   const std::stop_token& stop) {
  if (validation.size() == 0) return {};
  nn::FocusOptions options;
  options.device = settings.training.device;
  options.cells.stride = settings.training.contrast.stride;
  options.cells.band = settings.training.contrast.band;
  return nn::focus_of(folder.model(), validation, options, stop);
}

void require_useful_labels(const BlockSamples& training, const BlockSamples& validation) {
  validation.hold_landslides();  // there need not be any, but labels must be known classes
  if (training.hold_landslides()) return;
  throw Error(
      Fault::contradiction,
      "No pixel of the labelled ground that trains is a landslide, so there is nothing to learn: give "
      "labels of the same ground, or a labelled area that holds some of them.");
}

}  // namespace

void train_run(const TrainOptions& options, Events& events, std::stop_token stop) {
  const double started = seconds_since_1970();
  const RunSettings settings = with_backbones_found(read_run_settings(options.run_file, options.settings));
  RunFolder::require_free(options.run_folder, options.resume, options.overwrite);

  nn::ModelCard card = described_model(settings);
  const nn::AdoptedStatistics adopted = adopt_backbones(card, settings);
  events.stage("reading scenes");
  std::vector<TrainingScene> scenes = open_training_scenes(settings);
  measure_model(card, adopted, settings, scenes);
  keep_labelled_share(scenes, settings);
  BlockSamples training(scenes, settings, BlockSamples::Purpose::training);
  BlockSamples validation(scenes, settings, BlockSamples::Purpose::validation);
  require_useful_labels(training, validation);
  events.info(fmt::format("{} training blocks, {} validation blocks",
                          training.size() / settings.samples_a_block, validation.size()));

  RunFolder folder(options.run_folder, options.resume, options.overwrite);
  if (!folder.goes_on()) write_text_file(folder.config(), to_yaml(settings), true);
  const std::vector<FileHash> hashes = hashes_of(settings, events, stop);

  events.stage("training");
  Follower follower(folder, folder.goes_on(), events);
  const double begin = thread_seconds();
  nn::train(
      card, settings.training, training, validation.size() > 0 ? &validation : nullptr,
      {folder.last(), folder.best(), options.resume},
      [&follower](const nn::TrainingEvent& event) { follower(event); }, stop);
  if (stop.stop_requested()) {
    throw Error(Fault::cancelled,
                fmt::format("Cancelled: the same command with --resume goes on in {}.", options.run_folder));
  }
  write_text_file(folder.config(), to_yaml(settings), true);  // of a resumed run: once it was let go on
  auto took = summary_of(settings, follower.history(), thread_seconds() - begin);
  card = finished_model(settings, folder, validation, events, stop);
  card.training = training_summary(settings, scenes, follower);
  nn::rewrite_model_card(folder.model(), card);
  const nn::Focus focus = focus_on(validation, folder, settings, stop);
  took["focus"] = focus_json(focus);
  write_training_report(folder.report(), settings, card, follower.history(), focus);
  write_environment(folder.environment(),
                    {nn::torch_version(), settings.training.device, took["precision"].get<std::string>(),
                     settings.training.threads},
                    hashes, started, true);
  write_text_file(folder.summary(), took.dump(2) + "\n", true);
  events.info(fmt::format("{:.2f} s a step, {:.1f} samples a second, {}",
                          took["seconds_a_step"].get<double>(), took["samples_a_second"].get<double>(),
                          took["precision"].get<std::string>()));
  events.result("model", folder.model());
  events.result("report", folder.report());
}

TrainingSummary read_training_summary(const std::string& run_folder) {
  const std::string path = run_folder + "/summary.json";
  try {
    std::ifstream in(path);
    const auto json = nlohmann::json::parse(in);
    return {json.at("steps"), json.at("cpu_seconds"), json.at("samples_a_second"), json.at("seconds_a_step"),
            json.at("precision")};
  } catch (const nlohmann::json::exception& error) {
    throw Error(Fault::usage,
                fmt::format("{} holds no finished training ({}: {}).", run_folder, path, error.what()));
  }
}

}  // namespace scarp::pipelines
