// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/detect.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>

#include <gdal_priv.h>
#include <gtest/gtest.h>
#include <ogrsf_frmts.h>

#include "geo/aligned_stack.h"
#include "geo/feature_file_gdal.h"
#include "geo/raster_source_gdal.h"
#include "pipelines/error.h"
#include "tests/support/fake_segmenter.h"
#include "tests/support/scene_files.h"
#include "tests/support/silent_events.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

template <typename Code>
std::string message_of(Fault fault, Code code) {
  try {
    code();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.fault()), static_cast<int>(fault)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

/// A scene of 200 x 170 pixels with three bright discs, a nodata corner and hills below, mapped by a
/// threshold.
class Detect : public ::testing::Test {
 protected:
  static bool in_disc(std::int64_t row,
                      std::int64_t col,
                      std::int64_t at_row,
                      std::int64_t at_col,
                      std::int64_t radius) {
    return (row - at_row) * (row - at_row) + (col - at_col) * (col - at_col) < radius * radius;
  }
  static int brightness(std::int64_t row, std::int64_t col) {
    if (row < 20 && col < 30) return 0;  // nodata
    const bool bright =
        in_disc(row, col, 60, 60, 18) || in_disc(row, col, 140, 100, 25) || in_disc(row, col, 100, 150, 9);
    return bright ? 200 + static_cast<int>((row * 7 + col * 3) % 40)
                  : 60 + static_cast<int>((row * 5 + col) % 30);
  }

  Detect() {
    test::write_image(folder_.file("hrsi.tif"), grid_, brightness);
    test::write_hills(folder_.file("dem.tif"), test::utm_grid(80, 70, 30, 499900, 5200100));
    options_.optical = folder_.file("hrsi.tif");
    options_.dem = folder_.file("dem.tif");
    options_.workers = 1;
    options_.min_area_m2 = 0;
  }

  DetectOptions to(const std::string& name) const {
    DetectOptions options = options_;
    options.polygons = folder_.file(name + ".fgb");
    options.class_raster = folder_.file(name + "_classes.tif");
    options.probability_raster = folder_.file(name + "_p.tif");
    return options;
  }
  DetectReport run(const DetectOptions& options) { return detect(options, segmenter_, events_, {}); }

  static std::string bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::vector<float> pixels(const std::string& path, const geo::Window& window) {
    const auto source = geo::open_raster(path);
    std::vector<float> values(static_cast<std::size_t>(window.pixels()));
    std::vector<std::uint8_t> valid(values.size());
    const int band = 0;
    source->read(window, {&band, 1}, values, valid);
    return values;
  }

  /// The numbers of the polygon at a place.
  static std::map<std::string, double> fields_at(const std::string& path, double x, double y) {
    const GDALDatasetUniquePtr file(GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR));
    OGRLayer& layer = *file->GetLayer(0);
    layer.SetSpatialFilterRect(x, y, x, y);
    std::map<std::string, double> fields;
    for (const auto& feature : layer) {
      for (const auto& field : *feature) fields[field.GetName()] = field.GetAsDouble();
    }
    return fields;
  }

  test::TempFolder folder_;
  geo::Grid grid_ = test::utm_grid(200, 170, 10);
  test::ThresholdSegmenter segmenter_{test::small_card()};
  test::SilentEvents events_;
  DetectOptions options_;
};

TEST_F(Detect, FindsEveryBrightDiscOnce) {
  const DetectReport report = run(to("out"));
  EXPECT_EQ(report.polygons, 3);
  EXPECT_EQ(report.pixels, 200 * 170 - 20 * 30);
  const geo::FeatureLayer found = geo::read_features({folder_.file("out.fgb"), ""}, grid_.crs);
  ASSERT_EQ(found.features.size(), 3u);
}

TEST_F(Detect, ClassesAreExactlyTheThresholdAndNodataStaysNodata) {
  run(to("out"));
  const std::vector<float> classes = pixels(folder_.file("out_classes.tif"), grid_.window());
  for (std::int64_t row = 0; row < grid_.rows; ++row) {
    for (std::int64_t col = 0; col < grid_.cols; ++col) {
      const int value = brightness(row, col);
      const float expected = value == 0 ? 255.0f : value > 128 ? 1.0f : 0.0f;
      ASSERT_EQ(classes[static_cast<std::size_t>(row * grid_.cols + col)], expected) << row << ", " << col;
    }
  }
}

TEST_F(Detect, SureLabelsAreTheClassWhereItIsProbableEnoughAndUnknownElsewhere) {
  DetectOptions options = to("out");
  options.sure_labels = folder_.file("sure.tif");
  options.sure = 0.97;
  run(options);
  const std::vector<float> sure = pixels(options.sure_labels, grid_.window());
  const std::vector<float> classes = pixels(folder_.file("out_classes.tif"), grid_.window());
  const std::vector<float> steps = pixels(folder_.file("out_p.tif"), grid_.window());
  std::map<float, int> seen;
  for (std::size_t i = 0; i < sure.size(); ++i) {
    const double p = classes[i] == 1 ? steps[i] / 254 : 1 - steps[i] / 254;
    if (std::abs(p - options.sure) < 1.0 / 254) continue;  // rounding of the raster that is compared with
    ASSERT_EQ(sure[i], classes[i] != 255 && p > options.sure ? classes[i] : 255.0f) << i << " " << p;
    ++seen[sure[i]];
  }
  EXPECT_EQ(seen.size(), 3u) << "both classes and unknown ground are there";
}

TEST_F(Detect, SureLabelsSayNothingInsideThePolygonsThatAreLeftOut) {
  const auto corner = [&](double row, double col) { return grid_.map_from_pixel({row, col}); };
  const geo::Polygon square = {
      {corner(50, 40), corner(50, 90), corner(110, 90), corner(110, 40), corner(50, 40)}, {}};
  const std::vector<geo::FeatureLayer> layers = {{"labelled_area", grid_.crs, {{{square}, 1, ""}}}};
  geo::write_features(folder_.file("labels.gpkg"), layers, false);
  DetectOptions options = to("out");
  options.sure_labels = folder_.file("whole.tif");
  run(options);
  DetectOptions without = to("again");
  without.sure_labels = folder_.file("sure.tif");
  without.sure_outside = folder_.file("labels.gpkg") + ":labelled_area";
  run(without);
  const auto whole = pixels(options.sure_labels, grid_.window());
  const auto sure = pixels(without.sure_labels, grid_.window());
  int hidden = 0;
  for (std::int64_t row = 0; row < grid_.rows; ++row) {
    for (std::int64_t col = 0; col < grid_.cols; ++col) {
      const auto i = static_cast<std::size_t>(row * grid_.cols + col);
      const bool inside = row >= 50 && row < 110 && col >= 40 && col < 90;
      ASSERT_EQ(sure[i], inside ? 255.0f : whole[i]) << row << ", " << col;
      hidden += inside && whole[i] != 255 ? 1 : 0;
    }
  }
  EXPECT_GT(hidden, 1000);
}

TEST_F(Detect, SureLabelsAloneAreEnough) {
  DetectOptions options = options_;
  options.sure_labels = folder_.file("sure.tif");
  EXPECT_EQ(run(options).polygons, 0);
  EXPECT_TRUE(std::filesystem::exists(options.sure_labels));
}

TEST_F(Detect, WithoutAnyOutputThereIsNothingToDo) {
  EXPECT_EQ(message_of(Fault::usage, [&] { run(options_); }),
            "Nothing to write: name an output with -o, --class-raster, --probability-raster or "
            "--sure-labels.");
}

// Products name the files of their run: both runs have the same names.
TEST_F(Detect, WorkersAndBatchesChangeNoByte) {
  run(to("out"));
  const std::vector<std::string> products = {"out.fgb", "out_p.tif", "out_classes.tif"};
  std::vector<std::string> before;
  for (const std::string& name : products) before.push_back(bytes(folder_.file(name)));
  DetectOptions more = to("out");
  more.overwrite = true;
  more.workers = 2;
  more.batch = 4;
  run(more);
  for (std::size_t i = 0; i < products.size(); ++i)
    EXPECT_EQ(bytes(folder_.file(products[i])), before[i]) << products[i];
}

TEST_F(Detect, TwoAreasOfInterestGiveTheSameObject) {
  const auto object_in = [&](const std::string& name, const std::array<double, 4>& box) {
    DetectOptions options = to(name);
    options.box = box;
    EXPECT_EQ(run(options).polygons, 1);
    return geo::read_features({folder_.file(name + ".fgb"), ""}, grid_.crs).features.at(0);
  };
  // both hold the disc around row 140, column 100 and nothing else
  const geo::Feature a = object_in("a", {500600, 5198000, 501400, 5198900});
  const geo::Feature b = object_in("b", {500710, 5198030, 501330, 5198870});
  EXPECT_EQ(a.parts.at(0).outer, b.parts.at(0).outer);
  EXPECT_EQ(a.parts.at(0).holes, b.parts.at(0).holes);
}

TEST_F(Detect, WhatLiesUnderNodataChangesNothing) {
  run(to("out"));
  const auto probability = pixels(folder_.file("out_p.tif"), grid_.window());
  const std::string polygons = bytes(folder_.file("out.fgb"));
  // a pit of 500 m in the DEM under the nodata corner, far enough inside that no slope of a valid pixel sees
  // it
  geo::MemoryRaster pit = test::hilly_dem(test::utm_grid(80, 70, 30, 499900, 5200100));
  for (std::int64_t row = 4; row < 7; ++row) {
    for (std::int64_t col = 4; col < 9; ++col) pit.values[static_cast<std::size_t>(row * 70 + col)] -= 500;
  }
  std::filesystem::remove(options_.dem);
  test::write_elevation(options_.dem, pit);
  DetectOptions again = to("out");
  again.overwrite = true;
  run(again);
  EXPECT_EQ(pixels(folder_.file("out_p.tif"), grid_.window()), probability);
  EXPECT_EQ(bytes(folder_.file("out.fgb")), polygons);
}

// Against a direct computation over the rasters that the same run wrote.
TEST_F(Detect, FieldsOfPolygonsAreThoseOfTheirPixels) {
  run(to("out"));
  const auto classes = pixels(folder_.file("out_classes.tif"), grid_.window());
  const auto steps = pixels(folder_.file("out_p.tif"), grid_.window());
  geo::AlignedStack stack(
      geo::open_raster(options_.optical), geo::open_raster(options_.dem),
      {{0}, {{geo::TerrainKind::elevation}, {geo::TerrainKind::slope}}, geo::DemGaps::fill});
  geo::StackTile ground;
  stack.read(grid_.window(), ground);
  std::vector<double> confidence, elevation, slope;
  for (std::int64_t row = 110; row < 170; ++row) {  // the disc around row 140, column 100
    for (std::int64_t col = 70; col < 126; ++col) {
      const auto i = static_cast<std::size_t>(row * grid_.cols + col);
      if (classes[i] != 1) continue;
      confidence.push_back(steps[i] / 254.0);
      elevation.push_back(ground.terrain[i]);
      slope.push_back(ground.terrain[static_cast<std::size_t>(grid_.window().pixels()) + i]);
    }
  }
  const auto mean = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  const auto fields = fields_at(folder_.file("out.fgb"), 500000 + 10 * 100.5, 5200000 - 10 * 140.5);
  EXPECT_NEAR(fields.at("conf_mean"), mean(confidence), 1e-12);
  EXPECT_EQ(fields.at("conf_min"), *std::min_element(confidence.begin(), confidence.end()));
  EXPECT_EQ(fields.at("elev_min"), *std::min_element(elevation.begin(), elevation.end()));
  EXPECT_EQ(fields.at("elev_max"), *std::max_element(elevation.begin(), elevation.end()));
  EXPECT_NEAR(fields.at("slope_mean"), mean(slope), 1e-10);
  EXPECT_EQ(fields.at("slope_max"), *std::max_element(slope.begin(), slope.end()));
  EXPECT_EQ(fields.at("edge"), 0);
}

TEST_F(Detect, SmallObjectsAreLeftOutAndCounted) {
  DetectOptions options = to("out");
  options.min_area_m2 = 40000;  // the disc of radius 9 pixels covers about 25 000 m2
  const DetectReport report = run(options);
  EXPECT_EQ(report.polygons, 2);
  EXPECT_EQ(report.dropped_small, 1);
}

TEST_F(Detect, LeavesNothingBesideItsOutputs) {
  const int before = folder_.entries();
  run(to("out"));
  EXPECT_TRUE(std::filesystem::exists(folder_.file("out_classes.tif.aux.xml")))
      << "class names of the raster";
  EXPECT_EQ(folder_.entries(), before + 4);
}

TEST_F(Detect, RefusesAModelForOtherPixelSizes) {
  nn::ModelCard card = test::small_card();
  card.gsd_min_m = 200;
  card.gsd_max_m = 250;
  const test::ThresholdSegmenter coarse(card);
  const std::string message =
      message_of(Fault::contradiction, [&] { detect(to("out"), coarse, events_, {}); });
  EXPECT_NE(message.find("valid for pixels of 200 to 250 m, the image has 10 m"), std::string::npos)
      << message;
  EXPECT_NE(message.find("--any-pixel-size"), std::string::npos) << message;
}

TEST_F(Detect, RefusesAnImageWithTooFewBands) {
  test::write_image(folder_.file("grey.tif"), grid_, brightness, {"grey"});
  DetectOptions options = to("out");
  options.optical = folder_.file("grey.tif");
  const std::string message = message_of(Fault::contradiction, [&] { run(options); });
  EXPECT_NE(message.find("needs 3 optical band(s) (red, green, blue), the image has 1"), std::string::npos)
      << message;
}

TEST_F(Detect, RefusesABoxElsewhere) {
  DetectOptions options = to("out");
  options.box = {{100000, 100000, 100100, 100100}};
  EXPECT_NE(message_of(Fault::contradiction, [&] { run(options); }).find("lies outside"), std::string::npos);
}

TEST_F(Detect, RefusesASceneWithoutAValidPixelAndLeavesNothing) {
  test::write_image(folder_.file("empty.tif"), grid_, [](auto, auto) { return 0; });
  DetectOptions options = to("out");
  options.optical = folder_.file("empty.tif");
  const int before = folder_.entries();
  EXPECT_NE(message_of(Fault::contradiction, [&] { run(options); }).find("no valid pixel"),
            std::string::npos);
  EXPECT_EQ(folder_.entries(), before);
}

TEST_F(Detect, ACancelledRunLeavesNothing) {
  std::stop_source source;
  source.request_stop();
  const int before = folder_.entries();
  message_of(Fault::cancelled, [&] { detect(to("out"), segmenter_, events_, source.get_token()); });
  EXPECT_EQ(folder_.entries(), before);
}

}  // namespace
}  // namespace scarp::pipelines
