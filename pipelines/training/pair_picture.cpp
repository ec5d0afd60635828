// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/pair_picture.h"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include <fmt/format.h>

#include "geo/aligned_stack.h"
#include "geo/raster_source_gdal.h"
#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

constexpr std::int64_t kLargestSide = 4096;
constexpr int kPictureSide = 1600, kLeastPictureSide = 900;
constexpr double kOpacity = 0.5;
constexpr std::uint8_t kUnknown = 255;
constexpr Colour kWhite = {255, 255, 255}, kBlack = {0, 0, 0};

geo::Window window_of(const PairPictureOptions& options, const geo::Grid& grid) {
  geo::Window window = options.window.empty() ? grid.window() : options.window;
  if (window.row < 0 || window.col < 0 || window.row_end() > grid.rows || window.col_end() > grid.cols) {
    throw Error(Fault::usage,
                fmt::format("the window of {} x {} pixels at row {}, column {} reaches beyond the "
                            "image of {} x {}",
                            window.rows, window.cols, window.row, window.col, grid.rows, grid.cols));
  }
  if (std::max(window.rows, window.cols) > kLargestSide) {
    throw Error(Fault::usage,
                fmt::format("a picture of {} x {} pixels of ground would not show its cells; choose a "
                            "window of at most {} pixels a side",
                            window.rows, window.cols, kLargestSide));
  }
  const int stride = options.cells.stride;
  if (std::min(window.rows, window.cols) < stride) {
    throw Error(Fault::usage,
                fmt::format("a window of {} x {} pixels has no whole cell of {} pixels; choose a larger "
                            "window or a smaller stride",
                            window.rows, window.cols, stride));
  }
  window.rows -= window.rows % stride;
  window.cols -= window.cols % stride;
  return window;
}

/// Labels, gradients and relief of a scene, one training window at a time.
class Ground {
 public:
  Ground(const PairPictureOptions& options, const geo::Grid& grid)
      : grid_(grid), labels_(datasets::read_labels(options.scene, grid)) {
    if (options.scene.dem.empty()) return;
    geo::StackOptions stack;
    stack.optical_bands = {0};
    stack.terrain = {
        {geo::TerrainKind::gradient_east}, {geo::TerrainKind::gradient_north}, {geo::TerrainKind::hillshade}};
    stack_ = std::make_unique<geo::AlignedStack>(geo::open_raster(options.scene.optical),
                                                 geo::open_raster(options.scene.dem), stack);
  }

  const geo::FeatureLayer& landslides() const { return labels_.landslides; }

  /// Beyond `shown` nothing is labelled.
  void read(const geo::Window& square, const geo::Window& shown) {
    square_ = square;
    classes_ = datasets::label_window(labels_, grid_, square);
    for (std::int64_t row = 0; row < square.rows; ++row) {
      for (std::int64_t col = 0; col < square.cols; ++col) {
        std::uint8_t& label = classes_[static_cast<std::size_t>(row * square.cols + col)];
        if (square.row + row >= shown.row_end() || square.col + col >= shown.col_end()) label = kUnknown;
        if (label != kUnknown && label != 0) label = 1;
      }
    }
    if (stack_) stack_->read(square, tile_);
  }

  void classify(const nn::HyperPixelOptions& options, std::span<nn::CellKind> cells) const {
    nn::UpSlope up;
    if (stack_) up = {plane(0), plane(1), tile_.terrain_valid};
    nn::classify_cells(static_cast<int>(square_.rows), classes_, 1, stack_ ? &up : nullptr, options, cells);
  }

  /// Lays the relief over the part of the picture of `shown`, one pixel a pixel, that the square covers.
  void shade(geo::Picture& picture, const geo::Window& shown) const {
    if (!stack_) return;
    const geo::Window part = geo::intersection(square_, shown);
    for (std::int64_t row = part.row; row < part.row_end(); ++row) {
      for (std::int64_t col = part.col; col < part.col_end(); ++col) {
        const auto i = static_cast<std::size_t>((row - square_.row) * square_.cols + col - square_.col);
        if (tile_.terrain_valid[i] == 0) continue;
        const std::int64_t at = (row - shown.row) * picture.cols + col - shown.col;
        std::fill_n(picture.rgb.begin() + 3 * at, 3,
                    static_cast<std::uint8_t>(std::clamp(plane(2)[i], 0.0F, 255.0F)));
      }
    }
  }

 private:
  std::span<const float> plane(std::size_t channel) const {
    return std::span<const float>(tile_.terrain).subspan(channel * classes_.size(), classes_.size());
  }

  const geo::Grid& grid_;
  datasets::SceneLabels labels_;
  std::unique_ptr<geo::AlignedStack> stack_;
  geo::StackTile tile_;
  geo::Window square_;
  std::vector<std::uint8_t> classes_;
};

/// Cells of a whole picture, and which of them were drawn.
struct Choice {
  std::int64_t rows, cols;                       ///< of cells
  std::vector<std::uint8_t> kinds;               ///< [rows, cols] nn::CellKind
  std::vector<std::int64_t> anchors, negatives;  ///< places in `kinds`
};

void draw_dot(geo::Picture& picture, double row, double col, double radius, Colour inside, Colour rim) {
  const auto first = [&](double at) { return std::max(0, static_cast<int>(at - radius)); };
  const auto last = [&](double at, int size) { return std::min(size, static_cast<int>(at + radius + 1)); };
  for (int r = first(row); r < last(row, picture.rows); ++r) {
    for (int c = first(col); c < last(col, picture.cols); ++c) {
      const double dr = r + 0.5 - row, dc = c + 0.5 - col, squared = (dr * dr + dc * dc) / (radius * radius);
      if (squared > 1) continue;
      const Colour& colour = squared < 0.45 ? inside : rim;
      const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(r) * picture.cols + c;
      std::copy(colour.begin(), colour.end(), picture.rgb.begin() + 3 * at);
    }
  }
}

/// Cells of one training window, and draws from them, at their place in the picture.
void choose(const Ground& ground,
            const PairPictureOptions& options,
            int side,
            std::int64_t row,
            std::int64_t col,
            std::mt19937_64& random,
            Choice& choice) {
  const std::int64_t across = side / options.cells.stride;
  std::vector<nn::CellKind> cells(static_cast<std::size_t>(across * across));
  ground.classify(options.cells, cells);
  const auto place = [&](std::int64_t cell) {
    return (row + cell / across) * choice.cols + col + cell % across;
  };
  for (std::int64_t i = 0; i < across * across; ++i) {
    if (row + i / across >= choice.rows || col + i % across >= choice.cols) continue;
    choice.kinds[static_cast<std::size_t>(place(i))] =
        static_cast<std::uint8_t>(cells[static_cast<std::size_t>(i)]);
  }
  std::vector<std::int64_t> indices(static_cast<std::size_t>(options.draws.rows()));
  std::vector<std::uint8_t> valid(indices.size());
  nn::draw_pairs(cells, options.anchors, options.draws, random, indices, valid);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const bool anchor = nn::pair_category(options.draws, static_cast<int>(i)) == nn::kLandslidePair;
    if (valid[i]) (anchor ? choice.anchors : choice.negatives).push_back(place(indices[i]));
  }
}

/// Colours, outlines and dots over the ground.
PairPicture drawn(const geo::Picture& ground,
                  const Choice& choice,
                  const geo::FeatureLayer& landslides,
                  const geo::Grid& grid,
                  const geo::Window& shown) {
  PairPicture result;
  for (const std::uint8_t kind : choice.kinds) ++result.cells[kind];
  result.anchors = static_cast<std::int64_t>(choice.anchors.size());
  result.negatives = static_cast<std::int64_t>(choice.negatives.size());
  const auto [rows, cols] = picture_size(shown, kPictureSide);
  geo::Picture& picture = result.picture = enlarged(resized(ground, rows, cols), kLeastPictureSide);
  std::vector<ClassColour> colours;
  for (std::size_t kind = 0; kind < kCellKinds; ++kind) {
    const CellStyle& style = cell_styles()[kind];
    if (*style.colour_name != '\0') colours.push_back({static_cast<int>(kind), style.colour});
  }
  draw_classes(picture, choice.kinds, choice.rows, choice.cols, colours, kOpacity);
  draw_outlines(picture, landslides, grid, shown, kWhite, 1);
  const double cell = static_cast<double>(picture.rows) / static_cast<double>(choice.rows);
  const auto dots = [&](const std::vector<std::int64_t>& places, Colour inside, Colour rim) {
    for (const std::int64_t at : places) {
      const std::int64_t row = at / choice.cols, col = at % choice.cols;
      draw_dot(picture, (static_cast<double>(row) + 0.5) * cell, (static_cast<double>(col) + 0.5) * cell,
               std::max(1.5, 0.32 * cell), inside, rim);
    }
  };
  dots(choice.negatives, kBlack, kWhite);
  dots(choice.anchors, kWhite, kBlack);
  return result;
}

}  // namespace

const std::array<CellStyle, kCellKinds>& cell_styles() {
  static const std::array<CellStyle, kCellKinds> styles = {{{"unused", "", {}},
                                                            {"background", "", {}},
                                                            {"outer band", "blue", {40, 90, 255}},
                                                            {"interior", "", {}},
                                                            {"toe", "green", {30, 170, 60}},
                                                            {"side wall", "orange", {255, 165, 0}},
                                                            {"back wall", "red", {225, 20, 20}}}};
  return styles;
}

PairPicture picture_pairs(const PairPictureOptions& options) {
  options.cells.check();
  const auto optical = geo::open_raster(options.scene.optical);
  const geo::Grid& grid = optical->grid();
  const geo::Window shown = window_of(options, grid);
  const int stride = options.cells.stride, side = std::max(1, options.training_side / stride) * stride;
  Ground ground(options, grid);
  Choice choice{shown.rows / stride, shown.cols / stride, {}, {}, {}};
  choice.kinds.assign(static_cast<std::size_t>(choice.rows * choice.cols), 0);
  geo::Picture picture = render_optical(*optical, shown, static_cast<int>(kLargestSide));
  std::mt19937_64 random(options.seed);
  for (std::int64_t row = 0; row < shown.rows; row += side) {
    for (std::int64_t col = 0; col < shown.cols; col += side) {
      ground.read({shown.row + row, shown.col + col, side, side}, shown);
      ground.shade(picture, shown);
      choose(ground, options, side, row / stride, col / stride, random, choice);
    }
  }
  const auto marked = [](std::uint8_t kind) { return kind >= static_cast<int>(nn::CellKind::interior); };
  if (std::none_of(choice.kinds.begin(), choice.kinds.end(), marked)) {
    throw Error(
        Fault::contradiction,
        fmt::format("{} has no landslide that fills a cell of {} pixels in rows {} to {}, columns {} to {}; "
                    "choose another window, a smaller stride, or other labels",
                    options.scene.labels, stride, shown.row, shown.row_end() - 1, shown.col,
                    shown.col_end() - 1));
  }
  return drawn(picture, choice, ground.landslides(), grid, shown);
}

}  // namespace scarp::pipelines
