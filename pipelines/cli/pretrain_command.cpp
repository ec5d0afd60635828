// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/pretraining/pretrain.h"
#include "pipelines/pretraining/pretrain_settings.h"

namespace scarp::cli {

namespace {

class PretrainCommand final : public Command {
 public:
  std::string name() const override { return "pretrain"; }
  std::string summary() const override {
    return "Pretrain a vision transformer on rasters or pictures without labels, as a run file says";
  }
  std::string wanted_device() const override { return "auto"; }

  void declare(CLI::App& app) override {
    add_value(app, "method", method_, value::kText,
              "mae (masked autoencoder), hpm (hard patches mining) or msn (masked siamese networks)")
        ->check(one_of({"mae", "hpm", "msn"}))
        ->required();
    add_value(app, "run", options_.run_file, value::kFile, "Run file (YAML): images, network, training")
        ->required();
    add_value(app, "-o,--output", options_.run_folder, value::kNewFolder,
              "Run folder: checkpoints, backbone, metrics, report")
        ->required();
    add_key_values(app, "--set", options_.settings,
                   "Replaces a key of the run file, e.g. training.epochs=5; may be repeated");
    app.add_flag("--resume", options_.resume, "Go on from the last checkpoint of the run folder");
    add_overwrite(app, options_.overwrite);
    app.get_option("--resume")->excludes("--overwrite");
    app.add_flag_callback(
           "--schema", [] { throw CLI::CallForVersion(pipelines::pretrain_settings_schema(), kDone); },
           "Print the JSON schema of run files and end")
        ->trigger_on_parse();
    app.add_flag_callback(
           "--keys", [] { throw CLI::CallForVersion(pipelines::pretrain_settings_table(), kDone); },
           "Print the keys of run files as a table and end")
        ->trigger_on_parse();
  }

  int run(const Context& context) override {
    options_.method = method_ == "mae"   ? nn::PretrainMethod::mae
                      : method_ == "hpm" ? nn::PretrainMethod::hpm
                                         : nn::PretrainMethod::msn;
    pipelines::pretrain_run(options_, context.events, context.stop);
    return kDone;
  }

 private:
  pipelines::PretrainRunOptions options_;
  std::string method_;
};

}  // namespace

std::unique_ptr<Command> make_pretrain_command() {
  return std::make_unique<PretrainCommand>();
}

}  // namespace scarp::cli
