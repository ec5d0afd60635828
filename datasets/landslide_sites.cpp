// SPDX-License-Identifier: Apache-2.0
#include "datasets/landslide_sites.h"

#include <cmath>
#include <numbers>
#include <optional>

namespace scarp::datasets {
namespace {

constexpr double kShortest = 11.5, kLongest = 124;  // pixels
constexpr int kTries = 1500;                        // for one landslide
constexpr float kStream = 2500;                     // pixels drained: a slide stops at such a stream

float height_at(const HeightField& field, geo::PixelPoint at) {
  return field.clamped(static_cast<int>(std::floor(at.row)), static_cast<int>(std::floor(at.col)));
}

/// Steep enough all along, no stream before the toe.
bool slides_here(const Landscape& land, const HeightField& relief, const PixelRing& axis, double length) {
  const double slope = (height_at(relief, axis.front()) - height_at(relief, axis.back())) / length;
  const double least = std::tan(15 * std::numbers::pi / 180), most = std::tan(40 * std::numbers::pi / 180);
  if (slope < least || slope > most) return false;
  for (std::size_t i = 0; i + 3 < axis.size(); ++i) {
    if (height_at(land.drained, axis[i]) > kStream) return false;
  }
  const std::size_t upper = axis.size() / 2;
  return height_at(relief, axis.front()) - height_at(relief, axis[upper]) > 0.5 * least * length / 2;
}

/// The ground beside the axis is about as high as the axis: neither a crest nor a gully.
bool even_across(const HeightField& relief, const Landslide& slide) {
  for (const std::size_t i : {slide.axis.size() / 4, slide.axis.size() / 2}) {
    const geo::PixelPoint &a = slide.axis[i - 1], &b = slide.axis[i + 1], &at = slide.axis[i];
    const double dr = b.row - a.row, dc = b.col - a.col,
                 scale = 0.9 * slide.half_width / std::sqrt(dr * dr + dc * dc);
    const float right = height_at(relief, {at.row + scale * dc, at.col - scale * dr});
    const float left = height_at(relief, {at.row - scale * dc, at.col + scale * dr});
    const float middle = height_at(relief, at);
    if (std::abs(right - middle) > 0.42F * slide.half_width ||
        std::abs(left - middle) > 0.42F * slide.half_width)
      return false;
  }
  return true;
}

std::optional<Landslide> try_place(const Landscape& land,
                                   const Relief& relief,
                                   double length,
                                   double age,
                                   Random& random,
                                   const Occupancy& taken) {
  const HeightField& ground = length > 40 ? relief.broad : relief.fine;
  const geo::PixelPoint crown{random.uniform(0, ground.rows), random.uniform(0, ground.cols)};
  const double width = length * random.uniform(0.38, 0.78);
  PixelRing axis = trace_down(ground, crown, length, 1.6 * width);
  if (axis.empty() || !slides_here(land, ground, axis, length)) return {};
  Landslide slide = shape_landslide(std::move(axis), length, width, age, random);
  if (!even_across(ground, slide) || !is_simple(slide.outline) || !taken.free(slide.outline)) return {};
  return slide;
}

/// Chance may hide too few: then the oldest of the others are hidden as well.
void hide_enough(std::vector<Landslide>& slides) {
  const auto hidden = [](const Landslide& slide) { return slide.hidden; };
  while (5 * std::count_if(slides.begin(), slides.end(), hidden) <
         2 * static_cast<std::ptrdiff_t>(slides.size())) {
    const auto oldest =
        std::max_element(slides.begin(), slides.end(), [](const Landslide& a, const Landslide& b) {
          return (a.hidden ? -1 : a.age) < (b.hidden ? -1 : b.age);
        });
    oldest->hidden = true;
    oldest->tone = 0;
  }
}

}  // namespace

std::vector<Landslide> place_landslides(const Landscape& land,
                                        const Relief& relief,
                                        int count,
                                        Random& random,
                                        Occupancy& taken) {
  const double longest = std::min(kLongest, 0.4 * std::min(land.heights.rows, land.heights.cols));
  std::vector<Landslide> placed;
  for (int i = 0; i < count; ++i) {
    // The longest first, because they find room least easily; each in its share of the logarithmic range.
    const double quantile = 1 - (i + random.uniform()) / count;
    double length = kShortest * std::pow(longest / kShortest, quantile);
    const bool hidden = random.uniform() < 0.45;
    const double age = hidden ? random.uniform(0.35, 0.95) : random.uniform(0.05, 0.75);
    for (int attempt = 1; attempt <= kTries; ++attempt) {
      if (attempt % (kTries / 3) == 0) length = std::max(kShortest, 0.85 * length);
      std::optional<Landslide> slide = try_place(land, relief, length, age, random, taken);
      if (!slide) continue;
      slide->hidden = hidden;
      slide->tone = hidden ? 0 : static_cast<float>(random.uniform(-0.7, 1));
      taken.take(slide->outline);
      placed.push_back(std::move(*slide));
      break;
    }
  }
  hide_enough(placed);
  return placed;
}

}  // namespace scarp::datasets
