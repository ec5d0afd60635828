// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/training_scenes.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "geo/feature_file_gdal.h"
#include "pipelines/error.h"
#include "pipelines/training/make_folds.h"
#include "tests/support/scene_files.h"
#include "tests/support/silent_events.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

geo::Polygon square(const geo::Grid& grid, double row, double col, double side) {
  const auto corner = [&](double r, double c) { return grid.map_from_pixel({r, c}); };
  return {{corner(row, col), corner(row, col + side), corner(row + side, col + side), corner(row + side, col),
           corner(row, col)},
          {}};
}

/// A scene of 400 x 400 pixels with two labelled squares of 64 pixels far apart, a landslide in each, and one
/// where nothing is labelled.
class TrainingScenes : public ::testing::Test {
 protected:
  TrainingScenes() {
    test::write_image(folder_.file("hrsi.tif"), grid_,
                      [](std::int64_t row, std::int64_t col) { return 1 + (row + col) % 200; });
    test::write_hills(folder_.file("dem.tif"), grid_);
    geo::FeatureLayer slides{"landslides", grid_.crs, {}};
    for (const auto& [row, col] : {std::pair{50, 50}, {270, 270}, {200, 40}})
      slides.features.push_back({{square(grid_, row, col, 20)}, 1, "landslide"});
    geo::FeatureLayer area{"labelled_area", grid_.crs, {}};
    for (const auto& [row, col] : {std::pair{32, 32}, {256, 256}})
      area.features.push_back({{square(grid_, row, col, 64)}, 1, ""});
    const std::vector<geo::FeatureLayer> layers = {slides, area};
    geo::write_features(folder_.file("labels.gpkg"), layers, false);
    SceneSettings scene;
    scene.paths = {"test", folder_.file("hrsi.tif"), folder_.file("dem.tif"), folder_.file("labels.gpkg"),
                   ""};
    settings_.scenes = {scene};
    settings_.terrain = {"slope"};
    settings_.sample_side = 96;
    settings_.block_side = 64;
    settings_.validation_share = 0.5;
    settings_.validation_margin_px = 32;
  }

  struct Sample {
    std::vector<float> optical, terrain;
    std::vector<std::uint8_t> valid, terrain_valid, labels;
  };
  Sample sample(BlockSamples& samples, std::int64_t epoch, std::int64_t index) {
    const auto pixels = static_cast<std::size_t>(samples.side() * samples.side());
    Sample s{std::vector<float>(3 * pixels), std::vector<float>(pixels), std::vector<std::uint8_t>(pixels),
             std::vector<std::uint8_t>(pixels), std::vector<std::uint8_t>(pixels)};
    samples.fill(epoch, index, {s.optical, s.terrain, s.valid, s.terrain_valid, s.labels});
    return s;
  }
  static std::int64_t count(const std::vector<std::uint8_t>& labels, std::uint8_t value) {
    return std::count(labels.begin(), labels.end(), value);
  }

  test::TempFolder folder_;
  geo::Grid grid_ = test::utm_grid(400, 400, 10);
  RunSettings settings_;
};

TEST_F(TrainingScenes, AFoldValidatesTheBlocksThatItsFileNames) {
  settings_.folds_file = folder_.file("folds.csv");
  test::write_text(settings_.folds_file,
                   "scene,row,column,rows,columns,fold\ntest,32,32,64,64,2\ntest,256,256,64,64,1\n");
  for (const int fold : {1, 2}) {
    settings_.fold = fold;
    auto scenes = open_training_scenes(settings_);
    BlockSamples samples(scenes, settings_, BlockSamples::Purpose::validation);
    ASSERT_EQ(samples.size(), 1);
    EXPECT_EQ(samples.block(0), (std::pair<std::string, int>{"test", fold == 1 ? 1 : 0}));
  }
  settings_.fold = 3;
  EXPECT_THROW(open_training_scenes(settings_), Error);
}

TEST_F(TrainingScenes, MadeFoldsAreAFileThatIsTakenBack) {
  test::SilentEvents events;
  make_folds(settings_, 2, folder_.file("folds.csv"), false, events);
  settings_.folds_file = folder_.file("folds.csv");
  settings_.fold = 2;
  EXPECT_EQ(open_training_scenes(settings_)[0].split.validation.size(), 1U);
}

TEST_F(TrainingScenes, OneGroupTrainsAndTheOtherValidates) {
  const auto scenes = open_training_scenes(settings_);
  ASSERT_EQ(scenes.size(), 1u);
  EXPECT_EQ(scenes[0].split.training.size(), 1u);
  EXPECT_EQ(scenes[0].split.validation.size(), 1u);
  EXPECT_NEAR(scenes[0].gsd_m, 10, 1e-9);
}

TEST_F(TrainingScenes, OnlyThePixelsOfTheLabelledBlockAreLearnt) {
  auto scenes = open_training_scenes(settings_);
  for (const auto purpose : {BlockSamples::Purpose::training, BlockSamples::Purpose::validation}) {
    BlockSamples samples(scenes, settings_, purpose);
    ASSERT_EQ(samples.size(), 1);
    for (std::int64_t epoch = 0; epoch < 5; ++epoch) {
      const Sample s = sample(samples, epoch, 0);
      EXPECT_EQ(count(s.labels, 1), 20 * 20);
      EXPECT_EQ(count(s.labels, 0), 64 * 64 - 20 * 20);
      EXPECT_EQ(count(s.labels, nn::kIgnoreLabel), 96 * 96 - 64 * 64);
    }
  }
}

TEST_F(TrainingScenes, ASampleIsTheSameWheneverItIsAskedFor) {
  auto scenes = open_training_scenes(settings_);
  BlockSamples samples(scenes, settings_, BlockSamples::Purpose::training);
  const Sample first = sample(samples, 3, 0);
  sample(samples, 0, 0);
  const Sample again = sample(samples, 3, 0);
  EXPECT_EQ(first.optical, again.optical);
  EXPECT_EQ(first.labels, again.labels);
  EXPECT_NE(samples.place(0, 0), samples.place(1, 0)) << "windows move from pass to pass";
}

TEST_F(TrainingScenes, LabelsWithAClassThatIsNotNamedAreRefused) {
  settings_.classes[1].id = 7;
  auto scenes = open_training_scenes(settings_);
  BlockSamples samples(scenes, settings_, BlockSamples::Purpose::training);
  try {
    samples.hold_landslides();
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(
        std::string(error.what()).find("hold class id 1, which the run file's key classes does not name"),
        std::string::npos)
        << error.what();
  }
}

TEST_F(TrainingScenes, BlocksOfWhichALabelRasterKnowsNothingAreLeftOut) {
  const auto write_labels = [&](const std::string& name, auto class_at) {
    geo::RasterWriterOptions raster;
    raster.band_names = {"class"};
    raster.nodata = 255;
    raster.driver = "GTiff";
    geo::RasterWriter writer(folder_.file(name), grid_, raster);
    std::vector<std::uint8_t> ids;
    for (std::int64_t row = 0; row < grid_.rows; ++row)
      for (std::int64_t col = 0; col < grid_.cols; ++col) ids.push_back(class_at(row, col));
    writer.write_rows<std::uint8_t>(ids, grid_.rows);
    writer.finish();
    settings_.scenes[0].paths.labels = folder_.file(name);
    settings_.scenes[0].paths.labelled_area = "all";
    settings_.scenes[0].use = SceneUse::training;
  };
  write_labels("sure.tif", [](std::int64_t row, std::int64_t col) -> std::uint8_t {
    if (row < 40 && col < 50) return row < 20 ? 1 : 0;
    return row > 350 && col > 350 ? 0 : 255;
  });
  const auto scenes = open_training_scenes(settings_);
  const auto& blocks = scenes[0].blocks;
  ASSERT_EQ(blocks.blocks.size(), 2u) << "of forty-nine";
  EXPECT_EQ(blocks.blocks[0], (geo::Window{0, 0, 57, 57}));
  EXPECT_EQ(blocks.blocks[1], (geo::Window{342, 342, 58, 58}));
  EXPECT_EQ(blocks.groups, 2);
  EXPECT_EQ(scenes[0].split.training.size(), 2u);

  write_labels("nothing.tif", [](std::int64_t, std::int64_t) -> std::uint8_t { return 255; });
  try {
    open_training_scenes(settings_);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::contradiction);
    EXPECT_NE(std::string(error.what()).find("nothing.tif knows nothing: every pixel is 255 or nodata"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(TrainingScenes, StatisticsAreThoseOfTheTrainingGround) {
  auto scenes = open_training_scenes(settings_);
  std::vector<nn::ChannelSpec> optical = {{"red", "", 0, 1}, {"green", "", 0, 1}, {"blue", "", 0, 1}};
  std::vector<nn::ChannelSpec> terrain = {{"slope", "degree", 0, 1}};
  measure_channels(scenes, optical, terrain);
  const geo::Window block = scenes[0].blocks.blocks[static_cast<std::size_t>(scenes[0].split.training[0])];
  double sum = 0;
  for (std::int64_t row = block.row; row < block.row_end(); ++row) {
    for (std::int64_t col = block.col; col < block.col_end(); ++col)
      sum += static_cast<double>(1 + (row + col) % 200);
  }
  EXPECT_NEAR(optical[0].mean, sum / static_cast<double>(block.pixels()), 1e-6);
  EXPECT_GT(terrain[0].deviation, 0);
}

TEST_F(TrainingScenes, ASmallerShareOfTheLabelsLiesWithinALargerOne) {
  settings_.block_side = 16;  // 32 blocks
  settings_.validation_share = 0;
  const auto kept = [&](double share, std::uint64_t seed) {
    settings_.labelled_share = share;
    settings_.training.seed = seed;
    auto scenes = open_training_scenes(settings_);
    keep_labelled_share(scenes, settings_);
    return scenes[0].split.training;
  };
  const auto all = kept(1, 1), half = kept(0.5, 1), tenth = kept(0.1, 1), one = kept(0.001, 1);
  EXPECT_EQ(all.size(), 32);
  EXPECT_EQ(half.size(), 16);
  EXPECT_EQ(tenth.size(), 3);
  ASSERT_EQ(one.size(), 1);
  EXPECT_TRUE(std::includes(half.begin(), half.end(), tenth.begin(), tenth.end()));
  EXPECT_TRUE(std::includes(tenth.begin(), tenth.end(), one.begin(), one.end()));
  EXPECT_EQ(kept(0.5, 1), half);
  EXPECT_NE(kept(0.5, 2), half);
}

TEST_F(TrainingScenes, TheLastBlockOfASmallShareHoldsALandslide) {
  settings_.block_side = 16;
  settings_.validation_share = 0;
  settings_.labelled_share = 0.001;
  for (std::uint64_t seed = 1; seed < 9; ++seed) {
    settings_.training.seed = seed;
    auto scenes = open_training_scenes(settings_);
    keep_labelled_share(scenes, settings_);
    EXPECT_TRUE(BlockSamples(scenes, settings_, BlockSamples::Purpose::training).hold_landslides()) << seed;
  }
}

TEST_F(TrainingScenes, LabelsBesideAShareAreNotLearnt) {
  settings_.block_side = 16;
  settings_.validation_share = 0;
  settings_.labelled_share = 0.001;
  auto scenes = open_training_scenes(settings_);
  keep_labelled_share(scenes, settings_);
  BlockSamples samples(scenes, settings_, BlockSamples::Purpose::training);
  ASSERT_EQ(samples.size(), 1);
  const Sample only = sample(samples, 0, 0);
  EXPECT_EQ(count(only.labels, nn::kIgnoreLabel), 96 * 96 - 16 * 16);
}

}  // namespace
}  // namespace scarp::pipelines
