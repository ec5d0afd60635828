// SPDX-License-Identifier: Apache-2.0
#include "datasets/scene.h"

#include <filesystem>
#include <numeric>

#include <gtest/gtest.h>

#include "datasets/synthetic_scene.h"
#include "geo/feature_file_gdal.h"
#include "geo/raster_source_gdal.h"
#include "geo/raster_writer_gdal.h"
#include "tests/support/datasets_fault.h"
#include "tests/support/memory_scene.h"
#include "tests/support/test_files.h"

namespace scarp::datasets {
namespace {

using test::expect_datasets_fault;

geo::Feature box(const geo::Grid& grid, double row, double col, double rows, double cols, int class_id = 1) {
  geo::Ring ring;
  for (const geo::PixelPoint p : {geo::PixelPoint{row, col},
                                  {row, col + cols},
                                  {row + rows, col + cols},
                                  {row + rows, col},
                                  {row, col}}) {
    ring.push_back(grid.map_from_pixel(p));
  }
  return {{{ring, {}}}, class_id, ""};
}

class SceneLabelFiles : public testing::Test {
 protected:
  std::string write(const std::vector<geo::FeatureLayer>& layers) {
    const std::string file = folder_.file("labels" + std::to_string(++files_) + ".gpkg");
    geo::write_features(file, layers, false);
    return file;
  }
  std::string write_raster(const geo::Grid& grid, const std::vector<std::uint8_t>& classes, int bands = 1) {
    const std::string file = folder_.file("labels" + std::to_string(++files_) + ".tif");
    geo::RasterWriterOptions options;
    options.driver = "GTiff";
    options.band_names.assign(static_cast<std::size_t>(bands), "label");
    geo::RasterWriter writer(file, grid, options);
    std::vector<std::uint8_t> values;
    for (int band = 0; band < bands; ++band) values.insert(values.end(), classes.begin(), classes.end());
    writer.write_rows(std::span<const std::uint8_t>(values), grid.rows);
    writer.finish();
    return file;
  }
  ScenePaths paths(const std::string& labels, const std::string& area = "") const {
    return {"valley", "hrsi.tif", "dem.tif", labels, area};
  }

  geo::Grid grid_ = test::utm_grid(8, 10, 10);
  geo::FeatureLayer slides_ = {"landslides", grid_.crs, {box(grid_, 1, 1, 2, 3), box(grid_, 4, 4, 1, 1, 7)}};
  geo::FeatureLayer area_ = {"labelled_area", grid_.crs, {box(grid_, 0, 0, 6, 6)}};
  test::TempFolder folder_;
  int files_ = 0;
};

TEST_F(SceneLabelFiles, KeepWhatIsUnknownApartFromBackground) {
  const SceneLabels labels = read_labels(paths(write({area_, slides_})), grid_);
  EXPECT_FALSE(labels.everywhere);
  EXPECT_EQ(labels.landslides.features.size(), 2U);
  const std::vector<std::uint8_t> window = label_window(labels, grid_, {-1, 3, 7, 4});
  const std::vector<std::uint8_t> expected = {255, 255, 255, 255,  // above the raster
                                              0,   0,   0,   255,  //
                                              1,   0,   0,   255,  //
                                              1,   0,   0,   255,  //
                                              0,   0,   0,   255,  //
                                              0,   7,   0,   255,  //
                                              0,   0,   0,   255};
  EXPECT_EQ(window, expected);
}

TEST_F(SceneLabelFiles, OutsideTheGridAreUnknown) {
  const SceneLabels labels = read_labels(paths(write({slides_}), "all"), grid_);
  EXPECT_EQ(label_window(labels, grid_, {100, 100, 2, 2}), std::vector<std::uint8_t>(4, 255));
}

TEST_F(SceneLabelFiles, AreCompleteEverywhereOnlyIfSaid) {
  const std::string file = write({slides_});
  expect_datasets_fault(Fault::no_labels, "labelled_area: all", [&] { read_labels(paths(file), grid_); });
  const SceneLabels labels = read_labels(paths(file, "all"), grid_);
  EXPECT_TRUE(labels.everywhere);
  const std::vector<std::uint8_t> all = label_window(labels, grid_, grid_.window());
  EXPECT_EQ(std::accumulate(all.begin(), all.end(), 0), 6 + 7);
}

TEST_F(SceneLabelFiles, InTheBoxOfTheLandslidesAreKnownIfSaid) {
  const SceneLabels labels = read_labels(paths(write({slides_}), "box"), grid_);
  const std::vector<std::uint8_t> window = label_window(labels, grid_, {0, 0, 6, 6});
  const std::vector<std::uint8_t> expected = {255, 255, 255, 255, 255, 255,  //
                                              255, 1,   1,   1,   0,   255,  //
                                              255, 1,   1,   1,   0,   255,  //
                                              255, 0,   0,   0,   0,   255,  //
                                              255, 0,   0,   0,   7,   255,  //
                                              255, 255, 255, 255, 255, 255};
  EXPECT_EQ(window, expected);
  const std::string raster = write_raster(grid_, std::vector<std::uint8_t>(80, 0));
  expect_datasets_fault(Fault::bad_argument, "labelled_area: box is for polygons",
                        [&] { read_labels(paths(raster, "box"), grid_); });
}

TEST_F(SceneLabelFiles, SmallLandslidesAreUnknownUnlessALargerOneLiesThere) {
  geo::Feature with_hole = box(grid_, 0, 6, 3, 3);  // nine pixels less 5.5 of its hole
  with_hole.parts[0].holes = {box(grid_, 0.6, 6.6, 2.2, 2.5).parts[0].outer};
  slides_.features.push_back(box(grid_, 1, 1, 1, 2, 3));  // two pixels, drawn after the larger one
  slides_.features.push_back(with_hole);
  ScenePaths said = paths(write({slides_}), "all");
  said.smallest_px = 4;
  const SceneLabels labels = read_labels(said, grid_);
  EXPECT_EQ(label_window(labels, grid_, {1, 1, 1, 3}), (std::vector<std::uint8_t>{1, 1, 1}));
  EXPECT_EQ(label_window(labels, grid_, {4, 3, 1, 3}), (std::vector<std::uint8_t>{0, 255, 0}));
  EXPECT_EQ(label_window(labels, grid_, {0, 6, 1, 1}), (std::vector<std::uint8_t>{255}));
}

TEST_F(SceneLabelFiles, TakeTheAreaFromAnotherFile) {
  const SceneLabels labels = read_labels(paths(write({slides_}), write({area_}) + ":labelled_area"), grid_);
  EXPECT_EQ(label_window(labels, grid_, {7, 7, 1, 1}).front(), 255);
  EXPECT_EQ(label_window(labels, grid_, {5, 5, 1, 1}).front(), 0);
}

TEST_F(SceneLabelFiles, AreBroughtToTheCrsOfTheScene) {
  geo::Grid other = grid_;
  other.crs = geo::Crs::from_user_input("EPSG:4326");
  const geo::MapTransform to_degrees(grid_.crs, other.crs);
  for (geo::FeatureLayer* layer : {&slides_, &area_}) {
    layer->crs = other.crs;
    for (geo::Feature& feature : layer->features) {
      for (geo::MapPoint& point : feature.parts[0].outer) to_degrees.apply({&point.x, 1}, {&point.y, 1});
    }
  }
  const std::vector<std::uint8_t> window =
      label_window(read_labels(paths(write({slides_, area_})), grid_), grid_, {0, 0, 3, 6});
  EXPECT_EQ(window, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0}));
}

TEST_F(SceneLabelFiles, MayBeARasterOnTheSameGrid) {
  std::vector<std::uint8_t> classes(80, 0);
  classes[12] = 3;
  classes[13] = 255;
  const SceneLabels labels = read_labels(paths(write_raster(grid_, classes)), grid_);
  EXPECT_EQ(label_window(labels, grid_, {1, 1, 1, 3}), (std::vector<std::uint8_t>{0, 3, 255}));
  const SceneLabels within = read_labels(paths(write_raster(grid_, classes), write({area_})), grid_);
  EXPECT_EQ(label_window(within, grid_, {1, 2, 1, 5}), (std::vector<std::uint8_t>{3, 255, 0, 0, 255}));
}

TEST_F(SceneLabelFiles, WithValuesThatAreNoClassIdsAreRefused) {
  for (const auto& [value, words] :
       {std::pair{1.5F, "holds 1.500000"}, {-1.0F, "holds -1.0"}, {300.0F, "holds 300.0"}}) {
    const std::string file = folder_.file("labels" + std::to_string(++files_) + ".tif");
    geo::RasterWriterOptions options;
    options.type = geo::PixelType::f32;
    options.driver = "GTiff";
    options.band_names = {"label"};
    geo::RasterWriter writer(file, grid_, options);
    std::vector<float> values(80, 0);
    values[33] = value;
    writer.write_rows(std::span<const float>(values), grid_.rows);
    writer.finish();
    const SceneLabels labels = read_labels(paths(file), grid_);
    EXPECT_NO_THROW(label_window(labels, grid_, {0, 0, 3, 10}));
    expect_datasets_fault(Fault::bad_argument, words, [&] { label_window(labels, grid_, {3, 0, 2, 10}); });
  }
}

TEST_F(SceneLabelFiles, OnAnotherGridAreRefused) {
  geo::Grid shifted = grid_;
  shifted.geotransform[0] += 5;
  const std::string half = write_raster(shifted, std::vector<std::uint8_t>(80, 0));
  expect_datasets_fault(Fault::bad_argument, "gdalwarp", [&] { read_labels(paths(half), grid_); });
  const std::string two = write_raster(grid_, std::vector<std::uint8_t>(80, 0), 2);
  expect_datasets_fault(Fault::bad_argument, "2 bands", [&] { read_labels(paths(two), grid_); });
}

TEST_F(SceneLabelFiles, ElsewhereAreRefused) {
  const geo::Grid far = test::utm_grid(8, 10, 10, 900000, 5300000);
  expect_datasets_fault(Fault::no_overlap, "landslides", [&] {
    read_labels(paths(write({slides_, area_})), far);
  });
  geo::FeatureLayer area = area_;
  area.features = {box(far, 0, 0, 5, 5)};
  expect_datasets_fault(Fault::no_overlap, "labelled_area", [&] {
    read_labels(paths(write({slides_, area})), grid_);
  });
}

TEST_F(SceneLabelFiles, WithoutUsefulPolygonsAreRefused) {
  expect_datasets_fault(Fault::no_labels, "names no labels", [&] { read_labels(paths(""), grid_); });
  expect_datasets_fault(Fault::no_labels, "only the layer",
                        [&] { read_labels(paths(write({area_})), grid_); });
  expect_datasets_fault(Fault::no_labels, "no polygons", [&] {
    read_labels(paths(write({{"landslides", grid_.crs, {}}, area_})), grid_);
  });
  slides_.features[0].class_id = 255;
  expect_datasets_fault(Fault::bad_argument, "class_id 255", [&] {
    read_labels(paths(write({slides_, area_})), grid_);
  });
  test::expect_fault(geo::Fault::missing_file, "nowhere",
                     [&] { read_labels(paths(folder_.file("nowhere.gpkg")), grid_); });
}

TEST(SceneLabels, OfVallesAgreeWithTheRasterOfTheSameLabels) {
  SCARP_REAL_DATA(vector, "mars/valles_labels.gpkg");
  const geo::Grid grid = geo::open_raster(test::real_data("mars/valles_hrsi.tif"))->grid();
  const SceneLabels polygons = read_labels({"valles", "hrsi", "dem", vector, ""}, grid);
  const SceneLabels raster =
      read_labels({"valles", "hrsi", "dem", test::real_data("mars/valles_labels.tif"), ""}, grid);
  const geo::Window all = grid.window();
  const std::vector<std::uint8_t> a = label_window(polygons, grid, all), b = label_window(raster, grid, all);
  std::int64_t known = 0, differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    known += b[i] != 255;
    differ += a[i] != b[i];
  }
  EXPECT_GT(known, 7'000'000);
  EXPECT_LT(static_cast<double>(differ), 1e-3 * static_cast<double>(known));
}

}  // namespace
}  // namespace scarp::datasets
