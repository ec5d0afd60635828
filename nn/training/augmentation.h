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

/// Turns terrain planes [C, H, W]: the pixels, and what points east or north (gradient_*, northness,
/// eastness) as a vector with them.
class TerrainTurner {
 public:
  /// @throws Error (bad_argument) for channels that cannot be turned (hillshade: its light stays; aspect: an
  /// angle that wraps), or half of a pair
  explicit TerrainTurner(const std::vector<ChannelSpec>& channels);
  at::Tensor operator()(const at::Tensor& planes, const Turn& turn) const;

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
