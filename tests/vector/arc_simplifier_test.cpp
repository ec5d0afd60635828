// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/arc_simplifier.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <ogr_api.h>
#include <ogr_geometry.h>

#include "pipelines/vector/class_tracer.h"
#include "tests/support/ascii_raster.h"

namespace scarp::vector {
namespace {

using test::ascii_raster;
using test::AsciiRaster;

struct Simplified {
  int value = 0;
  std::vector<std::vector<geo::MapPoint>> rings;
  std::vector<std::size_t> outer;  ///< which rings begin a part
  std::int64_t pixels = 0;
};

std::vector<Simplified> simplified(const AsciiRaster& raster,
                                   const SimplifyOptions& options,
                                   bool eight = false,
                                   std::int64_t band_rows = 0) {
  CornerRows rows;
  ArcSimplifier simplifier(test::plain_grid(raster.rows, raster.cols), options, rows);
  std::vector<Simplified> objects;
  TracerOptions tracer;
  tracer.rules.junctions = true;
  tracer.rules.eight_connected = eight;
  tracer.rules.nodata = 9;
  tracer.corner_rows = &rows;
  tracer.band_rows = band_rows;
  ClassTracer<std::uint8_t> trace(raster.cols, tracer, [&](const TracedObject& object) {
    Simplified one{object.value, {}, {}, object.pixels};
    std::size_t corner = 0;
    std::size_t ring = 0;
    for (const std::uint32_t end : object.part_ends) {
      one.outer.push_back(ring);
      for (; ring < end; ++ring) {
        const auto corners = object.ring(ring);
        one.rings.emplace_back();
        simplifier.add_ring(corners, object.junctions.subspan(corner, corners.size()), one.rings.back());
        corner += corners.size();
      }
    }
    objects.push_back(one);
  });
  trace.push(raster.pixels);
  trace.finish();
  return objects;
}

double signed_area(const std::vector<geo::MapPoint>& ring) {
  double area = 0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i)
    area += ring[i].x * ring[i + 1].y - ring[i + 1].x * ring[i].y;
  return area / 2;
}

OGRMultiPolygon geometry_of(const Simplified& object) {
  OGRMultiPolygon shape;
  for (std::size_t part = 0; part < object.outer.size(); ++part) {
    const std::size_t end = part + 1 < object.outer.size() ? object.outer[part + 1] : object.rings.size();
    OGRPolygon polygon;
    for (std::size_t r = object.outer[part]; r < end; ++r) {
      OGRLinearRing ring;
      for (const geo::MapPoint& p : object.rings[r]) ring.addPoint(p.x, p.y);
      polygon.addRing(&ring);
    }
    shape.addGeometry(&polygon);
  }
  return shape;
}

/// Blobs of a few classes.
AsciiRaster blobs(std::mt19937& random, std::int64_t side, int classes, double calm) {
  AsciiRaster raster{side, side, {}};
  std::uniform_real_distribution<double> share(0, 1);
  std::uniform_int_distribution<int> any(0, classes - 1);
  for (std::int64_t i = 0; i < side * side; ++i) {
    const bool left = i % side > 0 && share(random) < calm;
    const bool above = i >= side && share(random) < calm;
    const auto at = raster.pixels.end();
    raster.pixels.push_back(left ? *(at - 1) : above ? *(at - side) : static_cast<std::uint8_t>(any(random)));
  }
  return raster;
}

SimplifyOptions options_of(int number) {
  SimplifyOptions options;
  options.tolerance = std::vector<double>{0, 0.6, 1, 2.5, 8}[static_cast<std::size_t>(number % 5)];
  options.method = number % 2 == 0 ? SimplifyMethod::douglas_peucker : SimplifyMethod::visvalingam_whyatt;
  options.smooth = number % 3 == 0;
  return options;
}

TEST(ArcSimplifier, CoverageStaysACoverage) {
  std::mt19937 random(21);
  for (int round = 0; round < 120; ++round) {
    const AsciiRaster raster = blobs(random, 6 + round % 30, 2 + round % 4, 0.55 + 0.08 * (round % 5));
    const bool eight = round % 4 == 3;
    const auto objects = simplified(raster, options_of(round), eight);
    double sum = 0;
    OGRMultiPolygon all;
    for (const Simplified& object : objects) {
      const OGRMultiPolygon shape = geometry_of(object);
      ASSERT_TRUE(shape.IsValid()) << "round " << round << ": " << shape.exportToWkt();
      for (std::size_t r = 0, part = 0; r < object.rings.size(); ++r) {
        const bool outer = part < object.outer.size() && object.outer[part] == r;
        part += outer ? 1 : 0;
        ASSERT_EQ(signed_area(object.rings[r]) > 0, outer) << "a ring is flipped in round " << round;
      }
      ASSERT_GT(shape.get_Area(), 0);
      sum += shape.get_Area();
      for (const OGRPolygon* part : shape) all.addGeometry(part);
    }
    const std::unique_ptr<OGRGeometry> whole(all.UnionCascaded());
    ASSERT_TRUE(whole);
    const double area = OGR_G_Area(OGRGeometry::ToHandle(whole.get()));
    const auto side = static_cast<double>(raster.rows);
    // No overlap: as large together as one by one. No gap: as large as the raster, whose corners stay.
    ASSERT_NEAR(sum, area, 1e-6) << "round " << round;
    ASSERT_NEAR(area, side * side, 1e-6) << "round " << round;
  }
}

TEST(ArcSimplifier, BandsChangeNoPoint) {
  std::mt19937 random(22);
  for (int round = 0; round < 30; ++round) {
    const AsciiRaster raster = blobs(random, 25, 3, 0.8);
    const auto whole = simplified(raster, options_of(round));
    const auto cut = simplified(raster, options_of(round), false, 1 + round % 6);
    ASSERT_EQ(whole.size(), cut.size());
    for (std::size_t i = 0; i < whole.size(); ++i)
      ASSERT_EQ(whole[i].rings, cut[i].rings) << "round " << round;
  }
}

TEST(ArcSimplifier, StaircaseBecomesALine) {
  const auto raster = ascii_raster(R"(
    9999999999
    9111111119
    9211111119
    9221111119
    9222111119
    9222211119
    9222221119
    9999999999)");
  SimplifyOptions options;
  options.tolerance = 0.8;
  for (const auto method : {SimplifyMethod::douglas_peucker, SimplifyMethod::visvalingam_whyatt}) {
    options.method = method;
    const auto objects = simplified(raster, options);
    ASSERT_EQ(objects.size(), 2U);
    EXPECT_LE(objects[1].rings[0].size(), 8U);
  }
}

TEST(ArcSimplifier, NothingVanishesHoweverLargeTheTolerance) {
  const auto raster = ascii_raster(R"(
    11111
    12131
    11111
    14411
    11111)");
  SimplifyOptions options;
  options.tolerance = 100;
  for (const Simplified& object : simplified(raster, options)) {
    EXPECT_GT(geometry_of(object).get_Area(), 0);
    EXPECT_TRUE(geometry_of(object).IsValid());
  }
}

TEST(ArcSimplifier, WithoutToleranceLinesStay) {
  const auto raster = ascii_raster(R"(
    999
    919
    999)");
  const auto objects = simplified(raster, {});
  ASSERT_EQ(objects.size(), 1U);
  EXPECT_EQ(objects[0].rings[0], (std::vector<geo::MapPoint>{{1, -1}, {1, -2}, {2, -2}, {2, -1}, {1, -1}}));
}

TEST(ArcSimplifier, DouglasAndPeuckerStayWithinTwiceTheToleranceWherePointsAreKept) {
  std::mt19937 random(23);
  for (int round = 0; round < 20; ++round) {
    const AsciiRaster raster = blobs(random, 40, 2, 0.9);
    SimplifyOptions options;
    const auto exact = simplified(raster, options);
    options.tolerance = 1.5;
    const auto coarse = simplified(raster, options);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const OGRMultiPolygon before = geometry_of(exact[i]);
      const OGRMultiPolygon after = geometry_of(coarse[i]);
      const std::unique_ptr<OGRGeometry> border(before.Boundary());
      const std::unique_ptr<OGRGeometry> simple(after.Boundary());
      const std::unique_ptr<OGRGeometry> wide(simple->Buffer(options.tolerance * 2, 16));
      EXPECT_TRUE(wide->Contains(border.get())) << "round " << round << ", object " << i;
    }
  }
}

}  // namespace
}  // namespace scarp::vector
