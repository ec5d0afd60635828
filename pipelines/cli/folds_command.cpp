// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/training/make_folds.h"

namespace scarp::cli {

namespace {

class FoldsCommand final : public Command {
 public:
  std::string name() const override { return "folds"; }
  std::string summary() const override {
    return "Deal the labelled ground of a run file's scenes to folds of cross-validation";
  }

  void declare(CLI::App& app) override {
    add_value(app, "run", run_file_, value::kFile, "Run file (YAML) whose scenes have the labels")
        ->required();
    add_value(app, "-o,--output", file_, value::kNewFile, "Folds file (CSV), for the key validation.folds")
        ->required();
    add_value(app, "-k,--folds", folds_, value::kInteger, "Number of folds")->check(between(2, 1000));
    add_key_values(app, "--set", settings_, "Replaces a key of the run file; may be repeated");
    add_overwrite(app, overwrite_);
  }

  int run(const Context& context) override {
    const pipelines::RunSettings settings = pipelines::read_run_settings(run_file_, settings_);
    pipelines::make_folds(settings, folds_, file_, overwrite_, context.events);
    return kDone;
  }

 private:
  std::string run_file_;
  std::string file_;
  std::vector<std::string> settings_;
  int folds_ = 5;
  bool overwrite_ = false;
};

}  // namespace

std::unique_ptr<Command> make_folds_command() {
  return std::make_unique<FoldsCommand>();
}

}  // namespace scarp::cli
