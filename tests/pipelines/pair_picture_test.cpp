// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/pair_picture.h"

#include <gmock/gmock.h>

#include "geo/feature_file_gdal.h"
#include "pipelines/error.h"
#include "tests/support/scene_files.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

/// 64 x 64 pixels of ground that rises to the east, with a square landslide of 4 x 4 cells in the middle:
///   t t s B      B back wall, s side wall, t toe, # interior
///   t # # B
///   t # # B
///   t t s B
class PairPictures : public testing::Test {
 protected:
  PairPictures() {
    test::write_image(folder_.file("image.tif"), grid_, [](auto, auto) { return 120; });
    geo::MemoryRaster dem;
    dem.grid = grid_;
    for (std::int64_t i = 0; i < grid_.rows * grid_.cols; ++i)
      dem.values.push_back(static_cast<float>(3 * (i % grid_.cols)));
    test::write_elevation(folder_.file("dem.tif"), dem);
    options_.scene = {"valley", folder_.file("image.tif"), folder_.file("dem.tif"), labels(16, 48), "all"};
  }

  /// A square landslide from pixel `first` to `last`, both ways.
  std::string labels(double first, double last) {
    geo::Ring ring;
    for (const geo::PixelPoint p :
         {geo::PixelPoint{first, first}, {first, last}, {last, last}, {last, first}, {first, first}})
      ring.push_back(grid_.map_from_pixel(p));
    const std::string file = folder_.file("labels" + std::to_string(first) + ".gpkg");
    geo::write_features(
        file, std::vector<geo::FeatureLayer>{{"landslides", grid_.crs, {{{{ring, {}}}, 1, ""}}}}, true);
    return file;
  }

  void expect_refused(Fault fault, const std::string& sentence) {
    try {
      picture_pairs(options_);
      ADD_FAILURE() << "not refused: " << sentence;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), fault);
      EXPECT_THAT(error.what(), testing::HasSubstr(sentence));
    }
  }

  test::TempFolder folder_;
  geo::Grid grid_ = test::utm_grid(64, 64, 10);
  PairPictureOptions options_;
};

std::int64_t count(const PairPicture& drawn, nn::CellKind kind) {
  return drawn.cells[static_cast<std::size_t>(kind)];
}

TEST_F(PairPictures, CountTheCellsOfEachKindAndWhatIsDrawnFromThem) {
  const PairPicture drawn = picture_pairs(options_);
  EXPECT_THAT(drawn.cells, testing::ElementsAre(0, 28, 20, 4, 6, 2, 4));
  EXPECT_EQ(drawn.anchors, 6);
  EXPECT_EQ(drawn.negatives, 32);
}

TEST_F(PairPictures, OfTheWholeBandTakeAnchorsFromTheToeToo) {
  options_.anchors = nn::AnchorMode::band;
  EXPECT_EQ(picture_pairs(options_).anchors, 12);
}

TEST_F(PairPictures, ColourCellsByTheirKind) {
  const PairPicture drawn = picture_pairs(options_);
  ASSERT_EQ(drawn.picture.rows, 960);
  // A pixel near the corner of a cell, away from dots and outlines, against one of the landslide's interior.
  const auto pixel = [&](int row, int col) {
    const auto at = static_cast<std::size_t>(3 * ((row * 120 + 12) * 960 + col * 120 + 12));
    return std::array<int, 3>{drawn.picture.rgb[at], drawn.picture.rgb[at + 1], drawn.picture.rgb[at + 2]};
  };
  const auto ground = pixel(3, 3), back = pixel(3, 5), toe = pixel(3, 2), outside = pixel(3, 1);
  EXPECT_EQ(ground[0], ground[2]);
  EXPECT_GT(back[0], back[1] + 60);
  EXPECT_GT(toe[1], toe[0] + 40);
  EXPECT_GT(outside[2], outside[0] + 60);
}

TEST_F(PairPictures, WithoutElevationShowTheWholeInnerBandAsSideWall) {
  options_.scene.dem = "";
  const PairPicture drawn = picture_pairs(options_);
  EXPECT_EQ(count(drawn, nn::CellKind::side_wall), 12);
  EXPECT_EQ(count(drawn, nn::CellKind::back_wall), 0);
}

TEST_F(PairPictures, MayShowAPartOfTheImageInWholeCells) {
  options_.window = {8, 8, 39, 30};
  const PairPicture drawn = picture_pairs(options_);
  std::int64_t all = 0;
  for (const std::int64_t cells : drawn.cells) all += cells;
  EXPECT_EQ(all, 4 * 3);
}

TEST_F(PairPictures, OfGroundWithoutALandslideAreRefused) {
  options_.window = {0, 0, 16, 64};
  expect_refused(
      Fault::contradiction,
      "has no landslide that fills a cell of 8 pixels in rows 0 to 15, columns 0 to 63; choose another");
}

TEST_F(PairPictures, OfLabelsElsewhereAreRefused) {
  options_.scene.labels = labels(600, 640);
  try {
    picture_pairs(options_);
    ADD_FAILURE();
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("lies elsewhere than"));
  }
}

TEST_F(PairPictures, BeyondTheImageOrOfLessThanACellAreRefused) {
  options_.window = {40, 0, 32, 32};
  expect_refused(Fault::usage,
                 "the window of 32 x 32 pixels at row 40, column 0 reaches beyond the image of 64 x 64");
  options_.window = {0, 0, 32, 7};
  expect_refused(Fault::usage, "a window of 32 x 7 pixels has no whole cell of 8 pixels");
}

}  // namespace
}  // namespace scarp::pipelines
