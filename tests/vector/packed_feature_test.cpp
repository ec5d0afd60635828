// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/packed_feature.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace scarp::vector {
namespace {

using Fields = std::vector<std::uint8_t>;

struct Feature {
  std::vector<geo::MapPoint> points;
  std::vector<std::uint32_t> ring_ends, part_ends;
  Fields fields;
  ShapeView shape() const { return {points, ring_ends, part_ends}; }
};

/// Bits of all coordinates: 0 and -0 are different.
std::vector<std::uint64_t> bits_of(std::span<const geo::MapPoint> points) {
  std::vector<std::uint64_t> bits;
  for (const geo::MapPoint& point : points) {
    bits.push_back(std::bit_cast<std::uint64_t>(point.x));
    bits.push_back(std::bit_cast<std::uint64_t>(point.y));
  }
  return bits;
}

void expect_same(const UnpackedFeature& unpacked, const Feature& feature) {
  EXPECT_EQ(bits_of(unpacked.shape().points), bits_of(feature.points));
  EXPECT_TRUE(std::ranges::equal(unpacked.shape().ring_ends, feature.ring_ends));
  EXPECT_TRUE(std::ranges::equal(unpacked.shape().part_ends, feature.part_ends));
  EXPECT_TRUE(std::ranges::equal(unpacked.fields(), feature.fields));
}

Feature random_feature(std::mt19937_64& random) {
  Feature feature;
  const double step = std::exp2(static_cast<double>(random() % 30) - 20);
  const auto coordinate = [&]() -> double {
    if (random() % 20 == 0) return std::bit_cast<double>(random());  // any number and none
    return 300000 + step * static_cast<double>(random() % 4096);
  };
  for (std::size_t part = 0; part < 1 + random() % 3; ++part) {
    for (std::size_t ring = 0; ring < 1 + random() % 3; ++ring) {
      for (std::size_t i = 0; i < 4 + random() % 20; ++i)
        feature.points.push_back({coordinate(), coordinate()});
      feature.ring_ends.push_back(static_cast<std::uint32_t>(feature.points.size()));
    }
    feature.part_ends.push_back(static_cast<std::uint32_t>(feature.ring_ends.size()));
  }
  feature.fields.resize(kLeastFieldBytes + random() % 50);
  for (std::uint8_t& byte : feature.fields) byte = static_cast<std::uint8_t>(random());
  return feature;
}

TEST(PackedFeature, IsTheSameBitForBitOnceUnpacked) {
  std::mt19937_64 random(3);
  UnpackedFeature unpacked;
  ByteBuffer bytes;
  for (int i = 0; i < 2000; ++i) {
    const Feature feature = random_feature(random);
    bytes.clear();
    pack_feature(bytes, feature.shape(), feature.fields);
    unpacked.unpack(bytes.bytes());
    expect_same(unpacked, feature);
  }
}

TEST(PackedFeature, OfSpecialNumbersIsTheSame) {
  constexpr double kLeast = std::numeric_limits<double>::denorm_min();
  constexpr double kMost = std::numeric_limits<double>::max();
  const double none = std::numeric_limits<double>::quiet_NaN();
  const Feature feature{
      {{0, -0.0}, {-0.0, 0}, {kLeast, -kMost}, {none, 1 / kLeast}, {none, -1}}, {5}, {1}, Fields(8, 7)};
  ByteBuffer bytes;
  pack_feature(bytes, feature.shape(), feature.fields);
  UnpackedFeature unpacked;
  unpacked.unpack(bytes.bytes());
  expect_same(unpacked, feature);
}

TEST(PackedFeature, OfPixelBordersTakesAThirdOfItsPoints) {
  Feature feature;
  for (int i = 0; i < 1000; ++i) {
    const double x = 300000 + 2 * i;
    feature.points.push_back({x, 3200000.0 - 2 * (i % 7)});
    feature.points.push_back({x + 2, 3200000.0 - 2 * (i % 7)});
  }
  feature.points.push_back(feature.points.front());
  feature.ring_ends = {static_cast<std::uint32_t>(feature.points.size())};
  feature.part_ends = {1};
  feature.fields.assign(kLeastFieldBytes, 0);
  ByteBuffer bytes;
  pack_feature(bytes, feature.shape(), feature.fields);
  EXPECT_LT(bytes.size(), feature.points.size() * sizeof(geo::MapPoint) / 3);
}

}  // namespace
}  // namespace scarp::vector
