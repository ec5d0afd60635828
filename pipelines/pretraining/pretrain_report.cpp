// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/pretrain_report.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "pipelines/pages/report_html.h"

namespace scarp::pipelines {
namespace {

constexpr int kGap = 4;  // pixels between pictures of a sheet
constexpr double kShownDeviations = 2.2;
constexpr std::array<std::uint8_t, 3> kNothing = {201, 211, 226};  // hidden, or without data

std::uint8_t shade(float normalised) {
  const double scaled = (normalised / kShownDeviations + 1) / 2;
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(scaled, 0.0, 1.0)));
}

/// Which channels of a window are shown: those of the image, or those of the terrain.
struct Shown {
  std::size_t first, channels;
  bool coloured;  ///< the first three as red, green and blue
};

Shown image_of(const PretrainSheets& sheets) {
  return {0, sheets.optical, sheets.optical >= 3};
}

Shown terrain_of(const PretrainSheets& sheets) {
  return {sheets.optical, sheets.channels - sheets.optical, false};
}

std::vector<LegendEntry> legend_of_nothing() {
  return {{"hidden, or without data", kNothing}};
}

/// A sheet of windows in rows and columns, on white.
class Sheet {
 public:
  Sheet(int rows, int cols, int side)
      : side_(side), picture_{rows * (side + kGap) - kGap, cols * (side + kGap) - kGap, {}} {
    picture_.rgb.assign(static_cast<std::size_t>(picture_.rows) * static_cast<std::size_t>(picture_.cols) * 3,
                        255);
  }
  /// Channels as red, green and blue, or the first as grey.
  /// @param known  planes that tell where there is something: normalised, what is not known is 0 in all
  void put(int row,
           int col,
           const std::vector<float>& planes,
           const Shown& shown,
           const std::vector<float>& known) {
    const auto pixels = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
    for (std::size_t i = 0; i < pixels; ++i) {
      std::uint8_t* out = at(row, col, i);
      bool nothing = true;
      for (std::size_t c = 0; c < shown.channels; ++c)
        nothing = nothing && known[(shown.first + c) * pixels + i] == 0;
      for (std::size_t c = 0; c < 3; ++c)
        out[c] = nothing ? kNothing[c] : shade(planes[(shown.first + (shown.coloured ? c : 0)) * pixels + i]);
    }
  }
  /// One value a patch, from pale to dark orange by rank.
  void put_patches(int row, int col, const std::vector<float>& values, int patch) {
    std::vector<float> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const auto pixels = static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_);
    const auto grid = static_cast<std::size_t>(side_ / patch), step = static_cast<std::size_t>(patch);
    for (std::size_t i = 0; i < pixels; ++i) {
      const std::size_t place =
          i / static_cast<std::size_t>(side_) / step * grid + i % static_cast<std::size_t>(side_) / step;
      const auto rank = std::lower_bound(sorted.begin(), sorted.end(), values[place]) - sorted.begin();
      const double share = static_cast<double>(rank) / static_cast<double>(sorted.size());
      std::uint8_t* out = at(row, col, i);
      out[0] = static_cast<std::uint8_t>(250 - 60 * share);
      out[1] = static_cast<std::uint8_t>(240 - 170 * share);
      out[2] = static_cast<std::uint8_t>(225 - 220 * share);
    }
  }
  const geo::Picture& picture() const { return picture_; }

 private:
  std::uint8_t* at(int row, int col, std::size_t pixel) {
    const auto side = static_cast<std::size_t>(side_);
    const std::size_t y = static_cast<std::size_t>(row * (side_ + kGap)) + pixel / side;
    const std::size_t x = static_cast<std::size_t>(col * (side_ + kGap)) + pixel % side;
    return picture_.rgb.data() + 3 * (y * static_cast<std::size_t>(picture_.cols) + x);
  }
  int side_;
  geo::Picture picture_;
};

CurveSeries series_of(const std::string& value,
                      const std::string& name,
                      const std::vector<nn::PretrainEvent>& history) {
  CurveSeries series{name, {}, {}, false};
  for (const nn::PretrainEvent& event : history) {
    if (event.values.empty()) continue;
    series.x.push_back(static_cast<double>(event.step));
    series.y.push_back(event.value(value));
  }
  return series;
}

bool is_logged(const std::string& value, const std::vector<nn::PretrainEvent>& history) {
  const auto& values = history.back().values;
  return std::any_of(values.begin(), values.end(), [&](const auto& each) { return each.first == value; });
}

CurvePlot loss_curve(const std::vector<nn::PretrainEvent>& history) {
  CurvePlot loss{"Loss", "step", "loss", {series_of("loss", "all", history)}, {}, {}, false};
  using Part = std::pair<const char*, const char*>;
  for (const auto& [value, name] :
       {Part{"optical", "image"}, Part{"terrain", "terrain"}, Part{"reconstruction", "reconstruction"},
        Part{"predictor", "prediction of hardness"}, Part{"cross_entropy", "cross entropy"}}) {
    if (is_logged(value, history)) loss.series.push_back(series_of(value, name, history));
  }
  return loss;
}

void add_curves(HtmlReport& report,
                const PretrainSettings& settings,
                const std::vector<nn::PretrainEvent>& history) {
  report.add_curve(loss_curve(history));
  if (settings.options.method == nn::PretrainMethod::hpm) {
    report.add_curve({"Mining",
                      "step",
                      "share",
                      {series_of("pair_accuracy", "pairs of patches in order (chance: half)", history),
                       series_of("hard_share", "of the hidden patches, those that are hard", history)},
                      {},
                      {0, 1},
                      false});
  }
  if (settings.options.method == nn::PretrainMethod::msn) {
    report.add_curve({"Watch for collapse",
                      "step",
                      "entropy (nats), spread",
                      {series_of("mean_entropy", "entropy of the mean assignment", history),
                       series_of("entropy", "entropy of an image's assignment", history),
                       series_of("spread", "spread of embeddings", history)},
                      {},
                      {},
                      false});
  }
}

/// A column a window; beneath it what was hidden, what was made of the rest, and what was expected to be
/// hard.
Sheet sheet_of(const PretrainSheets& sheets, const Shown& shown, bool with_hardness) {
  const bool rebuilt = !sheets.reconstructions.front().reconstructed.empty();
  const int rows = 2 + (rebuilt ? 1 : 0) + (with_hardness ? 1 : 0);
  Sheet sheet(rows, static_cast<int>(sheets.reconstructions.size()), sheets.side);
  for (std::size_t i = 0; i < sheets.reconstructions.size(); ++i) {
    const nn::ReconstructedWindow& window = sheets.reconstructions[i];
    const int col = static_cast<int>(i);
    sheet.put(0, col, window.original, shown, window.original);
    sheet.put(1, col, window.seen, shown, window.seen);
    if (rebuilt) sheet.put(2, col, window.reconstructed, shown, window.original);
    if (with_hardness) sheet.put_patches(rows - 1, col, window.hardness, sheets.patch);
  }
  return sheet;
}

void add_reconstructions(HtmlReport& report, const PretrainSheets& sheets) {
  if (sheets.reconstructions.empty()) return;
  const bool mined = !sheets.reconstructions.front().hardness.empty();
  const bool rebuilt = !sheets.reconstructions.front().reconstructed.empty();
  const auto draw = [&](const std::string& what, const Shown& shown, bool with_hardness) {
    report.add_picture(
        fmt::format("{}. A column a window; from top to bottom: the window, what the network sees of it{}{}",
                    what,
                    rebuilt ? ", what it makes of that (each patch with its true mean and contrast)" : "",
                    with_hardness ? ", and how hard it expects each patch to be (dark: hard)" : ""),
        sheet_of(sheets, shown, with_hardness).picture(), legend_of_nothing());
  };
  report.add_heading(mined ? "Reconstructions and hard patches" : "Reconstructions");
  if (sheets.optical > 0)
    draw(sheets.optical >= 3 ? "Image, first three bands" : "Image, first band", image_of(sheets), mined);
  if (sheets.channels > sheets.optical)
    draw("Terrain, first channel", terrain_of(sheets), mined && sheets.optical == 0);
}

void add_neighbours(HtmlReport& report, const PretrainSheets& sheets) {
  if (sheets.neighbours.empty()) return;
  Sheet sheet(static_cast<int>(sheets.neighbours.size()), static_cast<int>(sheets.neighbours.front().size()),
              sheets.side);
  const Shown shown = sheets.optical > 0 ? image_of(sheets) : terrain_of(sheets);
  for (std::size_t row = 0; row < sheets.neighbours.size(); ++row)
    for (std::size_t col = 0; col < sheets.neighbours[row].size(); ++col) {
      const std::vector<float>& window = sheets.neighbours[row][col];
      sheet.put(static_cast<int>(row), static_cast<int>(col), window, shown, window);
    }
  report.add_heading("Nearest neighbours");
  report.add_picture(
      "A row a window: itself at the left, then those most like it by feature, the nearest first",
      sheet.picture());
}

void add_run(HtmlReport& report,
             const PretrainSettings& settings,
             const nn::BackboneCard& card,
             const std::vector<nn::PretrainEvent>& history) {
  const nn::PretrainOptions options = settings.options.resolved();
  std::vector<std::vector<std::string>> rows = {
      {"method", nn::name_of(options.method)},
      {"network", fmt::format("{}: width {}, {} blocks, {} heads, patches of {} pixels", options.backbone,
                              card.width, card.depth, card.heads, card.patch)},
      {"windows", fmt::format("{} pixels a side, {} a step", settings.window_side, options.batch)},
      {"passes", std::to_string(options.epochs)},
      {"hidden share", fmt::format("{:g}", options.mask_ratio)},
      {"learning rate", fmt::format("{:.3g} after warm-up", options.learning_rate)},
      {"seed", std::to_string(options.seed)}};
  if (!history.empty())
    rows.push_back({"arithmetic", history.back().precision == nn::Precision::bf16 ? "bf16" : "fp32"});
  report.add_heading("How it was pretrained");
  report.add_table("The rest is in config.resolved.yaml", {"what", "value"}, rows);
}

void add_key_figures(HtmlReport& report, const std::vector<nn::PretrainEvent>& history) {
  const nn::PretrainEvent& last = history.back();
  std::vector<KeyFigure> figures = {
      {"steps", std::to_string(last.step), "taken"},
      {"loss", fmt::format("{:.3f}", last.value("loss")), "at the end"},
      {"images a second", fmt::format("{:.0f}", last.images_a_second), "at the end"}};
  if (last.value("spread") > 0)
    figures.push_back({"spread", fmt::format("{:.2f}", last.value("spread")), "of embeddings; 0: collapsed"});
  if (last.value("pair_accuracy") > 0)
    figures.push_back(
        {"pairs in order", fmt::format("{:.0f} %", 100 * last.value("pair_accuracy")), "chance is 50 %"});
  report.add_figures(figures);
}

}  // namespace

void write_pretrain_report(const std::string& path,
                           const PretrainSettings& settings,
                           const nn::BackboneCard& card,
                           const std::vector<nn::PretrainEvent>& history,
                           const PretrainSheets& sheets) {
  HtmlReport report(fmt::format("Pretraining of {}", settings.name), settings.description);
  if (history.empty()) {
    report.add_paragraph("The pretraining was already complete: no step was taken.");
  } else {
    add_key_figures(report, history);
    if (std::any_of(history.begin(), history.end(), [](const auto& event) { return event.collapsed; }))
      report.add_warning(
          "In some passes all images looked alike to the network: it collapsed. Raise siamese.me_max.");
    add_curves(report, settings, history);
  }
  add_reconstructions(report, sheets);
  add_neighbours(report, sheets);
  add_run(report, settings, card, history);
  report.add_heading("What the network sees");
  std::vector<std::vector<std::string>> rows;
  for (const auto* channels : {&card.optical, &card.terrain})
    for (const nn::ChannelSpec& c : *channels)
      rows.push_back({c.name, c.unit, fmt::format("{:.4g}", c.mean), fmt::format("{:.4g}", c.deviation)});
  report.add_table("Channels, and the statistics that normalise them",
                   {"channel", "unit", "mean", "deviation"}, rows);
  report.write(path, true);
}

}  // namespace scarp::pipelines
