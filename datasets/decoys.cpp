// SPDX-License-Identifier: Apache-2.0
#include "datasets/decoys.h"

#include <cmath>
#include <numbers>

#include "datasets/noise.h"

namespace scarp::datasets {
namespace {

constexpr int kDecoyTries = 300;

class DecoyPlacer {
 public:
  DecoyPlacer(const Relief& relief, Random& random, Occupancy& taken, HeightField& heights)
      : relief_(relief), random_(random), taken_(taken), heights_(heights) {
    result_.bareness = HeightField(heights.rows, heights.cols);
  }

  void place(int kind) {
    for (int attempt = 0; attempt < kDecoyTries; ++attempt) {
      const bool done = kind == 0 ? gully() : kind == 1 ? quarry() : kind == 2 ? cliff() : bare_patch();
      if (!done) continue;
      ++result_.placed;
      return;
    }
  }
  Decoys take() { return std::move(result_); }

 private:
  geo::PixelPoint anywhere() {
    return {random_.uniform(0, heights_.rows), random_.uniform(0, heights_.cols)};
  }

  float slope_at(geo::PixelPoint at) const {
    const int row = std::min(static_cast<int>(at.row), heights_.rows - 1);
    const HeightField::Gradient g =
        relief_.fine.gradient(row, std::min(static_cast<int>(at.col), heights_.cols - 1));
    return std::sqrt(g.down * g.down + g.right * g.right);
  }

  void lay_bare(int row, int col, float share) {
    float& bare = result_.bareness.at(row, col);
    bare = std::max(bare, share);
  }

  /// The outline of a strip around a line, `half_width` to each side.
  static PixelRing strip(const PixelRing& line, double half_width) {
    PixelRing right, left;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const geo::PixelPoint &a = line[i == 0 ? 0 : i - 1], &b = line[std::min(i + 1, line.size() - 1)];
      const double dr = b.row - a.row, dc = b.col - a.col, scale = half_width / std::sqrt(dr * dr + dc * dc);
      right.push_back({line[i].row + scale * dc, line[i].col - scale * dr});
      left.push_back({line[i].row - scale * dc, line[i].col + scale * dr});
    }
    right.insert(right.end(), left.rbegin(), left.rend());
    return right;
  }

  /// A V-shaped cut down the slope, widening from a pointed head: steep sides without an arcuate crown.
  bool gully() {
    const double length = random_.uniform(25, 90);
    const PixelRing axis = trace_down(relief_.fine, anywhere(), length, 6);
    if (axis.empty() || slope_at(axis.front()) < 0.3F) return false;
    const auto widest = static_cast<float>(random_.uniform(2.5, 5.5));
    const PixelRing outline = strip(axis, widest);
    if (!taken_.free(outline)) return false;
    taken_.take(outline);
    const auto bare = static_cast<float>(random_.uniform(-0.6, 0.9));
    for_each_pixel_inside(outline, heights_.rows, heights_.cols, [&](int row, int col) {
      const AlongLine place = project(axis, static_cast<float>(row) + 0.5F, static_cast<float>(col) + 0.5F);
      const float t = place.along / static_cast<float>(length);
      const float width = widest * std::sqrt(smooth_step(-0.1F, 0.5F, t)) * (1 - smooth_step(0.8F, 1.0F, t));
      const float within = std::max(0.0F, 1 - place.distance / std::max(0.5F, width));
      heights_.at(row, col) -= 0.65F * width * within;
      if (bare > 0) lay_bare(row, col, bare * std::min(1.0F, 2 * within));
    });
    return true;
  }

  /// A flat floor cut into the slope below a steep arcuate wall; bright.
  bool quarry() {
    const geo::PixelPoint centre = anywhere();
    const auto radius = static_cast<float>(7 * std::pow(3.2, random_.uniform()));
    const float slope = slope_at(centre);
    if (slope < 0.12F || slope > 0.5F) return false;
    const std::uint64_t edge = random_.bits();
    PixelRing rim;
    for (int i = 0; i < 40; ++i) {
      const double angle = 2 * std::numbers::pi * i / 40;
      const auto x = static_cast<float>(std::cos(angle)), y = static_cast<float>(std::sin(angle));
      const double reach = radius * (1 + 0.35 * fractal_noise(edge, 1.3F * x, 1.3F * y, 2));
      rim.push_back({centre.row + reach * y, centre.col + reach * x});
    }
    if (!taken_.free(rim)) return false;
    taken_.take(rim);
    const float floor = relief_.fine.clamped(static_cast<int>(centre.row), static_cast<int>(centre.col)) -
                        0.35F * slope * radius;
    for_each_pixel_inside(rim, heights_.rows, heights_.cols, [&](int row, int col) {
      const float inside =
          distance_to_ring(rim, static_cast<float>(row) + 0.5F, static_cast<float>(col) + 0.5F);
      float& z = heights_.at(row, col);
      const float bench = z - 2.2F * inside;  // the wall, 65 degrees
      const float rough =
          0.15F * fractal_noise(edge + 1, static_cast<float>(col) / 4, static_cast<float>(row) / 4, 2);
      z = z > floor ? std::max(floor + rough, bench) : z + 0.4F * std::min(1.0F, inside / 3) * (floor - z);
      lay_bare(row, col, 0.9F * std::min(1.0F, 0.3F + inside / 2));
    });
    return true;
  }

  /// A step across the slope, straighter and longer than a head scarp, without a hollow or a deposit.
  bool cliff() {
    const geo::PixelPoint middle = anywhere();
    if (slope_at(middle) < 0.25F) return false;
    const double length = random_.uniform(30, 110);
    const auto height = static_cast<float>(random_.uniform(2, 6));
    const PixelRing line = contour(middle, length, random_.uniform(-0.3, 0.3));
    const float reach = 3 * height + 6;
    if (line.empty()) return false;
    const PixelRing outline = strip(line, reach);
    if (!taken_.free(outline)) return false;
    taken_.take(outline);
    for_each_pixel_inside(outline, heights_.rows, heights_.cols, [&](int row, int col) {
      const AlongLine place = project(line, static_cast<float>(row) + 0.5F, static_cast<float>(col) + 0.5F);
      const float t = place.along / static_cast<float>(length);
      const float fade = smooth_step(0, 0.25F, t) * (1 - smooth_step(0.75F, 1, t));
      const float tail = smooth_step(reach, 0.2F * reach, place.distance);
      const float step = smooth_step(-0.25F * height, 0.25F * height, place.beside) - 0.5F;
      heights_.at(row, col) += height * fade * tail * step;
    });
    return true;
  }

  /// A line of equal height through a point; slanted by an angle. The right side of its direction is uphill.
  PixelRing contour(geo::PixelPoint middle, double length, double slant) const {
    constexpr int kSteps = 16;
    geo::PixelPoint at = middle;
    PixelRing line{at};
    double heading = 0;
    for (int i = 0; i < kSteps; ++i) {
      if (at.row < 0 || at.col < 0 || at.row >= heights_.rows || at.col >= heights_.cols) return {};
      const HeightField::Gradient g =
          relief_.broad.gradient(static_cast<int>(at.row), static_cast<int>(at.col));
      const double wanted = std::atan2(-g.right, g.down) + slant;
      const double turn = std::remainder(wanted - heading, 2 * std::numbers::pi);
      heading = i == 0 ? wanted : heading + std::clamp(0.4 * turn, -0.15, 0.15);
      at = {at.row + length / kSteps * std::sin(heading), at.col + length / kSteps * std::cos(heading)};
      line.push_back(at);
    }
    return line;
  }

  /// Soil without plants in the outline of a landslide: colour alone says nothing.
  bool bare_patch() {
    const double length = 12 * std::pow(9.0, random_.uniform()), width = length * random_.uniform(0.35, 0.9);
    PixelRing axis = trace_down(relief_.fine, anywhere(), length, 0.9 * width);
    if (axis.empty()) return false;
    const Landslide shape = shape_landslide(std::move(axis), length, width, 0, random_);
    if (!is_simple(shape.outline) || !taken_.free(shape.outline)) return false;
    taken_.take(shape.outline);
    const auto share = static_cast<float>(random_.uniform(0.2, 0.9));
    for_each_pixel_inside(shape.outline, heights_.rows, heights_.cols, [&](int row, int col) {
      const float inside =
          distance_to_ring(shape.outline, static_cast<float>(row) + 0.5F, static_cast<float>(col) + 0.5F);
      lay_bare(row, col, share * std::min(1.0F, inside / 3));
    });
    return true;
  }

  const Relief& relief_;
  Random& random_;
  Occupancy& taken_;
  HeightField& heights_;
  Decoys result_;
};

}  // namespace

Decoys place_decoys(const Relief& relief, int count, Random& random, Occupancy& taken, HeightField& heights) {
  DecoyPlacer placer(relief, random, taken, heights);
  for (int i = 0; i < count; ++i) placer.place(i % 4);
  return placer.take();
}

}  // namespace scarp::datasets
