// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "geo/picture_gdal.h"
#include "geo/raster_source_gdal.h"
#include "geo/raster_writer_gdal.h"
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/raster_report.h"
#include "pipelines/error.h"
#include "pipelines/training/pair_picture.h"
#ifdef SCARP_WITH_NN
#include "pipelines/mapping/detect.h"
#include "pipelines/mapping/model_store.h"
#endif

namespace scarp::cli {

namespace {

using Json = nlohmann::ordered_json;

/// Which shipped models this image can be mapped with, and why not with the others.
Json models_json(const geo::RasterSource& optical, bool has_dem) {
  Json models = Json::array();
#ifdef SCARP_WITH_NN
  for (const pipelines::StoredModel& model : pipelines::shipped_models()) {
    const std::string reason = pipelines::why_unfit(model.card, optical.grid(),
                                                    static_cast<int>(optical.bands().size()), has_dem, false);
    models.push_back({{"name", model.name}, {"fits", reason.empty()}, {"reason", reason}});
  }
#else
  static_cast<void>(optical);
  static_cast<void>(has_dem);
#endif
  return models;
}

std::string raster_text(const Json& raster) {
  const Json& crs = raster["crs"];
  std::vector<std::string> bands;
  for (const Json& band : raster["bands"]) {
    const std::string name = band["name"];
    bands.push_back(band["type"].get<std::string>() + (name.empty() ? "" : " " + name));
  }
  std::string text = fmt::format("{}\n  size        {} rows, {} columns\n  CRS         {}{}\n",
                                 raster["path"].get<std::string>(), raster["rows"].get<std::int64_t>(),
                                 raster["cols"].get<std::int64_t>(), crs["name"].get<std::string>(),
                                 crs["code"].is_null() ? "" : " (" + crs["code"].get<std::string>() + ")");
  if (!raster["pixel_m"].is_null()) {
    text += fmt::format("  pixel       {:.6g} x {:.6g} m\n", raster["pixel_m"][0].get<double>(),
                        raster["pixel_m"][1].get<double>());
  }
  return text + fmt::format("  extent      {:.10g}\n  bands       {}: {}\n  nodata      {:.1f} % (sampled)\n",
                            fmt::join(raster["extent"].get<std::vector<double>>(), " "), bands.size(),
                            fmt::join(bands, ", "), 100 * raster["nodata_share"].get<double>());
}

std::string alignment_text(const Json& alignment) {
  std::string text = fmt::format("alignment\n  the DEM covers {:.1f} % of the image\n  {}\n",
                                 100 * alignment["covered_share"].get<double>(),
                                 alignment["same_grid"] ? "both have the same grid" : "the grids differ");
  if (const Json& offset = alignment["offset_px"]; !alignment["same_grid"] && !offset.is_null()) {
    text += fmt::format("  the DEM begins {:.3f} rows below and {:.3f} columns right of the image's corner\n",
                        offset["row"].get<double>(), offset["col"].get<double>());
  }
  if (!alignment["same_crs"]) text += "  the CRS differ\n";
  return text;
}

/// What was chosen, and with which colours the picture shows it.
Json pairs_json(const pipelines::PairPicture& drawn, const std::string& file) {
  Json cells = Json::array();
  for (std::size_t kind = 0; kind < pipelines::kCellKinds; ++kind) {
    const pipelines::CellStyle& style = pipelines::cell_styles()[kind];
    cells.push_back({{"kind", style.name}, {"colour", style.colour_name}, {"cells", drawn.cells[kind]}});
  }
  return {{"picture", file}, {"cells", cells}, {"anchors", drawn.anchors}, {"negatives", drawn.negatives}};
}

std::string pairs_text(const Json& pairs) {
  std::string text = "hyper-pixels\n";
  for (const Json& kind : pairs["cells"]) {
    text += fmt::format("  {:<12}{:>8}  {}\n", kind["kind"].get<std::string>(),
                        kind["cells"].get<std::int64_t>(), kind["colour"].get<std::string>());
  }
  return text + fmt::format("  {:<12}{:>8}  white dots\n  {:<12}{:>8}  black dots\n", "anchors",
                            pairs["anchors"].get<std::int64_t>(), "negatives",
                            pairs["negatives"].get<std::int64_t>());
}

std::string report_text(const Json& report) {
  std::string text = raster_text(report["optical"]);
  if (report.contains("dem")) text += raster_text(report["dem"]) + alignment_text(report["alignment"]);
  if (!report["models"].empty()) text += "models\n";
  for (const Json& model : report["models"]) {
    text += fmt::format("  {:<14} {}\n", model["name"].get<std::string>(),
                        model["fits"] ? "fits" : model["reason"].get<std::string>());
  }
  if (report.contains("pairs")) text += pairs_text(report["pairs"]);
  return text;
}

class InspectCommand final : public Command {
 public:
  std::string name() const override { return "inspect"; }
  std::string summary() const override {
    return "Tell what rasters are, how they align, and which models fit";
  }

  void declare(CLI::App& app) override {
    add_value(app, "optical", optical_, value::kRaster, "Image, or any raster")->required();
    add_value(app, "dem", dem_, value::kRaster, "Elevation");
    app.add_flag("--json", json_, "As JSON");
    declare_pairs(app);
  }

  int run(const Context& context) override {
    check_pairs();
    const std::unique_ptr<geo::RasterSource> optical = geo::open_raster(optical_);
    Json report = {{"optical", raster_report(*optical)}};
    if (!dem_.empty()) {
      const std::unique_ptr<geo::RasterSource> dem = geo::open_raster(dem_);
      report["dem"] = raster_report(*dem);
      report["alignment"] = alignment_report(optical->grid(), dem->grid());
    }
    report["models"] = models_json(*optical, !dem_.empty());
    if (!picture_.empty()) report["pairs"] = write_pairs();
    context.events.answer(json_ ? dumped(report) : report_text(report), report);
    return kDone;
  }

 private:
  /// Names in files may hold bytes that are no UTF-8.
  static std::string dumped(const Json& report) {
    return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  }

  void declare_pairs(CLI::App& app) {
    add_value(app, "--pairs", picture_, value::kNewFile,
              "Picture (PNG) of the boundary cells that contrastive training would draw from these labels");
    add_value(app, "--labels", pairs_.scene.labels, value::kMap,
              "For --pairs: polygons (FILE[:LAYER]) or a label raster, 255 unknown");
    add_value(
        app, "--labelled-area", pairs_.scene.labelled_area, value::kVector,
        "For --pairs: FILE[:LAYER] within which labels are complete, or all; without it: layer labelled_area "
        "of the labels' file");
    add_value(app, "--stride", pairs_.cells.stride, value::kInteger, "For --pairs: side of a cell in pixels")
        ->check(between(1, 256));
    add_value(app, "--band", pairs_.cells.band, value::kInteger,
              "For --pairs: depth of the boundary bands in cells")
        ->check(between(1, 16));
    add_value(app, "--anchors", anchors_, value::kText, "For --pairs: which cells of landslides are drawn")
        ->check(one_of({"walls", "band", "random"}));
    app.add_option("--window", window_, "For --pairs: row and column of the first pixel, rows, columns")
        ->type_name(value::kInteger)
        ->expected(4);
    add_overwrite(app, overwrite_);
  }

  void check_pairs() const {
    if (picture_.empty() == pairs_.scene.labels.empty()) {
      if (picture_.empty()) return;
      require_other_file(picture_, {optical_, dem_, pairs_.scene.labels, pairs_.scene.labelled_area});
      return;
    }
    throw pipelines::Error(pipelines::Fault::usage, picture_.empty()
                                                        ? "--labels is for the picture: name one with --pairs"
                                                        : "--pairs shows labels: name them with --labels");
  }

  Json write_pairs() {
    pairs_.scene.name = pairs_.scene.optical = optical_;
    pairs_.scene.dem = dem_;
    pairs_.anchors = nn::anchor_mode(anchors_);
    if (!window_.empty()) pairs_.window = {window_[0], window_[1], window_[2], window_[3]};
    geo::require_writable(picture_, overwrite_);
    const pipelines::PairPicture drawn = pipelines::picture_pairs(pairs_);
    geo::write_png(picture_, drawn.picture);
    return pairs_json(drawn, picture_);
  }

  std::string optical_;
  std::string dem_;
  std::string picture_;
  std::string anchors_ = "walls";
  std::vector<std::int64_t> window_;
  pipelines::PairPictureOptions pairs_;
  bool overwrite_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_inspect_command() {
  return std::make_unique<InspectCommand>();
}

}  // namespace scarp::cli
