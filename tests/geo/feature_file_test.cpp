// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "geo/feature_file_gdal.h"
#include "tests/support/gdal_files.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::geo {
namespace {

Ring rectangle(double x, double y, double width, double height) {
  return {{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}, {x, y}};
}

FeatureLayer two_layers_worth() {
  FeatureLayer layer;
  layer.name = "landslides";
  layer.crs = Crs::from_user_input("EPSG:32632");
  layer.features.push_back(
      {{{rectangle(500000, 5199900, 40, 60), {rectangle(500010, 5199910, 10, 10)}}}, 3, "rock slide"});
  layer.features.push_back(
      {{{rectangle(500060, 5199950, 10, 10), {}}, {rectangle(500080, 5199950, 10, 10), {}}}, 7, ""});
  return layer;
}

void write_geojson(const std::string& path,
                   const std::string& geometry,
                   const std::string& properties = "{}") {
  test::write_text(path, R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":)" +
                             properties + R"(,"geometry":)" + geometry + "}]}");
}

TEST(LayerPath, IsAFileAndPerhapsALayer) {
  const auto parsed = [](const std::string& text) {
    const LayerPath path = parse_layer_path(text);
    return std::pair(path.file, path.layer);
  };
  EXPECT_EQ(parsed("a.gpkg"), std::pair(std::string("a.gpkg"), std::string()));
  EXPECT_EQ(parsed("a.gpkg:slides"), std::pair(std::string("a.gpkg"), std::string("slides")));
  EXPECT_EQ(parsed("C:\\data\\a.gpkg"), std::pair(std::string("C:\\data\\a.gpkg"), std::string()));
  EXPECT_EQ(parsed("C:a.gpkg"), std::pair(std::string("C:a.gpkg"), std::string()));
  EXPECT_EQ(parsed("C:/data/a.gpkg:slides"), std::pair(std::string("C:/data/a.gpkg"), std::string("slides")));
  EXPECT_EQ(parsed("/vsicurl/https://host/a.gpkg"),
            std::pair(std::string("/vsicurl/https://host/a.gpkg"), std::string()));
  EXPECT_EQ(parsed("/vsizip/a.zip/b.gpkg:x"),
            std::pair(std::string("/vsizip/a.zip/b.gpkg"), std::string("x")));
  EXPECT_EQ(parsed("a.gpkg:"), std::pair(std::string("a.gpkg:"), std::string()));
}

TEST(LayerPath, AFileThatIsCalledSoIsTakenAsItIs) {
  const test::TempFolder folder;
  test::write_text(folder.file("a:b"), "");
  EXPECT_EQ(parse_layer_path(folder.file("a:b")).layer, "");
}

TEST(FeatureFile, WhatIsWrittenIsReadBack) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.gpkg");
  FeatureLayer other = two_layers_worth();
  other.name = "area";
  other.features.resize(1);
  const std::vector<FeatureLayer> layers = {two_layers_worth(), other};
  write_features(path, layers, false);
  EXPECT_EQ(folder.entries(), 1);  // no journal beside it
  EXPECT_EQ(layer_names(path), (std::vector<std::string>{"landslides", "area"}));
  const FeatureLayer back = read_features({path, ""}, Crs());
  EXPECT_EQ(back.name, "landslides");
  EXPECT_EQ(back.crs, layers[0].crs);
  ASSERT_EQ(back.features.size(), 2);
  EXPECT_EQ(back.features[0].class_id, 3);
  EXPECT_EQ(back.features[0].class_name, "rock slide");
  EXPECT_EQ(back.features[1].class_id, 7);
  EXPECT_EQ(back.features[1].class_name, "");
  ASSERT_EQ(back.features[1].parts.size(), 2);
  EXPECT_EQ(back.features[0].parts[0].outer.size(), 5);
  ASSERT_EQ(back.features[0].parts[0].holes.size(), 1);
  EXPECT_EQ(back.features[0].parts[0].holes[0], layers[0].features[0].parts[0].holes[0]);
  EXPECT_EQ(read_features({path, "area"}, Crs()).features.size(), 1);
}

TEST(FeatureFile, FeaturesComeInTheCrsThatIsAskedFor) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.geojson");
  write_geojson(path, R"({"type":"Polygon","coordinates":[[[9,47],[9.001,47],[9.001,47.001],[9,47]]]})",
                R"({"class":"flow"})");
  const FeatureLayer layer = read_features({path, ""}, Crs::from_user_input("EPSG:32632"));
  ASSERT_EQ(layer.features.size(), 1);
  EXPECT_EQ(layer.crs.authority_code(), "EPSG:32632");
  EXPECT_NEAR(layer.features[0].parts[0].outer[0].x, 500000, 1e-6);
  EXPECT_NEAR(layer.features[0].parts[0].outer[0].y, 5205000, 1000);
  EXPECT_EQ(layer.features[0].class_id, 1);
  EXPECT_EQ(layer.features[0].class_name, "flow");
}

TEST(FeatureFile, MarsLabelsAreRead) {
  SCARP_REAL_DATA(path, "mars/valles_labels.gpkg");
  SCARP_REAL_DATA(image, "mars/valles_hrsi.tif");
  const Crs crs = open_raster(image)->grid().crs;
  EXPECT_EQ(read_features({path, "landslides"}, crs).features.size(), 130);
  EXPECT_EQ(read_features({path, "labelled_area"}, crs).features.size(), 465);
}

TEST(FeatureFile, MarsLabelsBurnAsTheRasterOfLabels) {
  SCARP_REAL_DATA(path, "mars/valles_labels.gpkg");
  SCARP_REAL_DATA(raster, "mars/valles_labels.tif");
  const auto source = open_raster(raster);
  const Grid& grid = source->grid();
  const std::vector<std::uint8_t> mask =
      burn(read_features({path, "landslides"}, grid.crs), grid, grid.window(), 0);
  const test::ReadBack labels = test::read_window(*source, grid.window(), {0});
  std::int64_t known = 0;
  std::int64_t different = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (labels.values[i] == 255 || labels.valid[i] == 0) continue;
    ++known;
    different += labels.values[i] != mask[i] ? 1 : 0;
  }
  EXPECT_GT(known, 7000000);
  EXPECT_LT(static_cast<double>(different) / static_cast<double>(known), 0.001);
}

TEST(FeatureFile, FilesLayersAndGeometriesThatCannotBeReadAreTold) {
  const test::TempFolder folder;
  test::expect_fault(Fault::missing_file, "there is no such file", [&] {
    read_features({folder.file("none.gpkg"), ""}, Crs());
  });
  test::write_text(folder.file("words.gpkg"), "words");
  test::expect_fault(Fault::unreadable, "is not a vector file",
                     [&] { layer_names(folder.file("words.gpkg")); });
  write_features(folder.file("a.gpkg"), std::vector<FeatureLayer>{two_layers_worth()}, false);
  test::expect_fault(Fault::unreadable, "has no layer \"slides\"; it has landslides", [&] {
    read_features({folder.file("a.gpkg"), "slides"}, Crs());
  });
  write_geojson(folder.file("line.geojson"), R"({"type":"LineString","coordinates":[[9,47],[9.001,47]]})");
  test::expect_fault(Fault::unreadable, "feature 0 is a LINESTRING, not a polygon", [&] {
    read_features({folder.file("line.geojson"), ""}, Crs());
  });
}

TEST(FeatureFile, ALayerWithoutCrsCannotBeBroughtToOne) {
  const test::TempFolder folder;
  FeatureLayer layer = two_layers_worth();
  const Crs utm = layer.crs;
  layer.crs = Crs();
  write_features(folder.file("a.gpkg"), std::vector<FeatureLayer>{layer}, false);
  test::expect_fault(Fault::missing_crs, "layer landslides has no coordinate reference system", [&] {
    read_features({folder.file("a.gpkg"), ""}, utm);
  });
  EXPECT_EQ(read_features({folder.file("a.gpkg"), ""}, Crs()).features.size(), 2);
}

TEST(FeatureFile, AnExistingFileIsKeptUnlessOverwritingIsAsked) {
  const test::TempFolder folder;
  const std::string path = folder.file("a.gpkg");
  test::write_text(path, "old");
  const std::vector<FeatureLayer> layers = {two_layers_worth()};
  test::expect_fault(Fault::already_exists, "exists already", [&] { write_features(path, layers, false); });
  write_features(path, layers, true);
  EXPECT_EQ(layer_names(path).size(), 1);
}

TEST(Burn, APixelBelongsToAPolygonIfItsCentreIsInside) {
  // Pixels of 10 m: columns 0..5, rows 0..4. The rectangle covers centres of columns 1..3 and rows 1..2.
  const Grid grid = test::utm_grid(5, 6, 10, 0, 50);
  FeatureLayer layer;
  layer.crs = grid.crs;
  layer.features.push_back({{{rectangle(14, 24, 22, 14), {}}}, 4, ""});
  const std::vector<std::uint8_t> mask = burn(layer, grid, grid.window(), 9);
  const std::vector<std::uint8_t> expected = {9, 9, 9, 9, 9, 9, 9, 4, 4, 4, 9, 9, 9, 4, 4,
                                              4, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
  EXPECT_EQ(mask, expected);
}

TEST(Burn, LaterFeaturesCoverEarlierOnesAndHolesStayOpen) {
  const Grid grid = test::utm_grid(4, 4, 10, 0, 40);
  FeatureLayer layer;
  layer.crs = grid.crs;
  layer.features.push_back({{{rectangle(0, 0, 40, 40), {rectangle(10, 10, 20, 20)}}}, 1, ""});
  layer.features.push_back({{{rectangle(0, 30, 20, 10), {}}, {rectangle(30, 0, 10, 10), {}}}, 2, ""});
  const std::vector<std::uint8_t> expected = {2, 2, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 2};
  EXPECT_EQ(burn(layer, grid, grid.window(), 0), expected);
}

TEST(Burn, AWindowIsTheSamePartOfTheWhole) {
  std::mt19937 random(6);
  std::uniform_real_distribution<double> uniform(0, 100);
  const Grid grid = test::utm_grid(50, 50, 2, 0, 100);
  FeatureLayer layer;
  layer.crs = grid.crs;
  for (int i = 0; i < 20; ++i) {
    const MapPoint first{uniform(random), uniform(random)};
    layer.features.push_back(
        {{{{first, {uniform(random), uniform(random)}, {uniform(random), uniform(random)}, first}, {}}},
         i + 1,
         ""});
  }
  const std::vector<std::uint8_t> all = burn(layer, grid, grid.window(), 0);
  EXPECT_GT(std::count_if(all.begin(), all.end(), [](std::uint8_t value) { return value != 0; }), 100);
  for (int round = 0; round < 20; ++round) {
    const Window window = intersection(
        {static_cast<std::int64_t>(random() % 50), static_cast<std::int64_t>(random() % 50), 17, 23},
        grid.window());
    const std::vector<std::uint8_t> part = burn(layer, grid, window, 0);
    for (std::int64_t i = 0; i < window.pixels(); ++i) {
      ASSERT_EQ(
          part[static_cast<std::size_t>(i)],
          all[static_cast<std::size_t>((window.row + i / window.cols) * 50 + window.col + i % window.cols)]);
    }
  }
}

TEST(Burn, ValuesAndSystemsThatDoNotFitAreRefused) {
  const Grid grid = test::utm_grid(5, 5, 10);
  FeatureLayer layer = two_layers_worth();
  layer.features[0].class_id = 300;
  test::expect_fault(Fault::bad_argument, "class_id 300", [&] { burn(layer, grid, {0, 0, 20, 20}, 0); });
  layer.crs = Crs::from_user_input("EPSG:4326");
  test::expect_fault(Fault::bad_argument, "read the layer in the grid's CRS",
                     [&] { burn(layer, grid, grid.window(), 0); });
  test::expect_fault(Fault::bad_argument, "an empty window", [&] { burn({}, grid, {0, 0, 0, 5}, 0); });
}

}  // namespace
}  // namespace scarp::geo
