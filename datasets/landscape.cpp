// SPDX-License-Identifier: Apache-2.0
#include "datasets/landscape.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "datasets/drainage.h"
#include "datasets/noise.h"
#include "datasets/random.h"

namespace scarp::datasets {
namespace {

constexpr int kMargin = 96;   // pixels around the scene: the closed border of the landscape must not show
constexpr int kCoarsest = 8;  // pixels a cell of the first grid
constexpr float kRiverArea = 5000;  // pixels drained from which a stream has a valley floor

/// What the rock is and does; fields of position in pixels, so that all grids of the pyramid see the same.
struct Rock {
  std::uint64_t seed = 0;
  float vigour = 1;  ///< how high the mountains of this scene are

  /// Uplift over erodibility: the steepness of a stream that drains one pixel.
  float uplift(float x, float y) const {
    const float massif = fractal_noise(part_seed(seed, 1), x / 520, y / 520, 2);
    return vigour * 15 * (0.25F + 1.5F * smooth_step(-0.45F, 0.4F, massif));
  }
  float erodibility(float x, float y) const {
    return std::exp2(0.9F * fractal_noise(part_seed(seed, 2), x / 210, y / 210, 2));
  }
  /// Tangent of the slope at which ground fails: 24 to 42 degrees, by the strength of the rock.
  float critical_slope(float x, float y) const {
    const float strength = fractal_noise(part_seed(seed, 3), x / 95, y / 95, 3);
    return std::tan((30 + 15 * strength) * std::numbers::pi_v<float> / 180);
  }
};

/// One grid of the pyramid; positions and heights are in pixels of the scene.
struct Level {
  HeightField heights;
  int cell_px = 1;
  float x(int col) const { return static_cast<float>(col * cell_px); }
  float y(int row) const { return static_cast<float>(row * cell_px); }
};

/// The rock under each cell of a level.
struct Bed {
  std::vector<float> uplift, erodibility, critical_slope;

  Bed(const Level& level, const Rock& rock) {
    const int step = level.cell_px <= 2 ? 2 : 1;  // rock changes over tens of pixels
    for (int row = 0; row < level.heights.rows; ++row) {
      for (int col = 0; col < level.heights.cols; ++col) {
        if (row % step != 0 || col % step != 0) {
          copy_from(level.heights.index(row - row % step, col - col % step));
          continue;
        }
        const float x = level.x(col), y = level.y(row);
        uplift.push_back(rock.uplift(x, y));
        erodibility.push_back(rock.erodibility(x, y));
        critical_slope.push_back(rock.critical_slope(x, y));
      }
    }
  }

 private:
  void copy_from(std::size_t cell) {
    uplift.push_back(uplift[cell]);
    erodibility.push_back(erodibility[cell]);
    critical_slope.push_back(critical_slope[cell]);
  }
};

void erode(Level& level,
           const Bed& bed,
           const std::vector<std::uint8_t>& outlets,
           float time,
           std::uint64_t seed) {
  HeightField& z = level.heights;
  const Drainage drainage = drain(z, outlets, seed);
  const auto cell = static_cast<float>(level.cell_px);
  for (const std::int32_t i : drainage.order) {
    const std::int32_t to = drainage.receiver[i];
    if (to == i) continue;
    const float distance = cell * neighbour_distance(i, to, z.cols);
    const float pull = time * bed.erodibility[i] * std::sqrt(drainage.area[i]) * cell / distance;
    const float eroded = (z.values[i] + time * bed.uplift[i] + pull * z.values[to]) / (1 + pull);
    const float highest = z.values[to] + bed.critical_slope[i] * distance;
    z.values[i] = std::clamp(eroded, z.values[to] + 0.002F * distance, highest);
  }
}

/// Creep: each cell moves a little towards the mean of its neighbours.
void creep(HeightField& z, float share) {
  const HeightField mean = smoothed(z, 0.8);
  for (std::size_t i = 0; i < z.values.size(); ++i) z.values[i] += share * (mean.values[i] - z.values[i]);
}

/// The grid with twice the cells a side. It is warped by noise: straight streams of the coarse grid become
/// winding ones.
Level refined(const Level& coarse, std::uint64_t seed) {
  Level fine;
  fine.cell_px = coarse.cell_px / 2;
  fine.heights = HeightField(coarse.heights.rows * 2, coarse.heights.cols * 2);
  const float wavelength = 14, reach = 1.6F;  // cells of the fine grid, cells of the coarse grid
  for (int row = 0; row < fine.heights.rows; ++row) {
    for (int col = 0; col < fine.heights.cols; ++col) {
      const float x = static_cast<float>(col) / wavelength, y = static_cast<float>(row) / wavelength;
      const float from_row = static_cast<float>(row) / 2 - 0.25F + reach * gradient_noise(seed, x, y);
      const float from_col = static_cast<float>(col) / 2 - 0.25F + reach * gradient_noise(seed + 1, x, y);
      fine.heights.at(row, col) = cubic_sample(coarse.heights, from_row, from_col);
    }
  }
  return fine;
}

/// Water leaves over a part of the border that faces one way, so that a large valley crosses the scene.
std::vector<std::uint8_t> outlets_of(const HeightField& heights, Random& random) {
  const double turn = random.uniform(0, 2 * std::numbers::pi), share = random.uniform(0.1, 0.75);
  const std::uint64_t sway_seed = random.bits();
  std::vector<std::uint8_t> outlets(heights.values.size(), 0);
  std::size_t lowest = 0;
  double furthest = -10;
  for (int row = 0; row < heights.rows; ++row) {
    for (int col = 0; col < heights.cols; ++col) {
      if (row != 0 && col != 0 && row != heights.rows - 1 && col != heights.cols - 1) continue;
      const double along =
          std::cos(turn) * (2.0 * col / heights.cols - 1) + std::sin(turn) * (2.0 * row / heights.rows - 1);
      const double sway =
          0.3 * gradient_noise(sway_seed, static_cast<float>(col) / 9, static_cast<float>(row) / 9);
      if (along + sway > share) outlets[heights.index(row, col)] = 1;
      if (along > furthest) {
        furthest = along;
        lowest = heights.index(row, col);
      }
    }
  }
  outlets[lowest] = 1;
  return outlets;
}

Level first_level(const Rock& rock, int rows, int cols, Random& random) {
  Level level;
  level.cell_px = kCoarsest;
  const auto cells = [](int pixels) { return (pixels + 2 * kMargin + kCoarsest - 1) / kCoarsest; };
  level.heights = HeightField(cells(rows), cells(cols));
  add_noise(level.heights, random.bits(), 40, 25, 5);
  const std::vector<std::uint8_t> outlets = outlets_of(level.heights, random);
  for (std::size_t i = 0; i < outlets.size(); ++i) {
    if (outlets[i]) level.heights.values[i] = -40;
  }
  const Bed bed(level, rock);
  for (int step = 0; step < 45; ++step) erode(level, bed, outlets, 0.22F, random.bits());
  return level;
}

/// Height of every cell above the stream that it drains to, and how deep that stream's valley is filled.
struct Floors {
  HeightField above_river;
  HeightField fill;
};

Floors floors_of(const Level& level, const Drainage& drainage) {
  const HeightField& z = level.heights;
  Floors floors{HeightField(z.rows, z.cols, 1e6F), HeightField(z.rows, z.cols)};
  std::vector<float> river(z.values.size(), -1e6F);
  const auto cell_area = static_cast<float>(level.cell_px * level.cell_px);
  for (const std::int32_t i : drainage.order) {
    const std::int32_t to = drainage.receiver[i];
    const float area = drainage.area[i] * cell_area;
    const bool stream = area > kRiverArea;
    river[i] = stream ? z.values[i] : river[to];
    floors.fill.values[i] =
        stream ? 0.014F * (std::sqrt(area) - std::sqrt(kRiverArea)) : floors.fill.values[to];
    if (river[i] > -1e5F) floors.above_river.values[i] = std::max(0.0F, z.values[i] - river[i]);
  }
  return floors;
}

/// Rivers leave sediment: the floors of large valleys are nearly flat, with fans at their feet.
void fill_valleys(Level& level, std::uint64_t seed) {
  const Floors floors = floors_of(level, drain(level.heights, {}, seed));
  for (std::size_t i = 0; i < level.heights.values.size(); ++i) {
    const float fill = floors.fill.values[i], above = floors.above_river.values[i];
    if (fill <= 0) continue;
    const float floor = 0.88F * fill + 0.12F * above;
    const float soft = 0.25F * fill + 0.1F;  // the foot of the slope is rounded
    const float t = std::clamp((above - floor) / (2 * soft) + 0.5F, 0.0F, 1.0F);
    level.heights.values[i] += std::lerp(floor, above, t) + soft * t * (1 - t) - above;
  }
}

/// Slopes are never planes: knobs, hollows and rills as a share of the slope.
void roughen(HeightField& z, std::uint64_t seed) {
  const HeightField smooth = smoothed(z, 4);
  for (int row = 0; row < z.rows; ++row) {
    for (int col = 0; col < z.cols; ++col) {
      const HeightField::Gradient g = smooth.gradient(row, col);
      const float slope = std::sqrt(g.down * g.down + g.right * g.right);
      const auto x = static_cast<float>(col), y = static_cast<float>(row);
      const float broad = fractal_noise(seed, x / 26, y / 26, 4, 0.48F);
      z.at(row, col) += (0.04F + std::min(slope, 0.8F) * 3.2F) * broad;
    }
  }
}

}  // namespace

Landscape make_landscape(std::uint64_t seed, int rows, int cols) {
  Random random(part_seed(seed, 10));
  const Rock rock{part_seed(seed, 11), static_cast<float>(random.uniform(0.75, 1.3))};
  Level level = first_level(rock, rows, cols, random);
  const auto sharpen = [&](int steps, float time, float noise) {
    add_noise(level.heights, random.bits(), 6, noise * static_cast<float>(level.cell_px), 2);
    const Bed bed(level, rock);
    for (int step = 0; step < steps; ++step) erode(level, bed, {}, time, random.bits());
    creep(level.heights, 0.35F);
  };
  level = refined(level, random.bits());
  sharpen(10, 0.08F, 0.25F);
  fill_valleys(level, random.bits());
  level = refined(level, random.bits());
  sharpen(4, 0.03F, 0.3F);
  level = refined(level, random.bits());
  sharpen(1, 0.02F, 0.2F);
  creep(level.heights, 0.5F);
  roughen(level.heights, random.bits());

  const Drainage drainage = drain(level.heights, {}, random.bits());
  HeightField drained(level.heights.rows, level.heights.cols);
  drained.values = drainage.area;
  const Floors floors = floors_of(level, drainage);
  Landscape land{cropped(level.heights, kMargin, kMargin, rows, cols),
                 cropped(drained, kMargin, kMargin, rows, cols),
                 cropped(floors.above_river, kMargin, kMargin, rows, cols)};
  const float lowest = *std::min_element(land.heights.values.begin(), land.heights.values.end());
  for (float& height : land.heights.values) height -= lowest;
  return land;
}

}  // namespace scarp::datasets
