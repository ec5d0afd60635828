// SPDX-License-Identifier: Apache-2.0
#include "geo/crs.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "geo/geodesic.h"
#include "geo/raster_source_gdal.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::geo {
namespace {

TEST(Crs, KnowsItsNameCodeAndUnits) {
  const Crs utm = Crs::from_user_input("EPSG:32632");
  EXPECT_EQ(utm.name(), "WGS 84 / UTM zone 32N");
  EXPECT_EQ(utm.authority_code(), "EPSG:32632");
  EXPECT_FALSE(utm.geographic());
  EXPECT_EQ(utm.metres_per_unit(), 1);
  EXPECT_TRUE(Crs::from_user_input("EPSG:4326").geographic());
  EXPECT_NEAR(Crs::from_user_input("EPSG:2263").metres_per_unit(), 1200.0 / 3937.0, 1e-15);
  EXPECT_DOUBLE_EQ(utm.ellipsoid().semi_major_m, 6378137.0);
  EXPECT_NEAR(utm.ellipsoid().inverse_flattening, 298.257223563, 1e-9);
}

TEST(Crs, UnknownIsAValueOfItsOwn) {
  EXPECT_FALSE(Crs().known());
  EXPECT_EQ(Crs().name(), "unknown CRS");
  EXPECT_EQ(Crs().authority_code(), "");
  EXPECT_EQ(Crs(), Crs());
  EXPECT_FALSE(Crs() == Crs::from_user_input("EPSG:4326"));
}

TEST(Crs, TheSameSystemWrittenInAnotherWayIsEqual) {
  const Crs utm = Crs::from_user_input("EPSG:32632");
  EXPECT_EQ(utm, Crs::from_user_input(utm.wkt()));
  EXPECT_EQ(Crs::from_user_input("EPSG:4326"), Crs::from_user_input("OGC:CRS84"));
  EXPECT_FALSE(utm == Crs::from_user_input("EPSG:32633"));
}

TEST(Crs, TextThatIsNoCrsIsRefusedByName) {
  test::expect_fault(Fault::bad_argument, "\"EPSG:banana\" is not a coordinate reference system",
                     [] { Crs::from_user_input("EPSG:banana"); });
  test::expect_fault(Fault::bad_argument, "\"\" is not", [] { Crs::from_user_input(""); });
}

TEST(MapTransform, GivesEastingAndNorthingOfAKnownPlace) {
  // 9 E is the central meridian of zone 32: easting 500000. On the equator northing is 0.
  const MapTransform transform(Crs::from_user_input("EPSG:4326"), Crs::from_user_input("EPSG:32632"));
  std::vector<double> x = {9, 9};
  std::vector<double> y = {0, 45};
  transform.apply(x, y);
  EXPECT_NEAR(x[0], 500000, 1e-6);
  EXPECT_NEAR(y[0], 0, 1e-6);
  EXPECT_NEAR(x[1], 500000, 1e-6);
  EXPECT_NEAR(y[1], 0.9996 * 4984944.378, 1e-2);  // meridian arc to 45 degrees on WGS 84
}

TEST(MapTransform, APointWithoutAnImageBecomesNaN) {
  const MapTransform transform(Crs::from_user_input("EPSG:4326"), Crs::from_user_input("EPSG:3857"));
  std::vector<double> x = {0, 10};
  std::vector<double> y = {95, 10};
  transform.clone().apply(x, y);
  EXPECT_TRUE(std::isnan(x[0]));
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_NEAR(x[1], 1113194.9079, 1e-3);
}

TEST(MapTransform, BetweenEqualSystemsChangesNothing) {
  const Crs utm = Crs::from_user_input("EPSG:32632");
  const MapTransform transform(utm, Crs::from_user_input(utm.wkt()));
  EXPECT_TRUE(transform.identity());
  EXPECT_TRUE(transform.clone().identity());
  std::vector<double> x = {1e20};
  std::vector<double> y = {-3};
  transform.apply(x, y);
  EXPECT_EQ(x[0], 1e20);
}

TEST(MapTransform, UnknownSystemsAndOtherPlanetsAreRefused) {
  const Crs earth = Crs::from_user_input("EPSG:4326");
  test::expect_fault(Fault::missing_crs, "assign the missing one", [&] { MapTransform(earth, Crs()); });
  const Crs mars = Crs::from_user_input("IAU_2015:49900");
  test::expect_fault(Fault::no_overlap, "same planet", [&] { MapTransform(earth, mars); });
}

TEST(Crs, MarsWithoutACodeIsAsGoodAsOthers) {
  SCARP_REAL_DATA(path, "mars/valles_dem.tif");
  const Crs mars = open_raster(path)->grid().crs;
  EXPECT_EQ(mars.name(), "SimpleCylindrical_Mars");
  EXPECT_EQ(mars.authority_code(), "");
  EXPECT_NEAR(mars.ellipsoid().semi_major_m, 3396190, 1);
  EXPECT_EQ(mars, Crs::from_user_input(mars.wkt()));
  const Crs degrees = geographic_base(mars);
  EXPECT_TRUE(degrees.geographic());
  std::vector<double> x = {0, 1000000};
  std::vector<double> y = {0, -500000};
  const MapTransform to(mars, degrees);
  const MapTransform back(degrees, mars);
  to.apply(x, y);
  EXPECT_NEAR(y[1], -500000 / 3396190.0 * 180 / 3.14159265358979, 1e-6);
  back.apply(x, y);
  EXPECT_NEAR(x[1], 1000000, 1e-3);
  EXPECT_NEAR(y[1], -500000, 1e-3);
}

TEST(GeodesicMeasure, AnOctantOfASphereHasAnEighthOfItsArea) {
  const Crs sphere = Crs::from_user_input("+proj=longlat +R=3396190 +no_defs");
  const Polygon octant{{{0, 0}, {90, 0}, {0, 90}, {0, 0}}, {}};
  const GeodesicMeasure::Size size = GeodesicMeasure(sphere).measure(octant);
  const double pi = 3.14159265358979323846;
  EXPECT_NEAR(size.area_m2 / (pi * 3396190.0 * 3396190.0 / 2), 1, 1e-12);
  EXPECT_NEAR(size.perimeter_m / (1.5 * pi * 3396190.0), 1, 1e-12);
}

TEST(GeodesicMeasure, ASquareKilometreInUtmIsOneDividedByTheScaleSquared) {
  // On the central meridian the scale is 0.9996; a hole takes its area away and adds its border.
  const Crs utm = Crs::from_user_input("EPSG:32632");
  const auto square = [](double side) {
    const double h = side / 2;
    return Ring{{500000 - h, 5200000 - h},
                {500000 + h, 5200000 - h},
                {500000 + h, 5200000 + h},
                {500000 - h, 5200000 + h},
                {500000 - h, 5200000 - h}};
  };
  const GeodesicMeasure measure(utm);
  EXPECT_NEAR(measure.measure({square(1000), {}}).area_m2, 1e6 / 0.9996 / 0.9996, 1);
  const GeodesicMeasure::Size ring = measure.measure({square(1000), {square(500)}});
  EXPECT_NEAR(ring.area_m2, 0.75e6 / 0.9996 / 0.9996, 1);
  EXPECT_NEAR(ring.perimeter_m, 6000 / 0.9996, 0.01);
}

TEST(GeodesicMeasure, ASystemWithoutAnEllipsoidIsRefused) {
  test::expect_fault(Fault::missing_crs, "ellipsoid", [] { GeodesicMeasure{Crs()}; });
}

}  // namespace
}  // namespace scarp::geo
