// SPDX-License-Identifier: Apache-2.0
// Polygons against a flood fill, an implementation that shares nothing with the polygonizer.
#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/vector/polygonized_rasters.h"

namespace scarp::vector {
namespace {

/// The pixels of every 4-connected object by flood fill: an implementation that shares nothing with the
/// polygonizer. In the order of their last rows, then of their first pixels.
std::vector<std::vector<std::size_t>> flooded_objects(const AsciiRaster& raster) {
  std::vector<std::vector<std::size_t>> objects;
  std::vector<bool> seen(raster.pixels.size());
  const auto cols = static_cast<std::size_t>(raster.cols);
  for (std::size_t first = 0; first < raster.pixels.size(); ++first) {
    const std::uint8_t id = raster.pixels[first];
    if (seen[first] || id == 0 || id == 255) continue;
    std::vector<std::size_t> object;
    std::vector<std::size_t> open = {first};
    seen[first] = true;
    const auto visit = [&](std::size_t i) {
      if (seen[i] || raster.pixels[i] != id) return;
      seen[i] = true;
      open.push_back(i);
    };
    while (!open.empty()) {
      const std::size_t i = open.back();
      open.pop_back();
      object.push_back(i);
      if (i >= cols) visit(i - cols);
      if (i + cols < raster.pixels.size()) visit(i + cols);
      if (i % cols > 0) visit(i - 1);
      if (i % cols + 1 < cols) visit(i + 1);
    }
    std::sort(object.begin(), object.end());
    objects.push_back(object);
  }
  std::stable_sort(objects.begin(), objects.end(),
                   [&](const auto& a, const auto& b) { return a.back() / cols < b.back() / cols; });
  return objects;
}

/// The pixels whose centres lie in the polygon, by counting crossings to the left, in the plain grid.
std::vector<std::size_t> pixels_within(const geo::Polygon& polygon, const AsciiRaster& raster) {
  std::vector<geo::Ring> rings = {polygon.outer};
  rings.insert(rings.end(), polygon.holes.begin(), polygon.holes.end());
  std::vector<std::size_t> found;
  for (std::int64_t row = 0; row < raster.rows; ++row) {
    const double y = -static_cast<double>(row) - 0.5;
    std::vector<int> crossings(static_cast<std::size_t>(raster.cols) + 1);
    for (const geo::Ring& ring : rings) {
      for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
        if ((ring[i].y < y) != (ring[i + 1].y < y)) ++crossings[static_cast<std::size_t>(ring[i].x)];
      }
    }
    int left = 0;
    for (std::int64_t col = 0; col < raster.cols; ++col) {
      left += crossings[static_cast<std::size_t>(col)];
      if (left % 2 == 1) found.push_back(static_cast<std::size_t>(row * raster.cols + col));
    }
  }
  return found;
}

TEST(Polygonizer, RandomMasksGiveTheFloodedObjectsAsValidPolygons) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const double background = 0.1 + 0.1 * (round % 7);
    const AsciiRaster raster =
        random_raster(random, 3 + round % 20, 2 + round % 31, 1 + round % 3, background);
    const auto expected = flooded_objects(raster);
    const auto objects = polygonize(raster);
    ASSERT_EQ(objects.size(), expected.size()) << "round " << round;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      EXPECT_TRUE(ogc_valid(objects[i].polygon)) << wkt(objects[i].polygon);
      EXPECT_EQ(pixels_within(objects[i].polygon, raster), expected[i])
          << "round " << round << ", object " << i;
      EXPECT_EQ(objects[i].pixels, static_cast<std::int64_t>(expected[i].size()));
      EXPECT_EQ(objects[i].class_id, raster.pixels[expected[i].front()]);
      EXPECT_EQ(objects[i].window.row * raster.cols + objects[i].first_col,
                static_cast<std::int64_t>(expected[i].front()));
    }
  }
}

}  // namespace
}  // namespace scarp::vector
