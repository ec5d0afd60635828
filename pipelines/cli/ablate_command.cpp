// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/comparison/ablation.h"

namespace scarp::cli {

namespace {

class AblateCommand final : public Command {
 public:
  std::string name() const override { return "ablate"; }
  std::string summary() const override {
    return "Compare configurations over folds and seeds, as a plan says; goes on from its own logs";
  }
  std::string wanted_device() const override { return "auto"; }

  void declare(CLI::App& app) override {
    add_value(app, "plan", options_.plan, value::kFile,
              "Plan (YAML): base run file, folds, seeds, configurations")
        ->required();
    add_value(app, "-o,--output", options_.folder, value::kNewFolder,
              "Folder of logs, runs, table.md and report.html; runs whose log is there are skipped")
        ->required();
    add_value(app, "-j,--workers", options_.workers, value::kInteger, "Trainings side by side")
        ->check(between(1, 64));
    add_value(app, "--draws", options_.draws, value::kInteger, "Draws of the bootstrap over blocks")
        ->check(between(0, 100000));
    app.add_flag("--summary-only", options_.summary_only, "Train nothing: make table and report of the logs");
  }

  int run(const Context& context) override {
    pipelines::run_ablation(options_, context.events, context.stop);
    return kDone;
  }

 private:
  pipelines::AblationOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_ablate_command() {
  return std::make_unique<AblateCommand>();
}

}  // namespace scarp::cli
