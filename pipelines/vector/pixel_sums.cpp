// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/pixel_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace scarp::vector {
namespace {

constexpr double kConfidenceSteps = 254;
constexpr std::uint8_t kNodata = 255;

/// n Σx² - (Σx)², which is n² times the variance, without rounding.
double spread(std::uint64_t count, std::uint64_t sum, std::uint64_t squares) {
  __extension__ typedef unsigned __int128 Wide;
  return static_cast<double>(Wide{count} * squares - Wide{sum} * sum);
}

/// In place of std::isfinite, which keeps a loop from being put into vectors.
template <typename T>
bool is_finite(T value) {
  return std::abs(value) <= std::numeric_limits<T>::max();
}

bool known(const PixelRow& row, std::size_t i) {
  return row.terrain_valid.empty() || row.terrain_valid[i] != 0;
}

}  // namespace

void PixelSums::FloatRange::add(float low, float high, std::int64_t values) {
  if (values == 0) return;
  least = count == 0 ? low : std::min(least, low);
  most = count == 0 ? high : std::max(most, high);
  count += values;
}

void PixelSums::FloatRange::merge(const FloatRange& other) {
  add(other.least, other.most, other.count);
}

void PixelSums::add_run(const PixelRow& row, std::size_t begin, std::size_t end) {
  constexpr std::size_t kPiece = 4096;  // whose sums fit into 32 and 64 bits
  pixels_ += static_cast<std::int64_t>(end - begin);
  for (; begin < end; begin = std::min(end, begin + kPiece)) {
    const std::size_t piece_end = std::min(end, begin + kPiece);
    if (!row.confidence.empty()) add_confidence(row.confidence.subspan(begin, piece_end - begin));
    if (!row.elevation_m.empty()) add_elevation(row, begin, piece_end);
    if (!row.slope_deg.empty()) add_slope(row, begin, piece_end);
    if (!row.slope_deg.empty() && !row.gradient_east.empty() && !row.gradient_north.empty()) {
      add_downhill(row, begin, piece_end);
    }
  }
}

void PixelSums::add_confidence(std::span<const std::uint8_t> steps) {
  std::uint32_t unknown = 0;
  std::uint32_t sum = 0;
  std::uint32_t squares = 0;
  std::uint8_t least = kNodata;
  for (const std::uint8_t step : steps) {
    const std::uint32_t known = step != kNodata ? step : 0;
    unknown += step == kNodata ? 1 : 0;
    sum += known;
    squares += known * known;
    least = std::min(least, step);
  }
  confidence_count_ += steps.size() - unknown;
  confidence_sum_ += sum;
  confidence_squares_ += squares;
  confidence_least_ = std::min(confidence_least_, least);
}

void PixelSums::add_elevation(const PixelRow& row, std::size_t begin, std::size_t end) {
  float least = std::numeric_limits<float>::infinity();
  float most = -least;
  std::int64_t count = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const float value = row.elevation_m[i];
    if (!known(row, i) || !is_finite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
    ++count;
  }
  elevation_.add(least, most, count);
}

void PixelSums::add_slope(const PixelRow& row, std::size_t begin, std::size_t end) {
  float least = std::numeric_limits<float>::infinity();
  float most = -least;
  std::int64_t count = 0;
  std::int64_t sum = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const float value = row.slope_deg[i];
    if (!known(row, i) || !is_finite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
    sum += ExactSum::steps(value);
    ++count;
  }
  slope_.add(least, most, count);
  slope_sum_.add_steps(sum);
}

void PixelSums::add_downhill(const PixelRow& row, std::size_t begin, std::size_t end) {
  std::int64_t east = 0;
  std::int64_t north = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const double rise_east = row.gradient_east[i];
    const double rise_north = row.gradient_north[i];
    const double share = -row.slope_deg[i] / std::sqrt(rise_east * rise_east + rise_north * rise_north);
    if (!known(row, i) || !is_finite(share)) continue;
    east += ExactSum::steps(share * rise_east);
    north += ExactSum::steps(share * rise_north);
  }
  downhill_east_.add_steps(east);
  downhill_north_.add_steps(north);
}

void PixelSums::merge(const PixelSums& other) {
  pixels_ += other.pixels_;
  at_edge_ = at_edge_ || other.at_edge_;
  confidence_count_ += other.confidence_count_;
  confidence_sum_ += other.confidence_sum_;
  confidence_squares_ += other.confidence_squares_;
  confidence_least_ = std::min(confidence_least_, other.confidence_least_);
  elevation_.merge(other.elevation_);
  slope_.merge(other.slope_);
  slope_sum_.merge(other.slope_sum_);
  downhill_east_.merge(other.downhill_east_);
  downhill_north_.merge(other.downhill_north_);
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
  const double weights = slope_sum_.value();
  if (weights == 0 || resultant < kLeastResultant * weights) return std::nullopt;
  return Direction{east / resultant, north / resultant};
}

}  // namespace scarp::vector
