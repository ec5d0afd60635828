// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/attributes.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/vector/error.h"
#include "tests/support/ascii_raster.h"

namespace scarp::vector {
namespace {

using test::ascii_raster;
using test::AsciiRaster;
using test::utm_grid;
using testing::HasSubstr;

/// An object drawn in a scene of 10 m pixels; its planes are those of the whole scene.
struct DrawnObject {
  explicit DrawnObject(const char* drawing, std::int64_t margin = 1)
      : raster(ascii_raster(drawing)),
        grid(utm_grid(raster.rows + 2 * margin, raster.cols + 2 * margin)),
        window{margin, margin, raster.rows, raster.cols} {
    for (const std::uint8_t pixel : raster.pixels) {
      inside.push_back(pixel == 1);
      confidence.push_back(pixel == 255 ? 255 : 127);
      elevation.push_back(0);
      slope.push_back(0);
      east.push_back(0);
      north.push_back(0);
      valid.push_back(1);
    }
    object.window = window;
    object.class_id = 4;
    const double x = 500000 + 10.0 * static_cast<double>(margin);
    const double y = 5000000 - 10.0 * static_cast<double>(margin);
    const double right = x + 10.0 * static_cast<double>(raster.cols);
    const double low = y - 10.0 * static_cast<double>(raster.rows);
    object.polygon.outer = {{x, y}, {x, low}, {right, low}, {right, y}, {x, y}};
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

  ObjectPixels pixels() const { return {window, inside, confidence, elevation, slope, east, north, valid}; }
  ObjectAttributes measured() const { return measured(pixels()); }
  ObjectAttributes measured(const ObjectPixels& known) const {
    return measure_object(object, known, grid, geo::GeodesicMeasure(grid.crs));
  }

  AsciiRaster raster;
  geo::Grid grid;
  geo::Window window;
  ClassPolygon object;
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

TEST(ObjectAttributes, SizeIsGeodesic) {
  const ObjectAttributes attributes = DrawnObject("###\n###").measured();
  // Scale 0.9996 on the central meridian of a UTM zone: lengths on the ground are longer by 1 / 0.9996.
  EXPECT_NEAR(attributes.area_m2, 600 / (0.9996 * 0.9996), 1e-3);
  EXPECT_NEAR(attributes.perim_m, 100 / 0.9996, 1e-4);
  EXPECT_EQ(attributes.class_id, 4);
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
  drawn.east = {-1, 0};
  drawn.north = {0, -0.5F};
  EXPECT_NEAR(drawn.measured().aspect.value(), std::atan2(std::atan(1.0), std::atan(0.5)) * 180 / M_PI, 1e-9);
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
  drawn.east = {0.5F, -0.5F};
  EXPECT_EQ(drawn.measured().aspect, std::nullopt);
}

TEST(ObjectAttributes, WhatIsNotKnownIsEmpty) {
  DrawnObject drawn("##");
  ObjectPixels known;
  known.window = drawn.window;
  known.inside = drawn.inside;
  const ObjectAttributes attributes = drawn.measured(known);
  for (const auto& value :
       {attributes.conf_mean, attributes.conf_min, attributes.conf_std, attributes.elev_min,
        attributes.elev_max, attributes.relief_m, attributes.slope_mean, attributes.slope_max,
        attributes.aspect, attributes.length_m, attributes.width_m, attributes.reach}) {
    EXPECT_EQ(value, std::nullopt);
  }
  EXPECT_GT(attributes.area_m2, 0);
  EXPECT_FALSE(attributes.edge);
}

TEST(ObjectAttributes, ObjectAtTheBorderOfTheGridIsAtTheEdge) {
  EXPECT_TRUE(DrawnObject("##", 0).measured().edge);
  EXPECT_FALSE(DrawnObject("##", 1).measured().edge);
}

TEST(ObjectAttributes, ObjectBesideNodataIsAtTheEdge) {
  EXPECT_TRUE(DrawnObject("...\n.#?\n...").measured().edge);
  EXPECT_TRUE(DrawnObject(".?.\n.#.\n...").measured().edge);
  EXPECT_TRUE(DrawnObject("...\n.#.\n.?.").measured().edge);
  EXPECT_TRUE(DrawnObject("...\n?#.\n...").measured().edge);
  EXPECT_FALSE(DrawnObject("?.?\n.#.\n?.?").measured().edge);
}

TEST(ObjectAttributes, NodataBesideARowsEndIsNotBesideTheNextRow) {
  EXPECT_FALSE(DrawnObject("..?\n#..").measured().edge);
}

TEST(ObjectAttributes, PlanesMustHaveTheSizeOfTheWindow) {
  DrawnObject drawn("##");
  drawn.slope.pop_back();
  try {
    drawn.measured();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::bad_argument);
    EXPECT_THAT(error.what(), HasSubstr("'slope' of an object has 1 pixels, its window of 1 x 2 has 2"));
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
