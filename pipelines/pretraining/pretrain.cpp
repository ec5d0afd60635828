// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/pretrain.h"

#include <algorithm>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/error.h"
#include "pipelines/pages/report_file.h"
#include "pipelines/pretraining/image_folder_gdal.h"
#include "pipelines/pretraining/pretrain_report.h"
#include "pipelines/pretraining/pretrain_settings.h"
#include "pipelines/pretraining/pretrain_sheets.h"
#include "pipelines/pretraining/scene_windows.h"
#include "pipelines/runs/input_hashes_gdal.h"
#include "pipelines/runs/run_environment.h"
#include "pipelines/runs/run_folder.h"
#include "pipelines/runs/run_history.h"
#include "pipelines/runs/tensorboard_events.h"
#include "pipelines/version.h"

namespace scarp::pipelines {
namespace {

constexpr std::size_t kMostHashedImages = 10'000;

/// Where the windows come from, and the card that says what they hold.
struct PretrainInputs {
  std::unique_ptr<nn::WindowSource> windows;
  nn::BackboneCard card;
  std::vector<std::string> files;  ///< for their hashes
};

PretrainInputs open_inputs(const PretrainSettings& settings, Events& events, const std::stop_token& stop) {
  PretrainInputs inputs;
  inputs.card = nn::backbone_card_for(settings.options, settings.window_side);
  inputs.card.name = settings.name;
  inputs.card.description = settings.description;
  inputs.card.licence = settings.licence;
  inputs.card.scarp_version = version();
  inputs.card.terrain_unit = settings.terrain_unit;
  inputs.card.grouped = settings.grouped();
  if (!settings.images.empty()) {
    const PictureWindow window{settings.bands.size(), settings.window_side, settings.patch(),
                               settings.valid_share};
    ImageFolder folder = open_image_folders(settings.images, settings.bands, window, events, stop);
    inputs.card.optical = folder.channels;
    for (const FolderImage& image : folder.images) inputs.files.push_back(image.path);
    events.info(fmt::format("{} pictures", folder.images.size()));
    inputs.windows = std::make_unique<ImageWindows>(std::move(folder.images), window, settings.windows_a_pass,
                                                    settings.options.seed, true);
    return inputs;
  }
  auto scenes = std::make_unique<SceneWindows>(settings, events, stop);
  inputs.card.optical = scenes->optical();
  inputs.card.terrain = scenes->terrain();
  inputs.card.gsd_min_m = scenes->gsd_min_m();
  inputs.card.gsd_max_m = scenes->gsd_max_m();
  events.info(
      fmt::format("{} windows of {} pixels on valid ground", scenes->valid_windows(), settings.window_side));
  inputs.windows = std::move(scenes);
  for (const UnlabelledScene& scene : settings.scenes) {
    inputs.files.push_back(scene.optical);
    inputs.files.push_back(scene.dem);
  }
  return inputs;
}

/// Follows a pretraining: shows it, logs it, keeps what the report needs.
class PretrainFollower {
 public:
  /// @param resume  what the run logged before is taken up
  PretrainFollower(RunFolder& folder, bool resume, Events& events) : folder_(folder), events_(events) {
    if (resume) history_ = read_pretraining_history(folder.metrics());
  }

  void operator()(const nn::PretrainEvent& event) {
    folder_.log(event);
    if (!tensorboard_) tensorboard_.emplace(folder_.tensorboard(), event.step);
    for (const auto& [name, value] : event.values)
      tensorboard_->scalar("pretraining/" + name, event.step, value);
    tensorboard_->scalar("pretraining/learning_rate", event.step, event.learning_rate);
    tensorboard_->scalar("pretraining/images_a_second", event.step, event.images_a_second);
    append_event(history_, event);
    const double left = event.seconds_a_step * static_cast<double>(event.steps - event.step);
    events_.progress(static_cast<double>(event.step) / static_cast<double>(event.steps),
                     fmt::format("pass {}, loss {:.3f}, {:.0f} images a second, {:.0f} s left",
                                 event.epoch + 1, event.value("loss"), event.images_a_second, left));
    events_.metric("loss", event.value("loss"));
    events_.metric("images_a_second", event.images_a_second);
    if (event.collapsed && !warned_) {
      warned_ = true;
      events_.warning(
          fmt::format("The network has collapsed in pass {}: to it all images look alike (spread {:.3f}, "
                      "entropy of the mean "
                      "assignment {:.2f}). Raise siamese.me_max, or lower the learning rate.",
                      event.epoch + 1, event.value("spread"), event.value("mean_entropy")));
    }
  }
  const std::vector<nn::PretrainEvent>& history() const { return history_; }

 private:
  RunFolder& folder_;
  Events& events_;
  std::vector<nn::PretrainEvent> history_;
  std::optional<TensorboardLog> tensorboard_;
  bool warned_ = false;
};

nlohmann::ordered_json pretrain_summary(const PretrainSettings& settings,
                                        const nn::WindowSource& windows,
                                        const std::vector<nn::PretrainEvent>& history) {
  nlohmann::ordered_json summary = {{"method", nn::name_of(settings.options.method)},
                                    {"epochs", settings.options.epochs},
                                    {"windows_a_pass", windows.size()},
                                    {"batch", settings.options.batch},
                                    {"seed", settings.options.seed}};
  if (history.empty()) return summary;
  const nn::PretrainEvent& last = history.back();
  summary["steps"] = last.step;
  summary["precision"] = last.precision == nn::Precision::bf16 ? "bf16" : "fp32";
  std::vector<double> rates;
  for (const auto& event : history) rates.push_back(event.images_a_second);
  std::nth_element(rates.begin(), rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2), rates.end());
  summary["images_a_second"] = rates[rates.size() / 2];
  for (const auto& [name, value] : last.values) summary["last"][name] = value;
  return summary;
}

// Before anything is written: a run that cannot take a step leaves no folder behind.
void require_a_batch(const PretrainSettings& settings, const nn::WindowSource& windows) {
  if (windows.size() >= settings.options.batch) return;
  throw Error(
      Fault::usage,
      fmt::format("A pass has {} windows, fewer than training.batch, {}: take a smaller batch, or draw "
                  "more windows with windows.per_pass.",
                  windows.size(), settings.options.batch));
}

std::vector<FileHash> input_hashes(const PretrainInputs& inputs,
                                   Events& events,
                                   const std::stop_token& stop) {
  std::vector<std::string> files = inputs.files;
  if (files.size() > kMostHashedImages) {
    events.info(
        fmt::format("environment.json names the first {} pictures of {}.", kMostHashedImages, files.size()));
    files.resize(kMostHashedImages);
  }
  return hash_files(files_of_inputs(files), events, stop);
}

}  // namespace

void pretrain_run(const PretrainRunOptions& options, Events& events, std::stop_token stop) {
  const double started = seconds_since_1970();
  const PretrainSettings settings =
      read_pretrain_settings(options.run_file, options.settings, options.method);
  RunFolder::require_free(options.run_folder, options.resume, options.overwrite);
  events.stage("looking at the data");
  PretrainInputs inputs = open_inputs(settings, events, stop);
  require_a_batch(settings, *inputs.windows);

  RunFolder folder(options.run_folder, options.resume, options.overwrite);
  if (!folder.goes_on()) write_text_file(folder.config(), to_yaml(settings), true);
  const std::vector<FileHash> hashes = input_hashes(inputs, events, stop);

  events.stage("pretraining");
  PretrainFollower follower(folder, folder.goes_on(), events);
  nn::pretrain(
      inputs.card, settings.options, *inputs.windows, {folder.last(), options.resume},
      [&follower](const nn::PretrainEvent& event) { follower(event); }, stop);
  if (stop.stop_requested()) {
    throw Error(Fault::cancelled,
                fmt::format("Cancelled: the same command with --resume goes on in {}.", options.run_folder));
  }
  write_text_file(folder.config(), to_yaml(settings), true);  // of a resumed run: once it was let go on
  const auto summary = pretrain_summary(settings, *inputs.windows, follower.history());
  auto lasting = summary;
  lasting.erase("images_a_second");  // the same run makes the same file, however fast
  inputs.card.training = lasting.dump();
  nn::export_backbone(folder.last(), folder.backbone(), inputs.card, settings.half);
  events.stage("report");
  write_pretrain_report(
      folder.report(), settings, inputs.card, follower.history(),
      pretrain_sheets(settings, inputs.card, *inputs.windows, folder.last(), folder.backbone()));
  write_environment(folder.environment(),
                    {nn::torch_version(), settings.options.device, summary.value("precision", "fp32"),
                     settings.options.threads},
                    hashes, started, true);
  write_text_file(folder.summary(), summary.dump(2) + "\n", true);
  events.result("backbone", folder.backbone());
  events.result("report", folder.report());
}

}  // namespace scarp::pipelines
