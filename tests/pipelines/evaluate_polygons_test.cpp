// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_polygons.h"

#include <gtest/gtest.h>

#include "geo/feature_file_gdal.h"
#include "pipelines/evaluation/evaluate_objects.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

geo::Feature box(double x, double y, double side, int class_id = 1) {
  geo::Feature feature;
  feature.parts = {{{{x, y}, {x + side, y}, {x + side, y + side}, {x, y + side}, {x, y}}, {}}};
  feature.class_id = class_id;
  return feature;
}

geo::FeatureLayer layer(const std::string& name, std::vector<geo::Feature> features) {
  return {name, geo::Crs::from_user_input("EPSG:32632"), std::move(features)};
}

/// Labels are complete west of x = 501000. Found: one exactly, one at IoU 0.6; missed: one; false: one.
/// Beyond the area there are one of each; one mapped polygon lies across its border, with less than half
/// within.
class EvaluatedPolygons : public testing::Test {
 protected:
  void SetUp() override {
    const double y = 5000000;
    geo::Feature shifted = box(500125, y, 100);
    geo::write_features(map_,
                        std::vector{layer("landslides", {box(500000, y - 500, 100), shifted,
                                                         box(500500, y, 50), box(500980, y, 100),
                                                         box(503000, y, 100), box(500300, y - 300, 50, 0)})},
                        false);
    geo::write_features(
        labels_,
        std::vector{layer("landslides", {box(500000, y - 500, 100), box(500100, y, 100), box(500700, y, 80),
                                         box(502000, y, 100)}),
                    layer("labelled_area", {box(500000, y - 1000, 1000), box(500000, y, 1000)})},
        false);
  }
  test::TempFolder folder_;
  std::string map_ = folder_.file("map.gpkg");
  std::string labels_ = folder_.file("labels.gpkg");
};

TEST_F(EvaluatedPolygons, AreThoseOfTheLabelledArea) {
  const auto scores = evaluate_polygons(map_, labels_, labels_ + ":labelled_area");
  ASSERT_EQ(scores.size(), 3U);
  EXPECT_EQ(scores[0].least_iou, 0.3);
  for (const auto& at : scores) {
    EXPECT_EQ(at.predicted, 3);
    EXPECT_EQ(at.labelled, 3);
  }
  EXPECT_EQ(scores[0].matched, 2);
  EXPECT_EQ(scores[1].matched, 2) << "75 x 100 of 125 x 100: 0.6";
  EXPECT_EQ(scores[2].matched, 1);
  EXPECT_NEAR(*scores[1].mean_iou, 0.8, 1e-9);
  EXPECT_EQ(*scores[2].boundary_m, 0);
  EXPECT_GT(*scores[1].boundary_m, 1);
}

TEST_F(EvaluatedPolygons, AreAllWhereLabelsAreCompleteEverywhere) {
  const auto scores = evaluate_polygons(map_, labels_, "all");
  EXPECT_EQ(scores[0].predicted, 5) << "background is no landslide";
  EXPECT_EQ(scores[0].labelled, 4);
}

TEST_F(EvaluatedPolygons, MayBeInAnotherCrsThanTheLabels) {
  const geo::Crs degrees = geo::Crs::from_user_input("EPSG:4326");
  geo::FeatureLayer labels = geo::read_features(geo::parse_layer_path(labels_ + ":landslides"), degrees);
  labels.crs = degrees;
  const std::string file = folder_.file("degrees.gpkg");
  geo::write_features(file, std::vector{labels}, false);
  const auto scores = evaluate_polygons(map_, file, "all");
  EXPECT_EQ(scores[1].matched, 2);
  EXPECT_NEAR(*scores[1].mean_iou, 0.8, 1e-3);
}

TEST(ObjectMatcher, MatchesAtSeveralThresholds) {
  // Two mapped objects lie on one labelled object; another pair shares 2 of 5 pixels.
  const std::vector<std::string> predicted = {"##.#..", "......", "####.."};
  const std::vector<std::string> labelled = {"####..", "......", "..###."};
  ObjectMatcher matcher(6);
  for (std::size_t row = 0; row < 3; ++row) {
    std::vector<std::uint8_t> p;
    std::vector<std::uint8_t> l;
    for (std::size_t col = 0; col < 6; ++col) {
      p.push_back(predicted[row][col] == '#');
      l.push_back(labelled[row][col] == '#');
    }
    matcher.push(p, l);
  }
  const auto scores = matcher.scores_at(std::vector{0.2, 0.4, 0.5, 0.6});
  EXPECT_EQ(scores[0].matched, 2);
  EXPECT_EQ(scores[1].matched, 2) << "2 of 4, 2 of 5";
  EXPECT_EQ(scores[2].matched, 1);
  EXPECT_EQ(scores[3].matched, 0);
  EXPECT_EQ(scores[0].predicted, 3);
  EXPECT_EQ(scores[0].labelled, 2);
  EXPECT_NEAR(*scores[1].mean_iou, 0.45, 1e-12);
  EXPECT_EQ(matcher.scores().matched, 1);
}

}  // namespace
}  // namespace scarp::pipelines
