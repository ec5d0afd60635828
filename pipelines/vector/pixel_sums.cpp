// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/pixel_sums.h"

namespace scarp::vector {
namespace {

constexpr double kConfidenceSteps = 254;
constexpr std::uint8_t kNodata = 255;

/// n Σx² - (Σx)², which is n² times the variance, without rounding.
double spread(std::uint64_t count, std::uint64_t sum, std::uint64_t squares) {
  __extension__ typedef unsigned __int128 Wide;
  return static_cast<double>(Wide{count} * squares - Wide{sum} * sum);
}

}  // namespace

void PixelSums::FloatRange::add(float value) {
  least = count == 0 ? value : std::min(least, value);
  most = count == 0 ? value : std::max(most, value);
  ++count;
}

void PixelSums::FloatRange::merge(const FloatRange& other) {
  if (other.count == 0) return;
  least = count == 0 ? other.least : std::min(least, other.least);
  most = count == 0 ? other.most : std::max(most, other.most);
  count += other.count;
}

void PixelSums::add_run(const PixelRow& row, std::size_t begin, std::size_t end) {
  pixels_ += static_cast<std::int64_t>(end - begin);
  if (!row.confidence.empty()) add_confidence(row.confidence.subspan(begin, end - begin));
  const bool terrain = !row.elevation_m.empty() || !row.slope_deg.empty() ||
                       (!row.gradient_east.empty() && !row.gradient_north.empty());
  for (std::size_t i = begin; terrain && i < end; ++i) {
    if (row.terrain_valid.empty() || row.terrain_valid[i] != 0) add_terrain(row, i);
  }
}

void PixelSums::add_confidence(std::span<const std::uint8_t> steps) {
  for (const std::uint8_t step : steps) {
    if (step == kNodata) continue;
    ++confidence_count_;
    confidence_sum_ += step;
    confidence_squares_ += std::uint64_t{step} * step;
    confidence_least_ = std::min(confidence_least_, step);
  }
}

void PixelSums::add_terrain(const PixelRow& row, std::size_t i) {
  if (!row.elevation_m.empty() && std::isfinite(row.elevation_m[i])) elevation_.add(row.elevation_m[i]);
  if (!row.slope_deg.empty() && std::isfinite(row.slope_deg[i])) {
    slope_.add(row.slope_deg[i]);
    slope_sum_.add(row.slope_deg[i]);
  }
  if (!row.gradient_east.empty() && !row.gradient_north.empty()) {
    add_gradient(row.gradient_east[i], row.gradient_north[i]);
  }
}

void PixelSums::add_gradient(double rise_east, double rise_north) {
  const double rise = std::sqrt(rise_east * rise_east + rise_north * rise_north);
  if (!std::isfinite(rise) || rise == 0) return;
  const double weight = std::atan(rise);
  const double part = -weight / rise;
  downhill_east_.add(part * rise_east);
  downhill_north_.add(part * rise_north);
  downhill_weight_.add(weight);
}

void PixelSums::merge(const PixelSums& other) {
  pixels_ += other.pixels_;
  confidence_count_ += other.confidence_count_;
  confidence_sum_ += other.confidence_sum_;
  confidence_squares_ += other.confidence_squares_;
  confidence_least_ = std::min(confidence_least_, other.confidence_least_);
  elevation_.merge(other.elevation_);
  slope_.merge(other.slope_);
  slope_sum_.merge(other.slope_sum_);
  downhill_east_.merge(other.downhill_east_);
  downhill_north_.merge(other.downhill_north_);
  downhill_weight_.merge(other.downhill_weight_);
}

std::optional<PixelSums::Confidence> PixelSums::confidence() const {
  if (confidence_count_ == 0) return std::nullopt;
  const auto count = static_cast<double>(confidence_count_);
  return Confidence{static_cast<double>(confidence_sum_) / (count * kConfidenceSteps),
                    confidence_least_ / kConfidenceSteps,
                    std::sqrt(spread(confidence_count_, confidence_sum_, confidence_squares_)) /
                        (count * kConfidenceSteps)};
}

std::optional<PixelSums::Range> PixelSums::elevation() const {
  if (elevation_.count == 0) return std::nullopt;
  return Range{elevation_.least, elevation_.most};
}

std::optional<PixelSums::Slope> PixelSums::slope() const {
  if (slope_.count == 0) return std::nullopt;
  return Slope{slope_sum_.value() / static_cast<double>(slope_.count), slope_.most};
}

std::optional<Direction> PixelSums::downhill() const {
  constexpr double kLeastResultant = 1e-6;
  const double east = downhill_east_.value();
  const double north = downhill_north_.value();
  const double resultant = std::hypot(east, north);
  const double weights = downhill_weight_.value();
  if (weights == 0 || resultant < kLeastResultant * weights) return std::nullopt;
  return Direction{east / resultant, north / resultant};
}

}  // namespace scarp::vector
