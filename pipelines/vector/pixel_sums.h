// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "pipelines/vector/exact_sum.h"

namespace scarp::vector {

/// What is known along one row of pixels; empty spans are unknown, the others are of one length.
struct PixelRow {
  std::span<const std::uint8_t> confidence;  ///< p = value / 254; 255 nodata
  std::span<const float> elevation_m;
  std::span<const float> slope_deg;
  std::span<const float> gradient_east;  ///< rise a metre
  std::span<const float> gradient_north;
  std::span<const std::uint8_t> terrain_valid;
};

/// A direction on the ground, of length 1.
struct Direction {
  double east = 0;
  double north = 0;
};

/// Sums over the pixels of an object. They are integers, least and greatest values: the object's pixels may
/// come run by run in any order, in any number of bands whose sums are merged at their seams, and the answer
/// is the same, bit for bit.
class PixelSums {
 public:
  /// Adds the pixels [begin, end) of a row.
  void add_run(const PixelRow& row, std::size_t begin, std::size_t end);
  /// What lies beside one of the pixels is not known.
  void set_at_edge() { at_edge_ = true; }
  void merge(const PixelSums& other);

  std::int64_t pixels() const { return pixels_; }
  bool at_edge() const { return at_edge_; }

  struct Confidence {
    double mean, least, deviation;  ///< deviation of the population
  };
  std::optional<Confidence> confidence() const;

  struct Range {
    double least, most;
  };
  std::optional<Range> elevation() const;

  struct Slope {
    double mean, most;  ///< degrees
  };
  std::optional<Slope> slope() const;

  /// The circular mean of the downhill directions, each weighted by its slope angle (Mardia and Jupp 2000,
  /// Directional Statistics, section 2.2); both must be known. None where the ground is flat or its
  /// directions cancel out.
  std::optional<Direction> downhill() const;

  bool operator==(const PixelSums&) const = default;

 private:
  /// Greatest and least of floats, none at first.
  struct FloatRange {
    std::int64_t count = 0;
    float least = 0;
    float most = 0;
    void add(float low, float high, std::int64_t values);
    void merge(const FloatRange& other);
    bool operator==(const FloatRange&) const = default;
  };

  void add_confidence(std::span<const std::uint8_t> steps);
  void add_elevation(const PixelRow& row, std::size_t begin, std::size_t end);
  void add_slope(const PixelRow& row, std::size_t begin, std::size_t end);
  void add_downhill(const PixelRow& row, std::size_t begin, std::size_t end);

  std::int64_t pixels_ = 0;
  bool at_edge_ = false;
  std::uint64_t confidence_count_ = 0;
  std::uint64_t confidence_sum_ = 0;      ///< in steps of 1 / 254
  std::uint64_t confidence_squares_ = 0;  ///< likewise, squared
  std::uint8_t confidence_least_ = 255;
  FloatRange elevation_;
  FloatRange slope_;
  ExactSum slope_sum_;  ///< also the weight of all directions
  ExactSum downhill_east_;
  ExactSum downhill_north_;
};

}  // namespace scarp::vector
