// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace scarp::datasets {

/// A 64-bit mixer (the finaliser of SplitMix64; Steele et al. 2014): neighbouring numbers give unrelated
/// ones.
constexpr std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

/// The seed of a named part of a scene: parts do not disturb each other when one of them draws more numbers.
constexpr std::uint64_t part_seed(std::uint64_t seed, std::uint64_t part) {
  return mixed(mixed(seed) ^ part);
}

/// Random numbers that are the same on every platform: the distributions of std are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mixed(seed)) {}
  std::uint64_t bits() { return mixed(state_++); }
  /// [0, 1) with 53 bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// 0 .. count - 1; the bias is below count / 2^64.
  std::uint64_t below(std::uint64_t count) { return bits() % count; }

 private:
  std::uint64_t state_;
};

}  // namespace scarp::datasets
