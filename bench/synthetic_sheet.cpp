// SPDX-License-Identifier: Apache-2.0
// Makes docs/synthetic-sheet.png: twelve synthetic scenes, each as hillshade and in colour, with the outlines
// of landslides.
#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <iostream>

#include "datasets/synthetic_scene.h"
#include "geo/picture_gdal.h"

namespace scarp {
namespace {

constexpr int kPanel = 176, kShrink = 2, kGap = 4, kAcross = 4, kScenes = 12;
using Colour = std::array<std::uint8_t, 3>;

class Sheet {
 public:
  Sheet() {
    picture_.cols = kAcross * 2 * (kPanel + kGap) + kGap;
    picture_.rows = kScenes / kAcross * (kPanel + kGap) + kGap;
    picture_.rgb.assign(static_cast<std::size_t>(picture_.rows) * picture_.cols * 3, 255);
  }

  void add(int number, const datasets::SyntheticScene& scene) {
    const int top = kGap + number / kAcross * (kPanel + kGap),
              left = kGap + number % kAcross * 2 * (kPanel + kGap);
    const int right = left + kPanel + kGap / 2;
    for (int row = 0; row < kPanel; ++row) {
      for (int col = 0; col < kPanel; ++col) {
        set(top + row, left + col, hillshade(scene, row * kShrink, col * kShrink));
        set(top + row, right + col, colour(scene, row * kShrink, col * kShrink));
      }
    }
    for (std::size_t i = 0; i < scene.hidden.size(); ++i) {
      const Colour line = scene.hidden[i] ? Colour{0, 210, 255} : Colour{255, 120, 0};
      for (const int side : {left, right})
        draw(scene.landslides.features[i].parts[0].outer, scene.grid, top, side, line);
    }
  }
  const geo::Picture& picture() const { return picture_; }

 private:
  void set(int row, int col, const Colour& value) {
    std::copy(value.begin(), value.end(),
              picture_.rgb.begin() + 3 * (static_cast<std::ptrdiff_t>(row) * picture_.cols + col));
  }

  void draw(const geo::Ring& ring, const geo::Grid& grid, int top, int left, const Colour& line) {
    for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
      const geo::PixelPoint a = grid.pixel_from_map(ring[i]), b = grid.pixel_from_map(ring[i + 1]);
      for (int step = 0; step < 16; ++step) {
        const double t = step / 16.0;
        set(top + static_cast<int>(std::lerp(a.row, b.row, t)) / kShrink,
            left + static_cast<int>(std::lerp(a.col, b.col, t)) / kShrink, line);
      }
    }
  }

  /// Light from azimuth 315, altitude 45 degrees.
  static Colour hillshade(const datasets::SyntheticScene& scene, int row, int col) {
    const auto z = [&](int r, int c) {
      return scene.elevation[static_cast<std::size_t>(r) * scene.grid.cols + c];
    };
    const double run = kShrink * scene.grid.pixel_size().mean_m();
    const int r = std::min<int>(row, static_cast<int>(scene.grid.rows) - kShrink - 1);
    const int c = std::min<int>(col, static_cast<int>(scene.grid.cols) - kShrink - 1);
    const double right = (z(r, c + kShrink) - z(r, c)) / run, down = (z(r + kShrink, c) - z(r, c)) / run;
    const double light =
        (0.5 * right + 0.5 * down + std::sqrt(0.5)) / std::sqrt(1 + right * right + down * down);
    const auto grey = static_cast<std::uint8_t>(255 * std::clamp(light, 0.0, 1.0));
    return {grey, grey, grey};
  }

  static Colour colour(const datasets::SyntheticScene& scene, int row, int col) {
    Colour mean{};
    for (std::size_t band = 0; band < 3; ++band) {
      int sum = 0;
      for (int r = row; r < row + kShrink; ++r) {
        for (int c = col; c < col + kShrink; ++c) {
          sum += scene.optical[(band * scene.grid.rows + r) * scene.grid.cols + c];
        }
      }
      mean[band] = static_cast<std::uint8_t>(sum / (kShrink * kShrink));
    }
    return mean;
  }

  geo::Picture picture_;
};

}  // namespace
}  // namespace scarp

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: synthetic_sheet OUTPUT.png\n";
    return 2;
  }
  try {
    scarp::Sheet sheet;
    for (int number = 0; number < scarp::kScenes; ++number) {
      scarp::datasets::SyntheticOptions options;
      options.seed = static_cast<std::uint64_t>(number) + 1;
      options.rows = options.cols = scarp::kPanel * scarp::kShrink;
      sheet.add(number, scarp::datasets::make_synthetic_scene(options));
    }
    scarp::geo::write_png(argv[1], sheet.picture());
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 3;
  }
}
