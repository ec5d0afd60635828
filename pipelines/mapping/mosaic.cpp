// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/mosaic.h"

#include <algorithm>
#include <cmath>

namespace scarp::pipelines {
namespace {

// Two neighbours' ramps sum to one over their overlap; in the middle of a tile the weight is one.
std::vector<float> linear_ramp(int tile_px, int overlap_px) {
  std::vector<float> ramp(static_cast<std::size_t>(tile_px), 1.0f);
  for (int i = 0; i < overlap_px; ++i) {
    const float weight = (static_cast<float>(i) + 0.5f) / static_cast<float>(overlap_px);
    ramp[static_cast<std::size_t>(i)] = std::min(ramp[static_cast<std::size_t>(i)], weight);
    const auto mirrored = static_cast<std::size_t>(tile_px - 1 - i);
    ramp[mirrored] = std::min(ramp[mirrored], weight);
  }
  return ramp;
}

}  // namespace

Mosaic::Mosaic(const geo::TilePlan& plan, const geo::Window& area, int classes, Sink sink)
    : plan_(plan),
      area_(area),
      classes_(classes),
      sink_(std::move(sink)),
      ramp_(linear_ramp(plan.tile_px(), plan.overlap_px())),
      band_row_(area.row),
      band_rows_(plan.tile_px()),
      sums_(static_cast<std::size_t>(classes_ * band_rows_ * area.cols)),
      weights_(static_cast<std::size_t>(band_rows_ * area.cols)) {}

void Mosaic::add(std::int64_t lattice_row,
                 std::int64_t lattice_col,
                 std::span<const float> logits,
                 std::span<const std::uint8_t> valid) {
  const geo::Window tile = plan_.tile(lattice_row, lattice_col).window;
  const geo::Window part = geo::intersection(tile, area_);
  for (std::int64_t row = part.row; row < part.row_end(); ++row) add_row(row, tile, part, logits, valid);
}

void Mosaic::add_row(std::int64_t row,
                     const geo::Window& tile,
                     const geo::Window& part,
                     std::span<const float> logits,
                     std::span<const std::uint8_t> valid) {
  const auto source = static_cast<std::size_t>((row - tile.row) * tile.cols + (part.col - tile.col));
  const auto target = static_cast<std::size_t>((row - band_row_) * area_.cols + (part.col - area_.col));
  const auto plane = static_cast<std::size_t>(band_rows_ * area_.cols);
  const float row_weight = ramp_[static_cast<std::size_t>(row - tile.row)];
  const float* ramp = ramp_.data() + (part.col - tile.col);
  const std::uint8_t* seen = valid.data() + source;
  const auto cols = static_cast<std::size_t>(part.cols);
  for (std::size_t col = 0; col < cols; ++col) {
    weights_[target + col] += seen[col] != 0 ? row_weight * ramp[col] : 0.0f;
  }
  for (std::int64_t c = 0; c < classes_; ++c) {
    const float* in = logits.data() + c * tile.pixels() + source;
    float* out = sums_.data() + static_cast<std::size_t>(c) * plane + target;
    for (std::size_t col = 0; col < cols; ++col)
      out[col] += seen[col] != 0 ? row_weight * ramp[col] * in[col] : 0.0f;
  }
}

void Mosaic::finish_lattice_row(std::int64_t lattice_row) {
  const bool last = lattice_row + 1 >= plan_.tile_rows();
  const std::int64_t next_tile_row = last ? area_.row_end() : plan_.tile(lattice_row + 1, 0).window.row;
  const std::int64_t done = std::min(next_tile_row, area_.row_end()) - band_row_;
  if (done > 0) emit(done);
}

void Mosaic::emit(std::int64_t rows) {
  const auto pixels = static_cast<std::size_t>(rows * area_.cols);
  classes_out_.resize(pixels);
  probability_out_.resize(pixels);
  certainty_out_.resize(pixels);
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) finish_pixel(pixel);
  sink_({band_row_, rows, classes_out_, probability_out_, certainty_out_});
  shift(rows);
}

// The most probable class, its softmax, and one minus that of class 0, from the weighted mean of logits.
void Mosaic::finish_pixel(std::size_t pixel) {
  classes_out_[pixel] = kNoClass;
  probability_out_[pixel] = kNoProbability;
  certainty_out_[pixel] = 0;
  const float weight = weights_[pixel];
  if (!(weight > 0)) return;
  const auto plane = static_cast<std::size_t>(band_rows_ * area_.cols);
  const float background = sums_[pixel] / weight;
  float odds = 0;  // of the other classes against class 0
  float best = background, best_odds = 1;
  std::uint8_t best_class = 0;
  bool finite = std::isfinite(background);
  for (std::size_t c = 1; c < static_cast<std::size_t>(classes_); ++c) {
    const float logit = sums_[c * plane + pixel] / weight;
    finite = finite && std::isfinite(logit);
    const float of_class = std::exp(std::min(logit - background, 80.0f));
    odds += of_class;
    if (logit > best) {
      best = logit;
      best_odds = of_class;
      best_class = static_cast<std::uint8_t>(c);
    }
  }
  if (!finite) {
    ++not_finite_;
    return;
  }
  classes_out_[pixel] = best_class;
  const float half_above = odds / (1 + odds) * static_cast<float>(kProbabilitySteps) + 0.5f;
  probability_out_[pixel] = static_cast<std::uint8_t>(half_above);  // so cutting off rounds
  certainty_out_[pixel] =
      static_cast<std::uint8_t>(best_odds / (1 + odds) * static_cast<float>(kProbabilitySteps));
}

void Mosaic::shift(std::int64_t rows) {
  const auto plane = static_cast<std::size_t>(band_rows_ * area_.cols);
  const auto moved = static_cast<std::size_t>(std::min(rows, band_rows_) * area_.cols);
  const auto move_up = [&](float* first) {
    std::copy(first + moved, first + plane, first);
    std::fill(first + (plane - moved), first + plane, 0.0f);
  };
  for (std::int64_t c = 0; c < classes_; ++c) move_up(sums_.data() + static_cast<std::size_t>(c) * plane);
  move_up(weights_.data());
  band_row_ += rows;
}

}  // namespace scarp::pipelines
