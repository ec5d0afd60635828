// SPDX-License-Identifier: Apache-2.0
#include "datasets/landslide.h"

#include <cmath>
#include <numbers>

#include "datasets/noise.h"

namespace scarp::datasets {
namespace {

constexpr int kAxisSteps = 20;
constexpr int kSidePoints = 44;  // of the outline, each side

/// Half width over the reference half width at t = 0 (crown) .. 1 (toe).
float width_profile(float t, float roundness, float divergence, float bulge) {
  const float crown = std::min(0.45F, roundness), toe = std::min(0.5F, 1.35F * roundness);
  float width = 1 + divergence * t + bulge * smooth_step(0.5F, 0.78F, t);
  if (t < crown) {
    const float u = 1 - t / crown;
    width *= std::sqrt(std::max(0.0F, 1 - u * u));
  }
  if (t > 1 - toe) {
    const float u = (t - (1 - toe)) / toe;
    width *= std::sqrt(std::max(0.0F, 1 - u * u));
  }
  return width;
}

struct OnAxis {
  geo::PixelPoint point;
  double down_row = 0, down_col = 0;  // unit vector along
};

OnAxis on_axis(const PixelRing& axis, double t) {
  const double place = std::clamp(t, 0.0, 1.0) * static_cast<double>(axis.size() - 1);
  const std::size_t i = std::min(static_cast<std::size_t>(place), axis.size() - 2);
  const double share = place - static_cast<double>(i);
  const auto blend = [&](auto member) { return std::lerp(axis[i].*member, axis[i + 1].*member, share); };
  // The direction turns smoothly: between those at the middles of neighbouring segments.
  const std::size_t before = share < 0.5 && i > 0 ? i - 1 : i, after = std::min(before + 1, axis.size() - 2);
  const double turn = share < 0.5 && i > 0 ? share + 0.5 : std::max(0.0, share - 0.5);
  const auto direction = [&](auto member) {
    return std::lerp(axis[before + 1].*member - axis[before].*member,
                     axis[after + 1].*member - axis[after].*member, turn);
  };
  OnAxis result{{blend(&geo::PixelPoint::row), blend(&geo::PixelPoint::col)},
                direction(&geo::PixelPoint::row),
                direction(&geo::PixelPoint::col)};
  const double length = std::sqrt(result.down_row * result.down_row + result.down_col * result.down_col);
  result.down_row /= length;
  result.down_col /= length;
  return result;
}

/// Rises from 0 at the outline to 1 at the foot of the wall; steepest in its upper half.
float wall_ramp(float distance, float width) {
  const float t = std::min(1.0F, distance / width);
  return 1 - (1 - t) * (1 - t) * (1 + 0.6F * t);
}

/// Rounds off the corners that a bent axis leaves on its outer side.
void round_corners(PixelRing& ring) {
  for (int pass = 0; pass < 4; ++pass) {
    const PixelRing from = ring;
    const std::size_t n = from.size();
    for (std::size_t i = 0; i < n; ++i) {
      const geo::PixelPoint &a = from[(i + n - 1) % n], &b = from[i], &c = from[(i + 1) % n];
      ring[i] = {0.25 * (a.row + 2 * b.row + c.row), 0.25 * (a.col + 2 * b.col + c.col)};
    }
  }
}

}  // namespace

PixelRing trace_down(const HeightField& relief, geo::PixelPoint start, double length, double least_radius) {
  const double step = length / kAxisSteps, most_turn = step / least_radius;
  PixelRing path{start};
  double heading = 0;
  for (int i = 0; i < kAxisSteps; ++i) {
    const geo::PixelPoint at = path.back();
    const int row = static_cast<int>(std::floor(at.row)), col = static_cast<int>(std::floor(at.col));
    if (!relief.inside(row, col)) return {};
    const HeightField::Gradient g = relief.gradient(row, col);
    if (g.down * g.down + g.right * g.right < 0.01F) return {};
    const double wanted = std::atan2(-g.down, -g.right);
    const double turn = std::remainder(wanted - heading, 2 * std::numbers::pi);
    if (i > 0 && std::abs(turn) > std::numbers::pi / 2) return {};
    heading = i == 0 ? wanted : heading + std::clamp(0.5 * turn, -most_turn, most_turn);
    path.push_back({at.row + step * std::sin(heading), at.col + step * std::cos(heading)});
  }
  return path;
}

Landslide shape_landslide(PixelRing axis, double length, double width, double age, Random& random) {
  Landslide slide;
  slide.axis = std::move(axis);
  slide.length = static_cast<float>(length);
  slide.half_width = static_cast<float>(width / 2);
  slide.age = static_cast<float>(age);
  slide.seed = random.bits();
  slide.scarp_height = slide.length * static_cast<float>(random.uniform(0.09, 0.15)) * (1 - 0.3F * slide.age);
  slide.wall_width = 0.5F + slide.scarp_height * (0.85F + 0.75F * slide.age);
  const auto divergence = static_cast<float>(random.uniform(0.0, 0.3)),
             bulge = static_cast<float>(random.uniform(0.05, 0.4));
  const float roundness = 0.9F * slide.half_width / slide.length;
  const auto irregular = static_cast<float>(random.uniform(0.12, 0.28));
  const std::uint64_t edge_seed = random.bits();
  for (int i = 0; i < 2 * kSidePoints; ++i) {
    // The sides are walked with more points where the crown and the toe are round.
    const double walk = static_cast<double>(i % kSidePoints) / kSidePoints;
    const double eased = 0.5 - 0.5 * std::cos(std::numbers::pi * walk);
    const bool right = i < kSidePoints;
    const auto t = static_cast<float>(right ? eased : 1 - eased);
    const OnAxis place = on_axis(slide.axis, t);
    const float uneven = 1 + irregular * fractal_noise(edge_seed + (right ? 0 : 1), t * 4.5F, 0.5F, 4);
    const double out =
        (right ? 1 : -1) * slide.half_width * width_profile(t, roundness, divergence, bulge) * uneven;
    slide.outline.push_back({place.point.row + out * place.down_col, place.point.col - out * place.down_row});
    slide.along.push_back(t);
  }
  round_corners(slide.outline);
  return slide;
}

void carve(const Landslide& slide, const HeightField& smooth, HeightField& heights) {
  const float fresh = 1 - 0.75F * slide.age, height = slide.scarp_height;
  const float lobe = 0.5F * height * (1 - 0.2F * slide.age);
  const float grain = std::max(4.0F, slide.length / 6.5F);
  for_each_pixel_inside(slide.outline, heights.rows, heights.cols, [&](int row, int col) {
    const float r = static_cast<float>(row) + 0.5F, c = static_cast<float>(col) + 0.5F;
    const AlongLine place = project(slide.axis, r, c);
    const float t = place.along / slide.length, inside = distance_to_ring(slide.outline, r, c);
    const float wall = wall_ramp(inside, slide.wall_width);
    const float hollow = height * (1 - smooth_step(0.12F, 0.62F, t));
    const float front = wall_ramp(inside, 1 + 1.6F * lobe * (1 + slide.age));
    const float deposit = smooth_step(0.45F, 0.72F, t);
    const float hummocks = fractal_noise(slide.seed, r / grain, c / grain, 4, 0.5F);
    // Blocks slide on curved faces and tilt back: steps across the slide.
    const float steps =
        std::sin(t * 24 + 3 * gradient_noise(slide.seed + 9, r / (2 * grain), c / (2 * grain)));
    const float scree = 0.1F * hollow * hummocks;
    const float rough = scree + fresh * height * (hummocks * (0.16F + 0.26F * deposit) + 0.07F * steps);
    float& z = heights.at(row, col);
    const float body = std::min(1.0F, inside / (1 + 0.5F * slide.wall_width));
    z += (0.75F - 0.4F * slide.age) * body * (smooth.at(row, col) - z) - hollow * wall +
         lobe * deposit * front + rough * body;
  });
}

PixelRing wall_band(const Landslide& slide, int first, int last) {
  const int n = static_cast<int>(slide.outline.size());
  const auto point = [&](int i) { return slide.outline[static_cast<std::size_t>(((i % n) + n) % n)]; };
  PixelRing band;
  for (int i = first; i <= last; ++i) band.push_back(point(i));
  for (int i = last; i >= first; --i) {
    const geo::PixelPoint at = point(i), before = point(i - 3), after = point(i + 3);
    const double dr = after.row - before.row, dc = after.col - before.col,
                 length = std::sqrt(dr * dr + dc * dc);
    const float t = slide.along[static_cast<std::size_t>(((i % n) + n) % n)];
    const double width = slide.wall_width * (1 - 0.4 * smooth_step(0.1F, 0.5F, t));
    band.push_back({at.row - width * dc / length, at.col + width * dr / length});
  }
  return band;
}

}  // namespace scarp::datasets
