// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/pixel_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace scarp::vector {
namespace {

constexpr std::size_t kRows = 40;
constexpr std::size_t kCols = 60;

/// Planes with unknown pixels in all of them.
struct Planes {
  std::vector<std::uint8_t> confidence, valid;
  std::vector<float> elevation, slope, east, north;

  explicit Planes(unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> height(-4000, 21000);
    std::uniform_real_distribution<float> angle(0, 89);
    std::normal_distribution<float> rise(0.1F, 0.4F);
    const float unknown = std::numeric_limits<float>::quiet_NaN();
    const auto sometimes = [&](float value) { return random() % 11 == 0 ? unknown : value; };
    for (std::size_t i = 0; i < kRows * kCols; ++i) {
      confidence.push_back(random() % 9 == 0 ? 255 : static_cast<std::uint8_t>(random() % 255));
      valid.push_back(random() % 7 != 0);
      elevation.push_back(sometimes(height(random)));
      slope.push_back(sometimes(angle(random)));
      east.push_back(sometimes(rise(random)));
      north.push_back(sometimes(random() % 5 == 0 ? 0 : rise(random)));
    }
  }

  PixelRow row(std::size_t i) const {
    const auto part = [&](const auto& plane) { return std::span(plane).subspan(i * kCols, kCols); };
    return {part(confidence), part(elevation), part(slope), part(east), part(north), part(valid)};
  }
};

struct PixelRun {
  std::size_t row, begin, end;
};

std::vector<PixelRun> random_runs(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<PixelRun> runs;
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t begin = random() % 9; begin < kCols;) {
      const std::size_t end = std::min<std::size_t>(kCols, begin + 1 + random() % 12);
      runs.push_back({row, begin, end});
      begin = end + 1 + random() % 9;
    }
  }
  return runs;
}

PixelSums sums_of(const Planes& planes, std::span<const PixelRun> runs) {
  PixelSums sums;
  for (const PixelRun& run : runs) sums.add_run(planes.row(run.row), run.begin, run.end);
  return sums;
}

TEST(PixelSums, AreThoseOfADirectComputation) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Planes planes(seed);
    const std::vector<PixelRun> runs = random_runs(seed);
    std::vector<double> confidence;
    std::vector<double> elevation;
    std::vector<double> slope;
    double east = 0;
    double north = 0;
    std::int64_t pixels = 0;
    for (const PixelRun& run : runs) {
      for (std::size_t i = run.row * kCols + run.begin; i < run.row * kCols + run.end; ++i, ++pixels) {
        if (planes.confidence[i] != 255) confidence.push_back(planes.confidence[i] / 254.0);
        if (planes.valid[i] == 0) continue;
        if (std::isfinite(planes.elevation[i])) elevation.push_back(planes.elevation[i]);
        if (std::isfinite(planes.slope[i])) slope.push_back(planes.slope[i]);
        const double rise = std::hypot(double{planes.east[i]}, double{planes.north[i]});
        if (!std::isfinite(rise) || !std::isfinite(planes.slope[i]) || rise == 0) continue;
        east -= double{planes.slope[i]} * planes.east[i] / rise;
        north -= double{planes.slope[i]} * planes.north[i] / rise;
      }
    }
    const auto mean = [](const std::vector<double>& values) {
      double sum = 0;
      for (const double value : values) sum += value;
      return sum / static_cast<double>(values.size());
    };
    double squares = 0;
    for (const double p : confidence) squares += (p - mean(confidence)) * (p - mean(confidence));
    const PixelSums sums = sums_of(planes, runs);
    EXPECT_EQ(sums.pixels(), pixels);
    EXPECT_NEAR(sums.confidence()->mean, mean(confidence), 1e-14);
    EXPECT_EQ(sums.confidence()->least, *std::min_element(confidence.begin(), confidence.end()));
    EXPECT_NEAR(sums.confidence()->deviation, std::sqrt(squares / static_cast<double>(confidence.size())),
                1e-13);
    EXPECT_EQ(sums.elevation()->least, *std::min_element(elevation.begin(), elevation.end()));
    EXPECT_EQ(sums.elevation()->most, *std::max_element(elevation.begin(), elevation.end()));
    EXPECT_NEAR(sums.slope()->mean, mean(slope), 1e-12);
    EXPECT_EQ(sums.slope()->most, *std::max_element(slope.begin(), slope.end()));
    EXPECT_NEAR(sums.downhill()->east, east / std::hypot(east, north), 1e-11);
    EXPECT_NEAR(sums.downhill()->north, north / std::hypot(east, north), 1e-11);
  }
}

TEST(PixelSums, DoNotDependOnOrderOrBandsBitForBit) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Planes planes(seed);
    std::vector<PixelRun> runs = random_runs(seed);
    const PixelSums whole = sums_of(planes, runs);
    std::mt19937 random(seed);
    std::shuffle(runs.begin(), runs.end(), random);
    std::vector<PixelSums> bands(1 + seed % 7);
    for (const PixelRun& run : runs)
      bands[random() % bands.size()].add_run(planes.row(run.row), run.begin, run.end);
    PixelSums merged;
    for (const PixelSums& band : bands) merged.merge(band);
    EXPECT_TRUE(merged == whole) << seed;
    EXPECT_EQ(merged.slope()->mean, whole.slope()->mean);
    EXPECT_EQ(merged.downhill()->east, whole.downhill()->east);
  }
}

TEST(PixelSums, OfNothingAreUnknown) {
  PixelSums sums;
  sums.merge({});
  EXPECT_FALSE(sums.confidence() || sums.elevation() || sums.slope() || sums.downhill());
  const std::vector<std::uint8_t> nodata(5, 255);
  sums.add_run({nodata, {}, {}, {}, {}, {}}, 0, 5);
  EXPECT_EQ(sums.pixels(), 5);
  EXPECT_FALSE(sums.confidence());
}

TEST(ExactSum, HoldsFloatsExactly) {
  ExactSum sum;
  for (const float value : {37.123456F, 89.99999F, 0.00002F, -12.5F}) sum.add(value);
  EXPECT_EQ(sum.value(), double{37.123456F} + double{89.99999F} + double{0.00002F} + double{-12.5F});
  ExactSum large;
  for (int i = 0; i < 100000000; i += 1000000) {
    ExactSum million;
    million.add(90);
    for (int k = 0; k < 20; ++k) {
      const ExactSum copy = million;
      million.merge(copy);
    }
    large.merge(million);
  }
  EXPECT_EQ(large.value(), 90.0 * 100 * (1 << 20));
}

TEST(ExactSum, TakesNumbersThatAreNoAnglesAsTheirLimit) {
  ExactSum sum;
  sum.add(1e300);
  EXPECT_EQ(sum.value(), 1 << 10);
}

}  // namespace
}  // namespace scarp::vector
