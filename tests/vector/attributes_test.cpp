// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/attributes.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/ascii_raster.h"

namespace scarp::vector {
namespace {

using test::ascii_raster;
using test::AsciiRaster;
using test::utm_grid;

/// An object drawn in a scene of 10 m pixels; its planes are those of the whole scene.
struct DrawnObject {
  explicit DrawnObject(const char* drawing) : raster(ascii_raster(drawing)) {
    for (const std::uint8_t pixel : raster.pixels) {
      inside.push_back(pixel == 1);
      confidence.push_back(pixel == 255 ? 255 : 127);
      elevation.push_back(0);
      slope.push_back(0);
      east.push_back(0);
      north.push_back(0);
      valid.push_back(1);
    }
  }

  /// Ground that rises by `rise_east` and `rise_north` a metre.
  void tilt(float rise_east, float rise_north) {
    const float angle = std::atan(std::hypot(rise_east, rise_north)) * 57.29578F;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      const auto row = static_cast<float>(static_cast<std::int64_t>(i) / raster.cols);
      const auto col = static_cast<float>(static_cast<std::int64_t>(i) % raster.cols);
      elevation[i] = 1000 + 10 * (col * rise_east - row * rise_north);
      slope[i] = angle;
      east[i] = rise_east;
      north[i] = rise_north;
    }
  }

  PixelRow row(std::int64_t i) const {
    const auto cols = static_cast<std::size_t>(raster.cols);
    const auto part = [&](const auto& plane) {
      return std::span(plane).subspan(static_cast<std::size_t>(i) * cols, cols);
    };
    return {part(confidence), part(elevation), part(slope), part(east), part(north), part(valid)};
  }

  /// @param known  whether anything but the object's pixels is known
  ObjectAttributes measured(bool known = true) const {
    PixelSums sums;
    std::vector<geo::PixelPoint> corners;
    for (std::int64_t i = 0; i < raster.rows; ++i) {
      for (std::int64_t col = 0; col < raster.cols; ++col) {
        if (inside[static_cast<std::size_t>(i * raster.cols + col)] == 0) continue;
        sums.add_run(known ? row(i) : PixelRow{}, static_cast<std::size_t>(col),
                     static_cast<std::size_t>(col) + 1);
        for (const std::int64_t y : {i, i + 1}) {
          for (const std::int64_t x : {col, col + 1}) {
            corners.push_back({static_cast<double>(y), static_cast<double>(x)});
          }
        }
      }
    }
    ObjectAttributes attributes;
    set_pixel_attributes(sums, corners, {10, 10}, attributes);
    return attributes;
  }

  AsciiRaster raster;
  std::vector<std::uint8_t> inside, confidence, valid;
  std::vector<float> elevation, slope, east, north;
};

TEST(ObjectAttributes, ConfidenceIsMeanLeastAndPopulationDeviation) {
  DrawnObject drawn("##.");
  drawn.confidence = {254, 127, 0};
  const ObjectAttributes attributes = drawn.measured();
  EXPECT_DOUBLE_EQ(attributes.conf_mean.value(), 0.75);
  EXPECT_DOUBLE_EQ(attributes.conf_min.value(), 0.5);
  EXPECT_DOUBLE_EQ(attributes.conf_std.value(), 0.25);
}

TEST(ObjectAttributes, ElevationAndSlopeAreThoseOfPixelsInsideOnly) {
  DrawnObject drawn("##.");
  drawn.elevation = {100, 130, 9000};
  drawn.slope = {10, 30, 89};
  const ObjectAttributes attributes = drawn.measured();
  EXPECT_DOUBLE_EQ(attributes.elev_min.value(), 100);
  EXPECT_DOUBLE_EQ(attributes.elev_max.value(), 130);
  EXPECT_DOUBLE_EQ(attributes.relief_m.value(), 30);
  EXPECT_DOUBLE_EQ(attributes.slope_mean.value(), 20);
  EXPECT_DOUBLE_EQ(attributes.slope_max.value(), 30);
}

TEST(ObjectAttributes, TerrainThatIsNotValidIsLeftOut) {
  DrawnObject drawn("###");
  drawn.elevation = {100, -32768, 110};
  drawn.slope = {10, 90, 20};
  drawn.east = {1, 1e9F, 1};
  drawn.north = {0, 1e9F, 0};
  drawn.valid = {1, 0, 1};
  const ObjectAttributes attributes = drawn.measured();
  EXPECT_DOUBLE_EQ(attributes.elev_min.value(), 100);
  EXPECT_DOUBLE_EQ(attributes.slope_mean.value(), 15);
  EXPECT_DOUBLE_EQ(attributes.aspect.value(), 270);
}

struct Tilt {
  float rise_east;
  float rise_north;
  double aspect;
  double length;
  double width;
};

class TiltedPlane : public testing::TestWithParam<Tilt> {};

// 2 rows and 4 columns of 10 m: 40 m from west to east, 20 m from north to south.
TEST_P(TiltedPlane, DownhillGivesAspectLengthAndWidth) {
  const Tilt& tilt = GetParam();
  DrawnObject drawn("####\n####");
  drawn.tilt(tilt.rise_east, tilt.rise_north);
  const ObjectAttributes attributes = drawn.measured();
  EXPECT_NEAR(attributes.aspect.value(), tilt.aspect, 1e-9);
  EXPECT_NEAR(attributes.length_m.value(), tilt.length, 1e-9);
  EXPECT_NEAR(attributes.width_m.value(), tilt.width, 1e-9);
}

const double kDiagonal = 60 / std::sqrt(2.0);
INSTANTIATE_TEST_SUITE_P(Directions,
                         TiltedPlane,
                         testing::Values(Tilt{0, -0.5F, 0, 20, 40},
                                         Tilt{-0.5F, 0, 90, 40, 20},
                                         Tilt{0, 0.5F, 180, 20, 40},
                                         Tilt{0.5F, 0, 270, 40, 20},
                                         Tilt{-0.5F, -0.5F, 45, kDiagonal, kDiagonal},
                                         Tilt{0.5F, -0.5F, 315, kDiagonal, kDiagonal}));

TEST(ObjectAttributes, ReachIsReliefOverLength) {
  DrawnObject drawn("####");
  drawn.tilt(-0.5F, 0);
  const ObjectAttributes attributes = drawn.measured();
  EXPECT_DOUBLE_EQ(attributes.relief_m.value(), 15);
  EXPECT_DOUBLE_EQ(attributes.reach.value(), 15.0 / 40.0);
}

TEST(ObjectAttributes, AspectsOnBothSidesOfNorthHaveTheirMeanInTheNorth) {
  DrawnObject drawn("##");
  drawn.slope = {27, 27};
  drawn.east = {-0.1F, 0.1F};
  drawn.north = {-0.5F, -0.5F};
  const double aspect = drawn.measured().aspect.value();
  EXPECT_NEAR(std::remainder(aspect, 360), 0, 1e-9);
  EXPECT_GE(aspect, 0);
  EXPECT_LT(aspect, 360);
}

TEST(ObjectAttributes, SteepGroundWeighsMoreInTheAspect) {
  DrawnObject drawn("##");
  // Slopes of 45 degrees to the east and of atan(0.5) to the north.
  drawn.slope = {45, 26.565F};
  drawn.east = {-1, 0};
  drawn.north = {0, -0.5F};
  EXPECT_NEAR(drawn.measured().aspect.value(), std::atan2(45, double{26.565F}) * 180 / M_PI, 1e-9);
}

TEST(ObjectAttributes, FlatGroundHasNoAspectNorLength) {
  const ObjectAttributes attributes = DrawnObject("##").measured();
  EXPECT_EQ(attributes.relief_m, 0.0);
  EXPECT_EQ(attributes.aspect, std::nullopt);
  EXPECT_EQ(attributes.length_m, std::nullopt);
  EXPECT_EQ(attributes.width_m, std::nullopt);
  EXPECT_EQ(attributes.reach, std::nullopt);
}

TEST(ObjectAttributes, OppositeSlopesHaveNoAspect) {
  DrawnObject drawn("##");
  drawn.slope = {26.5F, 26.5F};
  drawn.east = {0.5F, -0.5F};
  EXPECT_EQ(drawn.measured().aspect, std::nullopt);
}

TEST(ObjectAttributes, WhatIsNotKnownIsEmpty) {
  const ObjectAttributes attributes = DrawnObject("##").measured(false);
  for (const auto& value :
       {attributes.conf_mean, attributes.conf_min, attributes.conf_std, attributes.elev_min,
        attributes.elev_max, attributes.relief_m, attributes.slope_mean, attributes.slope_max,
        attributes.aspect, attributes.length_m, attributes.width_m, attributes.reach}) {
    EXPECT_EQ(value, std::nullopt);
  }
}

TEST(ObjectUid, IsSixteenHexadecimalDigitsThatNeverChange) {
  EXPECT_EQ(object_uid(utm_grid(5, 5), 2, 3, 1, "mars"), "a83aeba5dc2dc8fc");
}

TEST(ObjectUid, DoesNotDependOnTheArea) {
  const geo::Grid grid = utm_grid(50, 50);
  EXPECT_EQ(object_uid(grid.cropped({7, 9, 20, 20}), 5, 4, 2, "m"), object_uid(grid, 12, 13, 2, "m"));
}

TEST(ObjectUid, DiffersByPlaceClassAndModel) {
  const geo::Grid degrees{9, 9, {10, 1e-7, 0, 45, 0, -1e-7}, geo::Crs::from_user_input("EPSG:4326")};
  std::set<std::string> uids;
  for (const geo::Grid& grid : {utm_grid(9, 9), degrees}) {
    for (const std::int64_t row : {0, 1, 8}) {
      for (const std::int64_t col : {0, 1, 8}) {
        for (const int class_id : {1, 2}) {
          for (const char* model : {"a", "b"}) uids.insert(object_uid(grid, row, col, class_id, model));
        }
      }
    }
  }
  EXPECT_EQ(uids.size(), 2U * 3 * 3 * 2 * 2);
}

}  // namespace
}  // namespace scarp::vector
