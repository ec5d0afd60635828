// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/mapping/model_store.h"
#include "pipelines/training/calibrate_model.h"

namespace scarp::cli {

namespace {

class CalibrateCommand final : public Command {
 public:
  std::string name() const override { return "calibrate"; }
  std::string summary() const override {
    return "Make a model's probabilities believable on validation ground";
  }
  std::string wanted_device() const override { return options_.network.device; }

  void declare(CLI::App& app) override {
    add_value(app, "model", options_.model, value::kModel, "Name or file of a model")->required();
    add_value(app, "run", options_.run_file, value::kFile,
              "Run file that the model was trained with; its validation blocks are taken")
        ->required();
    add_value(app, "-o,--output", options_.output, value::kNewFile,
              "The same model with its temperature (.safetensors)")
        ->required();
    add_key_values(app, "--set", options_.settings,
                   "Replaces a key of the run file, e.g. validation.fold=2; may be repeated");
    add_value(app, "--device", options_.network.device, value::kText, "auto, cpu, cuda, cuda:1");
    add_overwrite(app, options_.overwrite);
  }

  int run(const Context& context) override {
    options_.model = pipelines::find_model(options_.model);
    require_other_file(options_.output, {options_.model, options_.run_file});
    pipelines::calibrate_model(options_, context.events, context.stop);
    return kDone;
  }

 private:
  pipelines::CalibrateOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_calibrate_command() {
  return std::make_unique<CalibrateCommand>();
}

}  // namespace scarp::cli
