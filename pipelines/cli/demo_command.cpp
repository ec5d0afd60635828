// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/demo.h"
#include "pipelines/mapping/model_store.h"

namespace scarp::cli {

namespace {

constexpr const char* kModel = "scarp-synth";  // it was trained on scenes like this one

class DemoCommand final : public Command {
 public:
  std::string name() const override { return "demo"; }
  std::string summary() const override {
    return "Make a synthetic scene, map it, score the map, and show all of it";
  }
  std::string wanted_device() const override { return "auto"; }

  void declare(CLI::App& app) override {
    add_value(app, "-o,--output", options_.folder, value::kNewFolder,
              "Folder for the scene, the maps and report.html")
        ->required();
    add_value(app, "--seed", options_.seed, value::kInteger, "The same seed gives the same scene");
    add_overwrite(app, options_.overwrite);
  }

  int run(const Context& context) override {
    context.events.stage("reading model");
    const std::unique_ptr<nn::Segmenter> segmenter = nn::load_segmenter(pipelines::find_model(kModel), {});
    pipelines::demo(options_, *segmenter, context.events, context.stop);
    return kDone;
  }

 private:
  pipelines::DemoOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_demo_command() {
  return std::make_unique<DemoCommand>();
}

}  // namespace scarp::cli
