// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include <CLI/CLI.hpp>

#include "datasets/synthetic_scene.h"
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/error.h"

namespace scarp::cli {

namespace {

constexpr const char* kScene = "Scene";

class SynthCommand final : public Command {
 public:
  std::string name() const override { return "synth"; }
  std::string summary() const override { return "Make a synthetic scene whose landslides are known"; }

  void declare(CLI::App& app) override {
    add_value(app, "-o,--output", folder_, value::kNewFolder, "Folder for hrsi.tif, dem.tif and labels.gpkg")
        ->required();
    add_value(app, "--seed", options_.seed, value::kInteger, "The same seed gives the same scene")
        ->group(kScene);
    CLI::Option* size =
        add_value(app, "--size", size_, value::kInteger, "Rows and columns; 0: as --rows and --cols say")
            ->check(between(0, 8192))
            ->group(kScene);
    add_value(app, "--rows", options_.rows, value::kInteger, "Rows")
        ->check(between(128, 8192))
        ->excludes(size)
        ->group(kScene);
    add_value(app, "--cols", options_.cols, value::kInteger, "Columns")
        ->check(between(128, 8192))
        ->excludes(size)
        ->group(kScene);
    add_value(app, "--bands", options_.bands, value::kInteger,
              "3: red, green, blue; 6: also near infrared and two shortwave infrared bands")
        ->check(CLI::IsMember({3, 6}))
        ->group(kScene);
    add_value(app, "--pixel-size", options_.pixel_size_m, value::kNumber, "Metres")
        ->check(between(1, 1000))
        ->group(kScene);
    add_value(app, "--crs", options_.crs, value::kCrs, "Any projected CRS")->group(kScene);
    app.add_option("--origin", origin_, "X and y of the upper left corner, in units of the CRS")
        ->type_name(value::kNumber)
        ->expected(2)
        ->delimiter(',')
        ->group(kScene);
    add_value(app, "--landslides", options_.landslides, value::kInteger,
              "How many; 0: as many as the ground carries")
        ->check(between(0, 100000))
        ->group(kScene);
    add_overwrite(app, overwrite_);
  }

  int run(const Context& context) override {
    if (size_ > 0) options_.rows = options_.cols = size_;
    if (origin_.size() == 2)
      std::tie(options_.easting, options_.northing) = std::pair(origin_[0], origin_[1]);
    options_.check();
    context.events.stage("making the scene");
    const datasets::SyntheticScene scene = datasets::make_synthetic_scene(options_);
    if (context.stop.stop_requested())
      throw pipelines::Error(pipelines::Fault::cancelled, "cancelled; no output was written");
    context.events.stage("writing");
    datasets::write_synthetic_scene(scene, folder_, overwrite_);
    const std::filesystem::path folder = folder_;
    context.events.metric("landslides", static_cast<double>(scene.landslides.features.size()));
    context.events.result("optical", (folder / "hrsi.tif").string());
    context.events.result("dem", (folder / "dem.tif").string());
    context.events.result("labels", (folder / "labels.gpkg").string());
    return kDone;
  }

 private:
  datasets::SyntheticOptions options_;
  std::string folder_;
  int size_ = 0;
  std::vector<double> origin_;
  bool overwrite_ = false;
};

}  // namespace

std::unique_ptr<Command> make_synth_command() {
  return std::make_unique<SynthCommand>();
}

}  // namespace scarp::cli
