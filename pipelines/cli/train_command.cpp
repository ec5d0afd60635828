// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/training/run_settings_schema.h"
#include "pipelines/training/train.h"

namespace scarp::cli {

namespace {

class TrainCommand final : public Command {
 public:
  std::string name() const override { return "train"; }
  std::string summary() const override {
    return "Train a network from scenes with labels, as a run file says";
  }
  std::string wanted_device() const override { return "auto"; }

  void declare(CLI::App& app) override {
    add_value(app, "run", options_.run_file, value::kFile,
              "Run file (YAML): scenes, channels, network, training")
        ->required();
    add_value(app, "-o,--output", options_.run_folder, value::kNewFolder,
              "Run folder: checkpoints, metrics, resolved run file")
        ->required();
    add_key_values(app, "--set", options_.settings,
                   "Replaces a key of the run file, e.g. training.epochs=5; may be repeated");
    add_value(app, "--fold", fold_, value::kInteger,
              "Validates on this fold of the file that the key validation.folds names, from 1; 0: as the run "
              "file says")
        ->check(between(0, 1000));
    app.add_flag("--resume", options_.resume, "Go on from the last checkpoint of the run folder");
    add_overwrite(app, options_.overwrite);
    app.get_option("--resume")->excludes("--overwrite");
    app.add_flag_callback(
           "--schema", [] { throw CLI::CallForVersion(pipelines::run_settings_schema(), kDone); },
           "Print the JSON schema of run files and end")
        ->trigger_on_parse();
  }

  int run(const Context& context) override {
    if (fold_ > 0) options_.settings.push_back("validation.fold=" + std::to_string(fold_));
    pipelines::train_run(options_, context.events, context.stop);
    return kDone;
  }

 private:
  pipelines::TrainOptions options_;
  int fold_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_train_command() {
  return std::make_unique<TrainCommand>();
}

}  // namespace scarp::cli
