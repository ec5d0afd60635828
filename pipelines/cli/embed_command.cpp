// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/mapping/model_store.h"
#include "pipelines/pretraining/embed.h"

namespace scarp::cli {

namespace {

class EmbedCommand final : public Command {
 public:
  std::string name() const override { return "embed"; }
  std::string summary() const override {
    return "Write what a pretrained backbone says of every patch of a raster";
  }
  std::string wanted_device() const override { return options_.device; }

  void declare(CLI::App& app) override {
    add_value(app, "backbone", options_.backbone, value::kModel,
              "Name of a shipped backbone, or file of scarp pretrain or of any vision transformer")
        ->required();
    add_value(app, "optical", options_.optical, value::kRaster, "Image; its grid is the answer's")
        ->required();
    add_value(app, "dem", options_.dem, value::kRaster, "Elevation, if the backbone sees terrain");
    add_value(app, "-o,--output", options_.output, value::kNewRaster,
              ".tif: a band a feature on the grid of patches; .csv: a row a patch")
        ->required();
    add_list(app, "-b,--band", options_.bands, value::kInteger,
             "Bands of the image, 1-based, in the order the backbone wants them");
    add_value(app, "--device", options_.device, value::kText, "auto, cpu, cuda or cuda:N");
    add_value(app, "-j,--threads", options_.threads, value::kInteger, "Threads of the network")
        ->check(between(1, 1024));
    app.add_flag("--any-pixel-size", options_.any_pixel_size,
                 "Go on where the image's pixels have another size than the backbone was pretrained on");
    add_overwrite(app, options_.overwrite);
  }

  int run(const Context& context) override {
    options_.backbone = pipelines::find_backbone(options_.backbone);
    require_other_file(options_.output, {options_.backbone, options_.optical, options_.dem});
    pipelines::embed_raster(options_, context.events, context.stop);
    return kDone;
  }

 private:
  pipelines::EmbedOptions options_;
};

}  // namespace

std::unique_ptr<Command> make_embed_command() {
  return std::make_unique<EmbedCommand>();
}

}  // namespace scarp::cli
