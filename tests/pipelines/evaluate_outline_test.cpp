// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_outline.h"

#include <cmath>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "pipelines/error.h"
#include "tests/support/ascii_raster.h"

namespace scarp::pipelines {
namespace {

struct Masks {
  std::int64_t rows = 0, cols = 0;
  std::vector<std::uint8_t> predicted, labelled;
};

Masks drawn(std::string_view predicted, std::string_view labelled) {
  const test::AsciiRaster p = test::ascii_raster(predicted);
  return {p.rows, p.cols, p.pixels, test::ascii_raster(labelled).pixels};
}

OutlineCounts counted(std::span<const std::uint8_t> flags) {
  OutlineCounts counts;
  for (const std::uint8_t flag : flags) {
    counts.predicted += (flag & OutlineMatcher::kPredicted) != 0 ? 1 : 0;
    counts.labelled += (flag & OutlineMatcher::kLabelled) != 0 ? 1 : 0;
    counts.predicted_near += (flag & OutlineMatcher::kPredictedNear) != 0 ? 1 : 0;
    counts.labelled_near += (flag & OutlineMatcher::kLabelledNear) != 0 ? 1 : 0;
  }
  return counts;
}

std::vector<std::uint8_t> flags_of(const Masks& masks, int tolerance) {
  std::vector<std::uint8_t> flags;
  OutlineMatcher matcher(masks.cols, tolerance, [&](std::span<const std::uint8_t> row) {
    flags.insert(flags.end(), row.begin(), row.end());
  });
  const auto cols = static_cast<std::size_t>(masks.cols);
  for (std::size_t first = 0; first < masks.predicted.size(); first += cols) {
    matcher.push(std::span(masks.predicted).subspan(first, cols),
                 std::span(masks.labelled).subspan(first, cols));
  }
  matcher.finish();
  return flags;
}

OutlineCounts matched(const Masks& masks, int tolerance) {
  return counted(flags_of(masks, tolerance));
}

/// The same by definition: all pairs of pixels of the whole raster.
std::vector<std::uint8_t> slow_flags(const Masks& m, int tolerance) {
  const auto at = [&](std::int64_t row, std::int64_t col) {
    return static_cast<std::size_t>(row * m.cols + col);
  };
  const auto inside = [&](std::int64_t row, std::int64_t col) {
    return row >= 0 && col >= 0 && row < m.rows && col < m.cols && m.predicted[at(row, col)] != 255 &&
           m.labelled[at(row, col)] != 255;
  };
  const auto outline = [&](const std::vector<std::uint8_t>& mask, std::int64_t row, std::int64_t col) {
    if (!inside(row, col) || mask[at(row, col)] == 0) return false;
    for (const auto& [r, c] : {std::pair{row - 1, col}, {row + 1, col}, {row, col - 1}, {row, col + 1}}) {
      if (inside(r, c) && mask[at(r, c)] == 0) return true;
    }
    return false;
  };
  const auto near = [&](const std::vector<std::uint8_t>& mask, std::int64_t row, std::int64_t col) {
    for (std::int64_t r = 0; r < m.rows; ++r) {
      for (std::int64_t c = 0; c < m.cols; ++c) {
        if (std::hypot(r - row, c - col) <= tolerance && outline(mask, r, c)) return true;
      }
    }
    return false;
  };
  std::vector<std::uint8_t> flags(m.predicted.size(), 0);
  for (std::int64_t row = 0; row < m.rows; ++row) {
    for (std::int64_t col = 0; col < m.cols; ++col) {
      std::uint8_t& flag = flags[at(row, col)];
      if (outline(m.predicted, row, col)) flag |= OutlineMatcher::kPredicted;
      if (outline(m.labelled, row, col)) flag |= OutlineMatcher::kLabelled;
      if ((flag & OutlineMatcher::kPredicted) != 0 && near(m.labelled, row, col))
        flag |= OutlineMatcher::kPredictedNear;
      if ((flag & OutlineMatcher::kLabelled) != 0 && near(m.predicted, row, col))
        flag |= OutlineMatcher::kLabelledNear;
    }
  }
  return flags;
}

TEST(OutlineMatcher, CountsDrawnOutlines) {
  const Masks masks = drawn(R"(
      .......
      .###...
      .###...
      .###...
      .......
  )",
                            R"(
      .......
      ...###.
      ...###.
      ...###.
      .......
  )");
  const OutlineCounts touching = matched(masks, 1);
  EXPECT_EQ(touching.predicted, 8);
  EXPECT_EQ(touching.labelled, 8);
  EXPECT_EQ(touching.predicted_near, 5) << "its right column, and the middles of its upper and lower side";
  EXPECT_EQ(touching.labelled_near, 5);
  EXPECT_DOUBLE_EQ(touching.f1(), 5.0 / 8);
  EXPECT_EQ(matched(masks, 0).predicted_near, 3);
  EXPECT_DOUBLE_EQ(matched(masks, 2).f1(), 1);
}

TEST(OutlineMatcher, MeasuresDistancesBetweenCentresAsTheCrowFlies) {
  const Masks masks = drawn("#....\n.....\n.....\n.....\n.....", ".....\n.....\n..#..\n.....\n.....");
  EXPECT_EQ(matched(masks, 2).predicted_near, 0) << "2.83 pixels apart";
  EXPECT_EQ(matched(masks, 3).predicted_near, 1);
}

TEST(OutlineMatcher, TakesNoBorderOfTheLabelledGroundForAnOutline) {
  const OutlineCounts counts = matched(drawn("##?\n##?\n??.", "##?\n##?\n???"), 2);
  EXPECT_EQ(counts.predicted, 0);
  EXPECT_EQ(counts.labelled, 0);
  EXPECT_EQ(counts.f1(), 0);
}

TEST(OutlineMatcher, IsPerfectForAMapThatIsItsLabels) {
  const OutlineCounts counts = matched(drawn("....\n.##.\n....", "....\n.##.\n...."), 0);
  EXPECT_EQ(counts.predicted, 2);
  EXPECT_EQ(counts.f1(), 1);
}

TEST(OutlineMatcher, AgreesWithTheDefinitionOnRandomMasks) {
  std::mt19937_64 random(7);
  for (int trial = 0; trial < 60; ++trial) {
    Masks masks;
    masks.rows = 1 + static_cast<std::int64_t>(random() % 12);
    masks.cols = 1 + static_cast<std::int64_t>(random() % 12);
    const auto pixel = [&] {
      const auto value = random() % 10;
      return static_cast<std::uint8_t>(value == 0 ? 255 : value < 5 ? 1 : 0);
    };
    for (std::int64_t i = 0; i < masks.rows * masks.cols; ++i) {
      masks.predicted.push_back(pixel());
      masks.labelled.push_back(pixel());
    }
    const int tolerance = static_cast<int>(random() % 6);
    ASSERT_EQ(flags_of(masks, tolerance), slow_flags(masks, tolerance)) << "trial " << trial;
  }
}

TEST(OutlineMatcher, RefusesAToleranceThatIsNoDistance) {
  for (const int tolerance : {-1, 51}) {
    try {
      OutlineMatcher matcher(4, tolerance, {});
      ADD_FAILURE() << "not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), Fault::usage);
      EXPECT_NE(std::string(error.what()).find("0 to 50 pixels"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace scarp::pipelines
