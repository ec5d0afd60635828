// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "geo/raster_writer_gdal.h"
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/error.h"
#include "pipelines/mapping/model_store.h"
#include "pipelines/pages/report_file.h"
#include "pipelines/pretraining/probe.h"
#include "pipelines/pretraining/probe_scene.h"

namespace scarp::cli {

namespace {

class ProbeCommand final : public Command {
 public:
  std::string name() const override { return "probe"; }
  std::string summary() const override {
    return "Measure what a backbone's features are worth: nearest neighbours, linear, low-shot, fine-tuning";
  }
  std::string wanted_device() const override { return options_.device; }

  void declare(CLI::App& app) override {
    add_value(app, "backbone", options_.backbone, value::kModel,
              "Name of a shipped backbone, or file of scarp pretrain or of any vision transformer")
        ->required();
    add_value(
        app, "images", options_.images, value::kFile,
        "Folder of pictures, the folders in it are the classes; or run file (.yaml) of scenes with labels")
        ->required();
    declare_of_ground(app);
    declare_of_pictures(app);
    add_value(app, "--draws", options_.draws, value::kInteger, "Draws of each number of labels")
        ->check(between(1, 1000));
    app.add_flag("--baselines", options_.baselines,
                 "Also an untrained network of the same shape, and bare pixels");
    add_value(app, "--seed", options_.seed, value::kInteger, "Of the split, the draws and fine-tuning");
    add_value(app, "--device", options_.device, value::kText, "auto, cpu, cuda or cuda:N");
    add_value(app, "-j,--threads", options_.threads, value::kInteger, "Threads of the network")
        ->check(between(1, 1024));
    add_value(app, "-o,--output", output_, value::kNewFile, "The same as JSON");
    app.add_flag("--json", json_, "Print JSON");
    add_overwrite(app, overwrite_);
  }

  int run(const Context& context) override {
    options_.backbone = pipelines::find_backbone(options_.backbone);
    if (!output_.empty()) geo::require_writable(output_, overwrite_);
    const bool ground = options_.images.ends_with(".yaml") || options_.images.ends_with(".yml");
    require_fitting(ground);
    if (ground) {
      answer(pipelines::probe_scene(of_scene(), context.events, context.stop), context);
    } else {
      answer(pipelines::probe_backbone(options_, context.events, context.stop), context);
    }
    return kDone;
  }

 private:
  void declare_of_ground(CLI::App& app) {
    of_ground_ = {add_list(app, "--shares", shares_, value::kNumber,
                           "Run file: shares of the training blocks to learn from [0.01,0.05,0.1,1]")
                      ->check(between(1e-6, 1)),
                  add_key_values(app, "--set", settings_, "Run file: replaces a key of it; may be repeated")};
  }

  void declare_of_pictures(CLI::App& app) {
    of_pictures_ = {
        add_value(app, "--test", options_.test_images, value::kFile,
                  "Folder of test pictures; without it a share of the others is tested"),
        add_value(app, "--test-share", options_.test_share, value::kNumber,
                  "Share of every class that is tested")
            ->check(between(0.01, 0.99)),
        add_list(app, "--shots", options_.shots, value::kInteger,
                 "Labels a class of the low-shot protocol [1,2,5,10]")
            ->check(between(1, 1'000'000)),
        add_value(app, "--neighbours", options_.neighbours, value::kInteger, "Nearest neighbours that vote")
            ->check(between(1, 10000)),
        app.add_flag("--fine-tune", options_.fine_tune, "Also fine-tuning, of the last block and in full"),
        add_value(app, "--epochs", options_.epochs, value::kInteger, "Passes of fine-tuning")
            ->check(between(1, 10000)),
        add_value(app, "--learning-rate", options_.learning_rate, value::kNumber, "Of fine-tuning")
            ->check(between(0, 1)),
        add_value(app, "--layer-decay", options_.layer_decay, value::kNumber,
                  "Of the rate of fine-tuning, from a layer to the one below it")
            ->check(between(0.01, 1))};
  }

  // An option that would say nothing is a misunderstanding.
  void require_fitting(bool ground) const {
    for (const CLI::Option* option : ground ? of_pictures_ : of_ground_) {
      if (option->count() == 0) continue;
      throw pipelines::Error(
          pipelines::Fault::usage,
          fmt::format("{} is for a {}, and {} is a {}: leave it out.", option->get_name(),
                      ground ? "folder of pictures" : "run file (.yaml) of scenes with labels",
                      options_.images, ground ? "run file" : "folder"));
    }
  }

  pipelines::SceneProbeOptions of_scene() const {
    pipelines::SceneProbeOptions options;
    options.backbone = options_.backbone;
    options.run_file = options_.images;
    options.settings = settings_;
    options.shares = shares_;
    options.draws = options_.draws;
    options.baselines = options_.baselines;
    options.seed = options_.seed;
    options.threads = options_.threads;
    options.device = options_.device;
    return options;
  }

  template <typename Result>
  void answer(const Result& result, const Context& context) const {
    const std::string json = result.to_json();
    if (!output_.empty()) pipelines::write_text_file(output_, json, overwrite_);
    context.events.answer(json_ ? json : result.to_text(), nlohmann::ordered_json::parse(json));
  }

  std::vector<const CLI::Option*> of_ground_, of_pictures_;  ///< options that say nothing of the other
  pipelines::ProbeOptions options_;
  std::vector<double> shares_ = pipelines::SceneProbeOptions{}.shares;
  std::vector<std::string> settings_;
  std::string output_;
  bool json_ = false;
  bool overwrite_ = false;
};

}  // namespace

std::unique_ptr<Command> make_probe_command() {
  return std::make_unique<ProbeCommand>();
}

}  // namespace scarp::cli
