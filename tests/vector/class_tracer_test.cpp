// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/class_tracer.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/vector/error.h"
#include "tests/support/ascii_raster.h"
#include "tests/vector/gdal_polygons.h"

namespace scarp::vector {
namespace {

using test::ascii_raster;
using test::AsciiRaster;
using testing::ElementsAre;
using testing::HasSubstr;

/// An object that keeps what it was handed out with.
struct Kept {
  int value = 0;
  std::int64_t pixels = 0;
  geo::Window window;
  int first_col = 0;
  std::vector<std::vector<std::vector<Corner>>> parts;  ///< rings of each
  std::vector<std::uint8_t> junctions;
  bool operator==(const Kept&) const = default;
};

Kept keep(const TracedObject& object) {
  Kept kept{object.value, object.pixels, object.window, object.first_col, {}, {}};
  std::size_t ring = 0;
  for (const std::uint32_t end : object.part_ends) {
    kept.parts.emplace_back();
    for (; ring < end; ++ring) {
      const auto corners = object.ring(ring);
      kept.parts.back().emplace_back(corners.begin(), corners.end());
    }
  }
  kept.junctions.assign(object.junctions.begin(), object.junctions.end());
  return kept;
}

template <typename T>
std::vector<Kept> traced(const std::vector<T>& pixels, std::int64_t cols, const TracerOptions& options) {
  std::vector<Kept> objects;
  ClassTracer<T> tracer(cols, options, [&](const TracedObject& object) { objects.push_back(keep(object)); });
  tracer.push(pixels);
  tracer.finish();
  return objects;
}

TracerOptions rules(bool eight, std::optional<int> nodata = 0, std::int64_t band_rows = 0) {
  TracerOptions options;
  options.rules.eight_connected = eight;
  options.rules.nodata = nodata;
  options.band_rows = band_rows;
  return options;
}

std::string drawn(const std::vector<Corner>& ring) {
  std::string text;
  for (const Corner& corner : ring) {
    text += (text.empty() ? "" : " ") + std::to_string(corner.row) + "," + std::to_string(corner.col);
  }
  return text;
}

/// Each part as its rings with " | " between, parts with " + " between.
std::string drawn(const Kept& object) {
  std::string text;
  for (const auto& part : object.parts) {
    text += text.empty() ? "" : " + ";
    for (std::size_t i = 0; i < part.size(); ++i) text += (i > 0 ? " | " : "") + drawn(part[i]);
  }
  return text;
}

std::vector<std::string> drawn(const std::vector<Kept>& objects) {
  std::vector<std::string> texts;
  for (const Kept& object : objects) texts.push_back(drawn(object));
  return texts;
}

// --- The oracle: flood fill, which shares nothing with the tracer. ---

struct Flooded {
  int value = 0;
  std::vector<std::size_t> pixels;  ///< sorted
};

std::vector<Flooded> flooded(const AsciiRaster& raster, bool eight, std::optional<int> nodata) {
  std::vector<Flooded> objects;
  std::vector<bool> seen(raster.pixels.size());
  for (std::int64_t start = 0; start < raster.rows * raster.cols; ++start) {
    const int value = raster.pixels[static_cast<std::size_t>(start)];
    if (seen[static_cast<std::size_t>(start)] || value == nodata) continue;
    Flooded object{value, {}};
    std::vector<std::int64_t> open = {start};
    seen[static_cast<std::size_t>(start)] = true;
    while (!open.empty()) {
      const std::int64_t i = open.back();
      open.pop_back();
      object.pixels.push_back(static_cast<std::size_t>(i));
      for (std::int64_t dr = -1; dr <= 1; ++dr) {
        for (std::int64_t dc = -1; dc <= 1; ++dc) {
          if (!eight && dr != 0 && dc != 0) continue;
          const std::int64_t r = i / raster.cols + dr, c = i % raster.cols + dc;
          if (r < 0 || c < 0 || r >= raster.rows || c >= raster.cols) continue;
          const auto next = static_cast<std::size_t>(r * raster.cols + c);
          if (seen[next] || raster.pixels[next] != value) continue;
          seen[next] = true;
          open.push_back(static_cast<std::int64_t>(next));
        }
      }
    }
    std::sort(object.pixels.begin(), object.pixels.end());
    objects.push_back(object);
  }
  const auto last_row = [&](const Flooded& o) {
    return o.pixels.back() / static_cast<std::size_t>(raster.cols);
  };
  std::stable_sort(objects.begin(), objects.end(),
                   [&](const Flooded& a, const Flooded& b) { return last_row(a) < last_row(b); });
  return objects;
}

/// Why rings are not those of a valid polygon of one 4-connected part, or nothing. Together with the right
/// pixels: a ring that is simple and turns at every corner, and rings that do not cross for they follow pixel
/// edges.
std::string complaint(const std::vector<std::vector<Corner>>& part) {
  for (std::size_t r = 0; r < part.size(); ++r) {
    const auto& ring = part[r];
    if (std::set<Corner>(ring.begin(), ring.end()).size() != ring.size()) return "a ring meets itself";
    if (std::min_element(ring.begin(), ring.end()) != ring.begin()) return "a ring starts elsewhere";
    if ((test::signed_pixels(ring) > 0) != (r == 0)) return "a ring runs the wrong way";
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const Corner &a = ring[i], &b = ring[(i + 1) % ring.size()], &c = ring[(i + 2) % ring.size()];
      const bool along_row = a.row == b.row;
      if (along_row == (a.col == b.col)) return "an edge is oblique";
      if (along_row == (b.row == c.row)) return "a corner lies on a straight edge";
    }
    if (r > 1 && part[r] < part[r - 1]) return "holes are not sorted";
  }
  return {};
}

/// The pixels inside, by counting crossings to the left of their centres.
std::vector<std::size_t> inside(const std::vector<std::vector<Corner>>& rings,
                                std::int64_t rows,
                                std::int64_t cols) {
  std::vector<int> crossings(static_cast<std::size_t>(rows * (cols + 1)));
  for (const auto& ring : rings) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const Corner &a = ring[i], &b = ring[(i + 1) % ring.size()];
      for (int row = std::min(a.row, b.row); row < std::max(a.row, b.row); ++row) {
        ++crossings[static_cast<std::size_t>(row * (cols + 1) + a.col)];
      }
    }
  }
  std::vector<std::size_t> pixels;
  for (std::int64_t row = 0; row < rows; ++row) {
    int left = 0;
    for (std::int64_t col = 0; col < cols; ++col) {
      left += crossings[static_cast<std::size_t>(row * (cols + 1) + col)];
      if (left % 2 == 1) pixels.push_back(static_cast<std::size_t>(row * cols + col));
    }
  }
  return pixels;
}

/// 4-connected parts of some pixels.
std::size_t count_parts(const std::vector<std::size_t>& pixels, const AsciiRaster& raster) {
  AsciiRaster alone{raster.rows, raster.cols, std::vector<std::uint8_t>(raster.pixels.size())};
  for (const std::size_t i : pixels) alone.pixels[i] = 1;
  return flooded(alone, false, 0).size();
}

void expect_oracle(const AsciiRaster& raster, bool eight, std::optional<int> nodata, std::int64_t band_rows) {
  const auto expected = flooded(raster, eight, nodata);
  const auto objects = traced(raster.pixels, raster.cols, rules(eight, nodata, band_rows));
  ASSERT_EQ(objects.size(), expected.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    std::vector<std::size_t> pixels;
    for (const auto& part : objects[i].parts) {
      ASSERT_EQ(complaint(part), "") << drawn(objects[i]);
      const auto of_part = inside(part, raster.rows, raster.cols);
      ASSERT_EQ(count_parts(of_part, raster), 1U);
      pixels.insert(pixels.end(), of_part.begin(), of_part.end());
    }
    std::sort(pixels.begin(), pixels.end());
    ASSERT_EQ(pixels, expected[i].pixels) << drawn(objects[i]);
    ASSERT_EQ(objects[i].parts.size(), count_parts(pixels, raster));
    ASSERT_EQ(objects[i].pixels, static_cast<std::int64_t>(pixels.size()));
    ASSERT_EQ(objects[i].value, expected[i].value);
    ASSERT_EQ(objects[i].window.row * raster.cols + objects[i].first_col,
              static_cast<std::int64_t>(pixels.front()));
  }
}

AsciiRaster numbered(unsigned number, std::int64_t side) {
  AsciiRaster raster{side, side, {}};
  for (int i = 0; i < side * side; ++i) raster.pixels.push_back((number >> i) & 1U);
  return raster;
}

AsciiRaster random_raster(std::mt19937& random,
                          std::int64_t rows,
                          std::int64_t cols,
                          int values,
                          double calm) {
  AsciiRaster raster{rows, cols, {}};
  std::uniform_real_distribution<double> share(0, 1);
  std::uniform_int_distribution<int> any(0, values - 1);
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    const bool as_left = i % cols > 0 && share(random) < calm;
    const bool as_above = i >= cols && share(random) < calm;
    const auto at = raster.pixels.end();
    raster.pixels.push_back(as_left    ? *(at - 1)
                            : as_above ? *(at - cols)
                                       : static_cast<std::uint8_t>(any(random)));
  }
  return raster;
}

TEST(ClassTracer, EveryMaskOf3x3GivesTheFloodedObjects) {
  for (unsigned number = 0; number < 512; ++number) {
    for (const bool eight : {false, true}) {
      for (const std::optional<int> nodata : {std::optional<int>(0), std::optional<int>()}) {
        for (const int band_rows : {1, 2, 3}) expect_oracle(numbered(number, 3), eight, nodata, band_rows);
      }
    }
    ASSERT_FALSE(HasFailure()) << number;
  }
}

TEST(ClassTracer, EveryMaskOf4x4GivesTheFloodedObjects) {
  for (unsigned number = 0; number < 65536; ++number) {
    expect_oracle(numbered(number, 4), false, 0, 1 + number % 4);
    expect_oracle(numbered(number, 4), true, 0, 1 + (number / 4) % 4);
    ASSERT_FALSE(HasFailure()) << number;
  }
}

TEST(ClassTracer, RandomRastersOfSeveralClassesGiveTheFloodedObjects) {
  std::mt19937 random(3);
  for (int round = 0; round < 2500; ++round) {
    const AsciiRaster raster =
        random_raster(random, 1 + round % 13, 1 + (round / 3) % 90, 2 + round % 4, 0.2 * (round % 5));
    expect_oracle(raster, round % 2 == 1, round % 3 == 0 ? std::nullopt : std::optional<int>(0),
                  1 + round % 5);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
}

TEST(ClassTracer, FourConnectedPolygonsAreThoseOfGdalRingForRing) {
  std::mt19937 random(5);
  for (int round = 0; round < 1200; ++round) {
    const AsciiRaster raster =
        random_raster(random, 1 + round % 23, 1 + (round / 2) % 80, 2 + round % 4, 0.2 * (round % 5));
    const int nodata = round % 2 == 0 ? 0 : 255;
    std::vector<test::GdalPolygon> ours;
    for (const Kept& object : traced(raster.pixels, raster.cols, rules(false, nodata, 4))) {
      ours.push_back({object.value, object.parts.front()});
    }
    std::sort(ours.begin(), ours.end());
    const auto theirs = test::gdal_polygons(static_cast<int>(raster.rows), static_cast<int>(raster.cols),
                                            raster.pixels, nodata);
    ASSERT_EQ(ours.size(), theirs.size()) << "round " << round;
    ASSERT_EQ(ours, theirs) << "round " << round;
  }
}

TEST(ClassTracer, ObjectsDoNotDependOnTheBandsNorOnTheThreads) {
  std::mt19937 random(9);
  for (int round = 0; round < 40; ++round) {
    const AsciiRaster raster = random_raster(random, 21, 150, 2 + round % 3, 0.9);
    for (const bool eight : {false, true}) {
      TracerOptions options = rules(eight, round % 2 == 0 ? std::optional<int>(0) : std::nullopt, 21);
      options.rules.junctions = round % 3 == 0;
      const auto whole = traced(raster.pixels, raster.cols, options);
      for (const int bands : {2, 3, 7}) {
        options.band_rows = 21 / bands;
        EXPECT_EQ(traced(raster.pixels, raster.cols, options), whole);
        for (const int workers : {1, 3}) {
          options.workers = workers;
          std::vector<Kept> objects;
          trace_classes<std::uint8_t>(
              raster.rows, raster.cols, options,
              [&](std::int64_t row, std::int64_t rows, std::uint8_t* to) {
                std::copy_n(raster.pixels.begin() + row * raster.cols, rows * raster.cols, to);
              },
              [&](const TracedObject& object) { objects.push_back(keep(object)); });
          EXPECT_EQ(objects, whole);
        }
      }
    }
  }
}

TEST(ClassTracer, TypesOfPixelsChangeNothing) {
  std::mt19937 random(13);
  const AsciiRaster raster = random_raster(random, 40, 333, 4, 0.7);
  const auto bytes = traced(raster.pixels, raster.cols, rules(true));
  EXPECT_EQ(traced(std::vector<std::uint16_t>(raster.pixels.begin(), raster.pixels.end()), raster.cols,
                   rules(true)),
            bytes);
  EXPECT_EQ(
      traced(std::vector<std::int32_t>(raster.pixels.begin(), raster.pixels.end()), raster.cols, rules(true)),
      bytes);
}

TEST(ClassTracer, EightConnectedObjectIsPartsThatMeetAtPoints) {
  const auto raster = ascii_raster(R"(
    #..
    .##
    #..)");
  EXPECT_THAT(drawn(traced(raster.pixels, raster.cols, rules(true))),
              ElementsAre("0,0 1,0 1,1 0,1 + 1,1 2,1 2,3 1,3 + 2,0 3,0 3,1 2,1"));
}

TEST(ClassTracer, RingAroundACornerOfItselfIsSplitInOuterRingAndHole) {
  const auto raster = ascii_raster(R"(
    .##
    #.#
    ###)");
  EXPECT_THAT(drawn(traced(raster.pixels, raster.cols, rules(false))),
              ElementsAre("0,1 1,1 1,0 3,0 3,3 0,3 | 1,1 1,2 2,2 2,1"));
}

TEST(ClassTracer, CheckerboardIsOneObjectOrAsManyAsFields) {
  std::vector<std::uint8_t> board(36);
  for (std::size_t i = 0; i < 36; ++i) board[i] = (i / 6 + i) % 2 == 0 ? 1 : 0;
  EXPECT_EQ(traced(board, 6, rules(false)).size(), 18U);
  const auto one = traced(board, 6, rules(true));
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].parts.size(), 18U);
}

TEST(ClassTracer, SpiralIsOneRing) {
  const auto raster = ascii_raster(R"(
    #######
    ......#
    #####.#
    #...#.#
    #.###.#
    #.....#
    #######)");
  EXPECT_THAT(drawn(traced(raster.pixels, raster.cols, rules(false, 0, 2))),
              ElementsAre("0,0 1,0 1,6 6,6 6,1 3,1 3,4 4,4 4,2 5,2 5,5 2,5 2,0 7,0 7,7 0,7"));
}

TEST(ClassTracer, NestedHolesAndIslandsComeFromTheInside) {
  const auto raster = ascii_raster(R"(
    #######
    #.....#
    #.###.#
    #.#.#.#
    #.###.#
    #.....#
    #######)");
  EXPECT_THAT(drawn(traced(raster.pixels, raster.cols, rules(false))),
              ElementsAre("2,2 5,2 5,5 2,5 | 3,3 3,4 4,4 4,3", "0,0 7,0 7,7 0,7 | 1,1 1,6 6,6 6,1"));
}

TEST(ClassTracer, BordersAreTheSameOnBothSidesWithAPointWhereThreeMeet) {
  const auto raster = ascii_raster(R"(
    11
    23)");
  TracerOptions options = rules(false, std::nullopt);
  options.rules.junctions = true;
  const auto objects = traced(raster.pixels, raster.cols, options);
  EXPECT_THAT(drawn(objects), ElementsAre("0,0 1,0 1,1 1,2 0,2", "1,0 2,0 2,1 1,1", "1,1 2,1 2,2 1,2"));
  EXPECT_THAT(objects[0].junctions, ElementsAre(0, 1, 1, 1, 0));
}

TEST(ClassTracer, ValuesOfAnyTypeAndNodataThatTheTypeCannotHold) {
  TracerOptions options = rules(false, -9999);
  const auto objects = traced(std::vector<std::int32_t>{-9999, 70000, -5}, 3, options);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].value, 70000);
  EXPECT_EQ(objects[1].value, -5);
  EXPECT_EQ(traced(std::vector<std::uint8_t>{241}, 1, options).size(), 1U) << "-9999 is 241 modulo 256";
}

TEST(ClassTracer, WhatIsOpenIsCapped) {
  TracerOptions options = rules(false, std::nullopt, 1);
  options.most_open_bytes = 4000;
  std::vector<std::uint8_t> comb(64 * 64);
  for (std::size_t i = 0; i < comb.size(); ++i) comb[i] = i % 2 == 0 || i < 64 ? 1 : (i / 64) % 2;
  try {
    traced(comb, 64, options);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::too_complex);
    EXPECT_THAT(error.what(), HasSubstr("objects that are still open at row"));
  }
}

TEST(ClassTracer, WhatIsClosedIsForgotten) {
  std::vector<std::uint8_t> dots(100 * 30);
  for (std::size_t row = 0; row < 30; row += 2) {
    for (std::size_t col = 0; col < 100; col += 2) dots[row * 100 + col] = 1;
  }
  ClassTracer<std::uint8_t> tracer(100, rules(false, 0, 2), [](const TracedObject&) {});
  for (int i = 0; i < 50; ++i) {
    tracer.push(dots);
    EXPECT_EQ(tracer.open_bytes(), 0U);
  }
}

TEST(ClassTracer, RowsMustBeWhole) {
  ClassTracer<std::uint8_t> tracer(4, {}, [](const TracedObject&) {});
  const std::vector<std::uint8_t> pixels(7);
  try {
    tracer.push(pixels);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("7 pixels are no whole rows of 4"));
  }
  EXPECT_THROW(ClassTracer<std::uint8_t>(0, {}, [](const TracedObject&) {}), Error);
}

}  // namespace
}  // namespace scarp::vector
