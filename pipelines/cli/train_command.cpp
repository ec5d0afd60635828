// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/train.h"

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
    add_value(app, "run", run_file_, value::kFile, "Run file (YAML): scenes, channels, network, training")
        ->required();
    add_value(app, "-o,--output", run_folder_, value::kNewFolder,
              "Run folder: checkpoints, metrics, resolved run file")
        ->required();
    add_key_values(app, "--set", settings_,
                   "Replaces a key of the run file, e.g. training.epochs=5; may be repeated");
    app.add_flag("--resume", resume_, "Go on from the last checkpoint of the run folder");
  }

  int run(const Context& context) override {
    pipelines::train_run(run_file_, settings_, run_folder_, resume_, context.events, context.stop);
    if (!context.stop.stop_requested()) return kDone;
    context.events.warning("cancelled; " + run_folder_ +
                           " keeps the last checkpoint, --resume goes on from it");
    return kCancelled;
  }

 private:
  std::string run_file_;
  std::string run_folder_;
  std::vector<std::string> settings_;
  bool resume_ = false;
};

}  // namespace

std::unique_ptr<Command> make_train_command() {
  return std::make_unique<TrainCommand>();
}

}  // namespace scarp::cli
