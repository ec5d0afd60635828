// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "nn/model_card.h"

namespace scarp::nn {

/// One of the eight flips and quarter turns: first `quarter_turns` counter-clockwise, then, if `mirror`, east
/// and west change places.
struct Turn {
  int quarter_turns = 0;  ///< 0..3
  bool mirror = false;
};

/// Turns the pixels of [..., H, W].
at::Tensor turn_pixels(const at::Tensor& planes, const Turn& turn);

/// A rotation about the middle of a window and a zoom.
struct Warp {
  double angle = 0;  ///< counter-clockwise, radians
  double scale = 1;  ///< above 1: the middle is seen larger
  bool is_identity() const { return angle == 0 && scale == 1; }
};

/// Samples planes [C, H, W] between pixels (bilinear); what lies beyond the window is 0. A pixel that is not
/// valid takes no part: the others are weighted as if it were not there.
/// @param valid  [1, H, W], 0 or 1; becomes 1 where at least half of the weight is on valid pixels
void warp_pixels(at::Tensor& planes, at::Tensor& valid, const Warp& warp);
/// Nearest label [H, W]; `outside` beyond the window.
at::Tensor warp_labels(const at::Tensor& labels, const Warp& warp, std::int64_t outside);

/// Turns terrain planes [C, H, W]: the pixels, and what points east or north (gradient_*, northness,
/// eastness) as a vector with them.
class TerrainTurner {
 public:
  /// @throws Error (bad_argument) for channels that cannot be turned (hillshade: its light stays; aspect: an
  /// angle that wraps), or half of a pair
  explicit TerrainTurner(const std::vector<ChannelSpec>& channels);
  at::Tensor operator()(const at::Tensor& planes, const Turn& turn) const;
  /// What points east or north after the pixels were rotated by `angle`, counter-clockwise, radians.
  at::Tensor rotate_vectors(const at::Tensor& planes, double angle) const;

 private:
  struct Pair {
    std::int64_t east;
    std::int64_t north;
  };
  std::vector<Pair> pairs_;
};

/// Relative brightness and contrast jitter of normalised optical planes [C, H, W] around 0: x -> x (1 + a) +
/// b, |a|, |b| <= strength.
at::Tensor jitter(const at::Tensor& optical, double strength, std::mt19937_64& random);

/// A generator for one sample of one pass: the same numbers whoever asks, whenever.
std::mt19937_64 sample_generator(std::uint64_t seed, std::int64_t epoch, std::int64_t index);

/// A number in [0, 1) from 53 bits: the standard's distributions differ between libraries.
double uniform(std::mt19937_64& random);

}  // namespace scarp::nn
