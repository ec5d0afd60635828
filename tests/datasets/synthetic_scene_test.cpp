// SPDX-License-Identifier: Apache-2.0
#include "datasets/synthetic_scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numbers>
#include <set>

#include <gtest/gtest.h>

#include "geo/error.h"
#include "geo/feature_file_gdal.h"
#include "geo/raster_source_gdal.h"
#include "tests/support/colour_classifier.h"
#include "tests/support/datasets_fault.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::datasets {
namespace {

using test::expect_datasets_fault;

SyntheticOptions small(std::uint64_t seed, int rows = 384, int cols = 384) {
  SyntheticOptions options;
  options.seed = seed;
  options.rows = rows;
  options.cols = cols;
  return options;
}

/// The default scene, made once.
const SyntheticScene& large_scene() {
  static const SyntheticScene scene = make_synthetic_scene({});
  return scene;
}

std::vector<std::uint8_t> burnt(const SyntheticScene& scene, const geo::FeatureLayer& layer) {
  return geo::burn(layer, scene.grid, scene.grid.window(), 0);
}

geo::FeatureLayer part_of(const geo::FeatureLayer& layer, const std::vector<bool>& chosen, bool wanted) {
  geo::FeatureLayer part = {layer.name, layer.crs, {}};
  for (std::size_t i = 0; i < layer.features.size(); ++i) {
    if (chosen[i] == wanted) part.features.push_back(layer.features[i]);
  }
  return part;
}

double slope_degrees(const SyntheticScene& scene, std::int64_t row, std::int64_t col) {
  const auto z = [&](std::int64_t r, std::int64_t c) {
    return scene.elevation[static_cast<std::size_t>(std::clamp<std::int64_t>(r, 0, scene.grid.rows - 1) *
                                                        scene.grid.cols +
                                                    std::clamp<std::int64_t>(c, 0, scene.grid.cols - 1))];
  };
  const double pixel = scene.grid.pixel_size().mean_m();
  const double down = (z(row + 1, col) - z(row - 1, col)) / (2 * pixel),
               right = (z(row, col + 1) - z(row, col - 1)) / (2 * pixel);
  return std::atan(std::hypot(down, right)) * 180 / std::numbers::pi;
}

double mean_slope(const SyntheticScene& scene, const std::vector<std::uint8_t>& mask, std::uint8_t wanted) {
  double sum = 0;
  std::int64_t count = 0;
  for (std::int64_t row = 0; row < scene.grid.rows; ++row) {
    for (std::int64_t col = 0; col < scene.grid.cols; ++col) {
      if (mask[static_cast<std::size_t>(row * scene.grid.cols + col)] != wanted) continue;
      sum += slope_degrees(scene, row, col);
      ++count;
    }
  }
  return sum / static_cast<double>(std::max<std::int64_t>(1, count));
}

double area_px(const geo::Feature& feature, const geo::Grid& grid) {
  const geo::Ring& ring = feature.parts[0].outer;
  double twice = 0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i)
    twice += ring[i].x * ring[i + 1].y - ring[i + 1].x * ring[i].y;
  return std::abs(twice) / 2 / (grid.geotransform[1] * grid.geotransform[1]);
}

/// Distance of a map point to a ring's corners, in pixels: rings have a corner every few pixels at most.
double corner_distance(const geo::MapPoint& point, const geo::Ring& ring, const geo::Grid& grid) {
  double least = std::numeric_limits<double>::max();
  for (const geo::MapPoint& corner : ring)
    least = std::min(least, std::hypot(point.x - corner.x, point.y - corner.y));
  return least / grid.geotransform[1];
}

TEST(SyntheticScene, IsTheSameForTheSameOptionsBitForBit) {
  const SyntheticScene a = make_synthetic_scene(small(5)), b = make_synthetic_scene(small(5));
  EXPECT_EQ(a.optical, b.optical);
  EXPECT_EQ(a.elevation, b.elevation);
  EXPECT_EQ(a.hidden, b.hidden);
  ASSERT_EQ(a.landslides.features.size(), b.landslides.features.size());
  for (std::size_t i = 0; i < a.landslides.features.size(); ++i) {
    EXPECT_EQ(a.landslides.features[i].parts[0].outer, b.landslides.features[i].parts[0].outer);
  }
}

TEST(SyntheticScene, DiffersBySeed) {
  const SyntheticScene a = make_synthetic_scene(small(5)), b = make_synthetic_scene(small(6));
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.elevation.size(); ++i) same += a.elevation[i] == b.elevation[i];
  EXPECT_LT(same, a.elevation.size() / 100);
}

TEST(SyntheticScene, HasAMountainousSlope) {
  const double slope =
      mean_slope(large_scene(), std::vector<std::uint8_t>(large_scene().elevation.size(), 0), 0);
  EXPECT_GT(slope, 18);
  EXPECT_LT(slope, 30);
}

TEST(SyntheticScene, HasLandslidesThatVaryTenTimesInSize) {
  const SyntheticScene& scene = large_scene();
  EXPECT_GE(scene.landslides.features.size(), 25U);
  double least = std::numeric_limits<double>::max(), most = 0;
  for (const geo::Feature& feature : scene.landslides.features) {
    const double length = std::sqrt(area_px(feature, scene.grid));
    least = std::min(least, length);
    most = std::max(most, length);
    EXPECT_EQ(feature.parts[0].outer.front(), feature.parts[0].outer.back());
  }
  EXPECT_GE(most, 8 * least) << "ten times in length, with widths that vary on their own";
  EXPECT_GE(most * most, 60 * least * least);
}

TEST(SyntheticScene, HidesAtLeastThreeInTenLandslides) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const SyntheticScene scene = make_synthetic_scene(small(seed, 512, 512));
    ASSERT_EQ(scene.hidden.size(), scene.landslides.features.size());
    const auto hidden = std::count(scene.hidden.begin(), scene.hidden.end(), true);
    EXPECT_GE(10 * hidden, 3 * static_cast<std::ptrdiff_t>(scene.hidden.size())) << "seed " << seed;
    EXPECT_LT(hidden, static_cast<std::ptrdiff_t>(scene.hidden.size())) << "seed " << seed;
  }
}

TEST(SyntheticScene, HidesLandslidesFromAClassifierOfColour) {
  const SyntheticScene& scene = large_scene();
  const std::vector<std::uint8_t> hidden = burnt(scene, part_of(scene.landslides, scene.hidden, true));
  const std::vector<std::uint8_t> shown = burnt(scene, part_of(scene.landslides, scene.hidden, false));
  // The others are neither asked for nor background.
  std::vector<std::uint8_t> truth(hidden.size());
  for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = shown[i] ? 255 : hidden[i];
  EXPECT_LE(test::best_colour_f1(scene.optical, truth), 0.3);
  // The classifier works: it finds what really differs in colour.
  std::vector<std::uint8_t> painted = scene.optical;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] == 1) painted[i] = static_cast<std::uint8_t>(std::min(255, painted[i] + 120));
  }
  EXPECT_GE(test::best_colour_f1(painted, truth), 0.7);
}

TEST(SyntheticScene, KeepsLandslidesApart) {
  const SyntheticScene& scene = large_scene();
  std::vector<int> covers(scene.elevation.size(), 0);
  double area = 0;
  for (const geo::Feature& feature : scene.landslides.features) {
    const std::vector<std::uint8_t> mask = burnt(scene, {"one", scene.grid.crs, {feature}});
    for (std::size_t i = 0; i < mask.size(); ++i) covers[i] += mask[i];
    area += area_px(feature, scene.grid);
  }
  EXPECT_EQ(*std::max_element(covers.begin(), covers.end()), 1);
  const auto pixels = static_cast<double>(std::count(covers.begin(), covers.end(), 1));
  EXPECT_NEAR(pixels, area, 0.02 * area) << "outlines lie inside the scene and do not cross themselves";
}

TEST(SyntheticScene, HasWallsAlongTheUpperOutline) {
  const SyntheticScene& scene = large_scene();
  ASSERT_EQ(scene.walls.features.size(), 3 * scene.landslides.features.size());
  const std::vector<std::uint8_t> slides = burnt(scene, scene.landslides);
  for (std::size_t i = 0; i < scene.landslides.features.size(); ++i) {
    const geo::Ring& outline = scene.landslides.features[i].parts[0].outer;
    for (std::size_t part = 0; part < 3; ++part) {
      const geo::Feature& wall = scene.walls.features[3 * i + part];
      EXPECT_EQ(wall.class_name, part == 0 ? "back" : "side");
      EXPECT_EQ(wall.class_id, part == 0 ? 1 : 2);
      // The first half of a band runs along the outline itself.
      const geo::Ring& band = wall.parts[0].outer;
      for (std::size_t k = 0; k < (band.size() - 1) / 2; ++k)
        EXPECT_LE(corner_distance(band[k], outline, scene.grid), 3);
    }
  }
  const std::vector<std::uint8_t> walls = burnt(scene, scene.walls);
  std::int64_t outside = 0, all = 0;
  for (std::size_t i = 0; i < walls.size(); ++i) {
    all += walls[i] != 0;
    outside += walls[i] != 0 && slides[i] == 0;
  }
  EXPECT_GT(all, 1000);
  EXPECT_LT(outside, all / 50);
}

TEST(SyntheticScene, HasBackWallsSteeperThanTheirSurroundings) {
  const SyntheticScene& scene = large_scene();
  const std::vector<std::uint8_t> walls = burnt(scene, scene.walls), slides = burnt(scene, scene.landslides);
  std::vector<std::uint8_t> near(walls.size(), 0);  // 1 around landslides, not in them
  const std::int64_t rows = scene.grid.rows, cols = scene.grid.cols;
  for (std::int64_t row = 6; row < rows - 6; ++row) {
    for (std::int64_t col = 6; col < cols - 6; ++col) {
      const auto at = [&](std::int64_t r, std::int64_t c) {
        return slides[static_cast<std::size_t>(r * cols + c)];
      };
      near[static_cast<std::size_t>(row * cols + col)] =
          !at(row, col) && (at(row - 6, col) || at(row + 6, col) || at(row, col - 6) || at(row, col + 6));
    }
  }
  EXPECT_GT(mean_slope(scene, walls, 1), mean_slope(scene, near, 1) + 6);
}

TEST(SyntheticScene, HasDecoysThatAreNotLabelled) {
  EXPECT_GE(large_scene().decoys, 20);
}

TEST(SyntheticScene, HasTheSameSlopesAtAnyPixelSize) {
  SyntheticOptions options = small(3, 200, 260);
  const SyntheticScene fine = make_synthetic_scene(options);
  options.pixel_size_m = 200;
  const SyntheticScene coarse = make_synthetic_scene(options);
  EXPECT_EQ(fine.optical, coarse.optical);
  for (std::size_t i = 0; i < fine.elevation.size(); i += 97) {
    EXPECT_NEAR(coarse.elevation[i], 20 * fine.elevation[i], 1e-4 * coarse.elevation[i]);
  }
  EXPECT_NEAR(coarse.grid.pixel_size().mean_m(), 200, 1e-9);
}

TEST(SyntheticScene, TakesAnyProjectedCrs) {
  SyntheticOptions options = small(3, 128, 160);
  options.crs = "EPSG:32719";
  EXPECT_EQ(make_synthetic_scene(options).landslides.crs.authority_code(), "EPSG:32719");
  options.crs = "EPSG:2225";  // California zone 1, US survey feet
  const SyntheticScene feet = make_synthetic_scene(options);
  EXPECT_NEAR(feet.grid.geotransform[1], 10 / 0.3048006096, 1e-6);
  EXPECT_NEAR(feet.grid.pixel_size().mean_m(), 10, 1e-9);
  EXPECT_TRUE(feet.grid.north_up());
}

TEST(SyntheticScene, TakesTheCrsOfMars) {
  SCARP_REAL_DATA(hrsi, "mars/valles_hrsi.tif");
  SyntheticOptions options = small(3, 128, 128);
  const geo::Crs mars = geo::open_raster(hrsi)->grid().crs;
  options.crs = mars.wkt();
  options.pixel_size_m = 232;
  EXPECT_EQ(make_synthetic_scene(options).grid.crs, mars);
}

TEST(SyntheticScene, OfTheLeastSizeStillHasALandslide) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const SyntheticScene scene = make_synthetic_scene(small(seed, 128, 128));
    EXPECT_GE(scene.landslides.features.size(), 1U) << "seed " << seed;
    EXPECT_EQ(scene.elevation.size(), 128U * 128U);
    EXPECT_EQ(scene.optical.size(), 3 * 128U * 128U);
    for (const float z : scene.elevation) ASSERT_TRUE(std::isfinite(z));
  }
}

TEST(SyntheticScene, HasAsManyLandslidesAsAsked) {
  SyntheticOptions options = small(4);
  options.landslides = 9;
  EXPECT_EQ(make_synthetic_scene(options).landslides.features.size(), 9U);
}

TEST(SyntheticScene, RefusesOptionsItCannotMeet) {
  const auto refused = [](const std::string& part, auto change) {
    SyntheticOptions options = small(1, 128, 128);
    change(options);
    expect_datasets_fault(Fault::bad_argument, part, [&] { make_synthetic_scene(options); });
  };
  refused("rows is 127; choose 128 to 8192", [](auto& o) { o.rows = 127; });
  refused("cols is 9000", [](auto& o) { o.cols = 9000; });
  refused("pixel_size_m is 0.5", [](auto& o) { o.pixel_size_m = 0.5; });
  refused("pixel_size_m", [](auto& o) { o.pixel_size_m = std::nan(""); });
  refused("landslides is -1", [](auto& o) { o.landslides = -1; });
  refused("landslides is 1000", [](auto& o) { o.landslides = 1000; });
  refused("upper left corner", [](auto& o) { o.easting = std::numeric_limits<double>::infinity(); });
  refused("degrees; give a projected one", [](auto& o) { o.crs = "EPSG:4326"; });
  SyntheticOptions nonsense = small(1);
  nonsense.crs = "nonsense";
  test::expect_fault(geo::Fault::bad_argument, "nonsense", [&] { nonsense.check(); });
}

TEST(SyntheticSceneFiles, HoldTheScene) {
  const test::TempFolder temporary;
  const std::string folder = temporary.file("new/scene");
  const SyntheticScene scene = make_synthetic_scene(small(2, 160, 192));
  write_synthetic_scene(scene, folder, false);
  const std::unique_ptr<geo::RasterSource> optical = geo::open_raster(folder + "/hrsi.tif");
  EXPECT_EQ(optical->grid().geotransform, scene.grid.geotransform);
  std::vector<float> values(scene.optical.size());
  std::vector<std::uint8_t> valid(scene.elevation.size());
  optical->read(scene.grid.window(), std::array{0, 1, 2}, values, valid);
  EXPECT_TRUE(std::equal(values.begin(), values.end(), scene.optical.begin()));
  std::vector<float> elevation(scene.elevation.size());
  geo::open_raster(folder + "/dem.tif")->read(scene.grid.window(), std::array{0}, elevation, valid);
  EXPECT_EQ(elevation, scene.elevation);
  const std::vector<std::string> layers = geo::layer_names(folder + "/labels.gpkg");
  EXPECT_EQ(std::set<std::string>(layers.begin(), layers.end()),
            (std::set<std::string>{"landslides", "labelled_area", "walls"}));
  const geo::FeatureLayer slides =
      geo::read_features({folder + "/labels.gpkg", "landslides"}, scene.grid.crs);
  EXPECT_EQ(burnt(scene, slides), burnt(scene, scene.landslides));
  test::expect_fault(geo::Fault::already_exists, "hrsi.tif",
                     [&] { write_synthetic_scene(scene, folder, false); });
  EXPECT_NO_THROW(write_synthetic_scene(scene, folder, true));
}

TEST(SyntheticSceneFiles, CannotBeWrittenIntoAFile) {
  const test::TempFolder temporary;
  test::write_text(temporary.file("taken"), "not a folder");
  const SyntheticScene scene = make_synthetic_scene(small(2, 128, 128));
  test::expect_fault(geo::Fault::unwritable, "taken",
                     [&] { write_synthetic_scene(scene, temporary.file("taken"), true); });
}

TEST(SyntheticScene, SixBandsHoldTheThreeAndTellPlantsFromSoil) {
  SyntheticOptions options;
  options.rows = options.cols = 256;
  const SyntheticScene three = make_synthetic_scene(options);
  options.bands = 6;
  const SyntheticScene six = make_synthetic_scene(options);
  const std::size_t plane = 256 * 256;
  ASSERT_EQ(six.optical.size(), 6 * plane);
  EXPECT_TRUE(std::equal(three.optical.begin(), three.optical.end(), six.optical.begin()));
  EXPECT_EQ(six.elevation, three.elevation);
  double brighter_plants = 0, plants = 0;  // where green leads red, near infrared leads red by far
  for (std::size_t i = 0; i < plane; ++i) {
    if (six.optical[plane + i] < six.optical[i] + 10) continue;
    plants += 1;
    brighter_plants += six.optical[3 * plane + i] > six.optical[i] + 30 ? 1 : 0;
  }
  EXPECT_GT(plants, 100);
  EXPECT_GT(brighter_plants, 0.9 * plants);
}

}  // namespace
}  // namespace scarp::datasets
