// SPDX-License-Identifier: Apache-2.0
#include "geo/geodesic.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include <geodesic.h>
#include <gtest/gtest.h>

namespace scarp::geo {
namespace {

/// PROJ's own polygon routine on every vertex.
GeodesicMeasure::Size by_proj(const Crs& crs, const Ring& ring) {
  const MapTransform to_geographic(crs, geographic_base(crs));
  const Ellipsoid ellipsoid = crs.ellipsoid();
  geod_geodesic geodesic;
  geod_init(&geodesic, ellipsoid.semi_major_m,
            ellipsoid.inverse_flattening == 0 ? 0 : 1 / ellipsoid.inverse_flattening);
  geod_polygon polygon;
  geod_polygon_init(&polygon, 0);
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    double x = ring[i].x;
    double y = ring[i].y;
    to_geographic.apply({&x, 1}, {&y, 1});
    geod_polygon_addpoint(&geodesic, &polygon, y, x);
  }
  GeodesicMeasure::Size size;
  geod_polygon_compute(&geodesic, &polygon, 0, 1, &size.area_m2, &size.perimeter_m);
  size.area_m2 = std::abs(size.area_m2);
  return size;
}

Ring rectangle(MapPoint corner, double width, double height) {
  return {corner,
          {corner.x + width, corner.y},
          {corner.x + width, corner.y + height},
          {corner.x, corner.y + height},
          corner};
}

/// Steps along pixel edges round a disc, as a polygonizer makes them.
Ring staircase(MapPoint centre, double pixel, int radius) {
  Ring ring;
  std::vector<int> half;
  for (int row = -radius; row < radius; ++row) {
    half.push_back(static_cast<int>(std::sqrt(radius * radius - (row + 0.5) * (row + 0.5))) + 1);
  }
  for (int row = 0; row < 2 * radius; ++row) {
    const double x = centre.x + pixel * half[static_cast<std::size_t>(row)];
    ring.push_back({x, centre.y + pixel * (row - radius)});
    ring.push_back({x, centre.y + pixel * (row + 1 - radius)});
  }
  for (int row = 2 * radius - 1; row >= 0; --row) {
    const double x = centre.x - pixel * half[static_cast<std::size_t>(row)];
    ring.push_back({x, centre.y + pixel * (row + 1 - radius)});
    ring.push_back({x, centre.y + pixel * (row - radius)});
  }
  ring.push_back(ring.front());
  return ring;
}

Ring random_star(std::mt19937& random, MapPoint centre, double size) {
  std::uniform_real_distribution<double> part(0.3, 1);
  Ring ring;
  const int corners = 3 + static_cast<int>(random() % 40);
  for (int i = 0; i < corners; ++i) {
    const double angle = 2 * std::numbers::pi * i / corners;
    const double radius = size * part(random);
    ring.push_back({centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)});
  }
  ring.push_back(ring.front());
  return ring;
}

struct Place {
  const char* name;
  const char* crs;
  MapPoint middle;
  double unit;  ///< map units a metre
};

class MeasuredAt : public testing::TestWithParam<Place> {
 protected:
  void expect_as_proj(const Ring& ring, double relative = 1e-9) {
    const GeodesicMeasure::Size expected = by_proj(crs_, ring);
    const GeodesicMeasure::Size found = measure_.measure_ring(ring);
    // On an ellipsoid, PROJ's own areas are rounded to some 1e-4 m2 a polygon.
    constexpr double kProjAreaM2 = 1e-3;
    EXPECT_NEAR(found.area_m2, expected.area_m2, relative * expected.area_m2 + kProjAreaM2)
        << ring.size() << " points";
    EXPECT_NEAR(found.perimeter_m, expected.perimeter_m, relative * expected.perimeter_m)
        << ring.size() << " points";
  }
  MapPoint near(std::mt19937& random, double metres) const {
    std::uniform_real_distribution<double> off(-metres * GetParam().unit, metres * GetParam().unit);
    return {GetParam().middle.x + off(random), GetParam().middle.y + off(random)};
  }
  Crs crs_ = Crs::from_user_input(GetParam().crs);
  GeodesicMeasure measure_{crs_};
};

TEST_P(MeasuredAt, StaircasesOfPixelsAreAsProjMeasuresThem) {
  std::mt19937 random(1);
  for (const double pixel : {10.0, 30.0, 250.0}) {
    for (const int radius : {1, 2, 7, 40}) {
      for (int i = 0; i < 5; ++i) {
        expect_as_proj(staircase(near(random, 60000), pixel * GetParam().unit, radius));
      }
    }
  }
}

TEST_P(MeasuredAt, StarsOfAllSizesAreAsProjMeasuresThem) {
  std::mt19937 random(2);
  for (const double size : {50.0, 1000.0, 8000.0, 40000.0, 200000.0}) {
    for (int i = 0; i < 20; ++i) {
      expect_as_proj(random_star(random, near(random, 100000), size * GetParam().unit));
    }
  }
}

TEST_P(MeasuredAt, LongThinRectanglesAreAsProjMeasuresThem) {
  std::mt19937 random(3);
  const double unit = GetParam().unit;
  for (const double length : {500.0, 2500.0, 30000.0}) {
    for (int i = 0; i < 10; ++i) {
      // PROJ's own rounding of places to nanometres is seen in narrow ones.
      expect_as_proj(rectangle(near(random, 100000), length * unit, 100 * unit), 2e-9);
      expect_as_proj(rectangle(near(random, 100000), 100 * unit, length * unit), 2e-9);
    }
  }
}

constexpr double kDegrees = 1 / 111200.0;
constexpr double kMarsDegrees = 1 / 59270.0;
INSTANTIATE_TEST_SUITE_P(
    Places,
    MeasuredAt,
    testing::Values(
        Place{"Utm", "EPSG:32632", {700000, 5200000}, 1},
        Place{"UtmAtTheEquator", "EPSG:32632", {500000, 0}, 1},
        Place{"UtmInTheNorth", "EPSG:32633", {450000, 8900000}, 1},
        Place{"Degrees", "EPSG:4326", {9, 46}, kDegrees},
        Place{"DegreesInTheSouth", "EPSG:4326", {-70.2, -61}, kDegrees},
        Place{"AcrossTheAntimeridian", "EPSG:4326", {180, 52}, kDegrees},
        Place{"EqualArea", "EPSG:3035", {4300000, 3200000}, 1},
        Place{"WebMercator", "EPSG:3857", {1000000, 6000000}, 1.4},
        Place{"Feet", "EPSG:2230", {6300000, 2000000}, 1 / 0.3048},
        Place{"NearTheSouthPole", "EPSG:3031", {1200000, 700000}, 1},
        Place{"MarsSphere", "+proj=eqc +R=3396190 +units=m +type=crs", {4000000, -600000}, 1},
        Place{"MarsEllipsoid",
              "+proj=tmerc +lon_0=137 +a=3396190 +b=3376200 +units=m +type=crs",
              {20000, -270000},
              1},
        Place{"MarsDegrees", "+proj=longlat +a=3396190 +b=3376200 +type=crs", {280.5, -8}, kMarsDegrees}),
    [](const auto& place) { return place.param.name; });

TEST(GeodesicMeasure, ARingRoundThePoleIsMeasuredByProj) {
  const Crs polar = Crs::from_user_input("EPSG:3031");
  const Ring ring = staircase({1000, 2000}, 5000, 60);
  const GeodesicMeasure::Size expected = by_proj(polar, ring);
  const GeodesicMeasure::Size found = GeodesicMeasure(polar).measure_ring(ring);
  EXPECT_NEAR(found.area_m2, expected.area_m2, 1e-9 * expected.area_m2);
  EXPECT_GT(found.area_m2, 3e11);
}

TEST(GeodesicMeasure, APolygonBesideTheSeamOfAProjectionIsMeasured) {
  const Crs mars = Crs::from_user_input("+proj=eqc +R=3396190 +units=m +type=crs");
  const double seam = std::numbers::pi * 3396190;
  const Ring ring = rectangle({seam - 3000, 100000}, 2000, 2000);
  const GeodesicMeasure::Size expected = by_proj(mars, ring);
  EXPECT_NEAR(GeodesicMeasure(mars).measure_ring(ring).area_m2, expected.area_m2, 1e-9 * expected.area_m2);
}

TEST(GeodesicMeasure, ManyRingsFarApartGiveTheSameWhateverCameBefore) {
  const Crs degrees = Crs::from_user_input("EPSG:4326");
  const Ring ring = rectangle({9.1, 45.3}, 0.01, 0.01);
  GeodesicMeasure measure(degrees);
  const double area = measure.measure_ring(ring).area_m2;
  for (int i = 0; i < 17000; ++i)
    measure.measure_ring(rectangle({-170 + 2.0 * (i % 170), -80 + 1.6 * (i / 170)}, 1e-3, 1e-3));
  EXPECT_EQ(measure.measure_ring(ring).area_m2, area);
}

}  // namespace
}  // namespace scarp::geo
