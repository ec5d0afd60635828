// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "geo/error.h"
#include "pipelines/error.h"
#include "tests/support/evaluate_files.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

using test::pixel_box;

class Evaluate : public testing::Test {
 protected:
  Evaluation run(const std::string& prediction, const std::string& labels, const std::string& area = {}) {
    options.prediction = prediction;
    options.labels = labels;
    options.labelled_area = area;
    return evaluate(options, events);
  }
  void expect_refused(Fault fault, const std::string& part) {
    try {
      evaluate(options, events);
      ADD_FAILURE() << "not refused; expected: " << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.fault(), fault) << error.what();
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }
  std::string drawn(const std::string& name, std::string_view drawing) {
    return test::write_drawn(folder.file(name), drawing);
  }

  test::TempFolder folder;
  test::RecordedEvents events;
  EvaluateOptions options;
};

TEST_F(Evaluate, CountsDrawnMasks) {
  const Evaluation s = run(drawn("map.tif", R"(
      ##..
      ##..
      ...#
  )"),
                           drawn("labels.tif", R"(
      .##.
      .##.
      ....
  )"));
  EXPECT_EQ(s.true_positive, 2);
  EXPECT_EQ(s.false_positive, 3);
  EXPECT_EQ(s.false_negative, 2);
  EXPECT_EQ(s.true_negative, 5);
  EXPECT_EQ(s.labelled_pixels, 12);
  EXPECT_DOUBLE_EQ(s.precision, 2.0 / 5);
  EXPECT_DOUBLE_EQ(s.recall, 2.0 / 4);
  EXPECT_DOUBLE_EQ(s.f1, 4.0 / 9);
  EXPECT_DOUBLE_EQ(s.iou, 2.0 / 7);
  EXPECT_DOUBLE_EQ(s.iou_background, 5.0 / 10);
  EXPECT_DOUBLE_EQ(s.miou, 0.5 * (2.0 / 7 + 0.5));
  EXPECT_DOUBLE_EQ(s.accuracy, 7.0 / 12);
  EXPECT_EQ(s.objects.predicted, 2);
  EXPECT_EQ(s.objects.labelled, 1);
  EXPECT_EQ(s.objects.matched, 0);
  EXPECT_EQ(events.last_progress, 1);
}

TEST_F(Evaluate, ComparesOutlinesWithinATolerance) {
  const std::string map = drawn("map.tif", "#......\n#......\n#......");
  const std::string labels = drawn("labels.tif", "####...\n####...\n####...");
  EXPECT_EQ(run(map, labels).boundary_f1, 0) << "three pixels apart";
  options.boundary_tolerance_px = 3;
  const Evaluation s = evaluate(options, events);
  EXPECT_EQ(s.boundary_f1, 1);
  EXPECT_EQ(s.outline.predicted, 3);
  EXPECT_EQ(s.boundary_tolerance_px, 3);
}

/// A class raster of squares of 8 x 8 pixels, each landslide on its left half; the first `cut` columns of it
/// are left out in the first `squares` squares of a row.
std::string striped(int cut, int squares) {
  std::string drawing;
  for (int row = 0; row < 16; ++row) {
    for (int col = 0; col < 64; ++col)
      drawing += col % 8 >= (col / 8 < squares ? cut : 0) && col % 8 < 4 ? '#' : '.';
    drawing += '\n';
  }
  return drawing;
}

TEST_F(Evaluate, DrawsIntervalsFromSquaresOfGround) {
  options.block_side_px = 8;
  const Evaluation s = run(drawn("map.tif", striped(2, 4)), drawn("labels.tif", striped(0, 0)));
  EXPECT_EQ(s.bootstrap.blocks, 16);
  EXPECT_EQ(s.bootstrap.draws, 1000);
  EXPECT_DOUBLE_EQ(s.recall, 0.75);
  EXPECT_GT(s.bootstrap.scores.at("recall").low, 0.5);
  EXPECT_LT(s.bootstrap.scores.at("recall").low, 0.7);
  EXPECT_GT(s.bootstrap.scores.at("recall").high, 0.8);
  EXPECT_EQ(s.bootstrap.scores.at("precision").low, 1);
  EXPECT_FALSE(s.bootstrap.scores.contains("ece"));
  const nlohmann::json json = nlohmann::json::parse(s.to_json());
  EXPECT_EQ(json["bootstrap"]["scores"]["recall"][0], s.bootstrap.scores.at("recall").low);
  EXPECT_FALSE(json.contains("against"));
}

TEST_F(Evaluate, HoldsAMapAgainstAnotherOnTheSameGround) {
  options.block_side_px = 8;
  options.against = drawn("other.tif", striped(2, 8));
  options.report = folder.file("report.html");
  const Evaluation s = run(drawn("map.tif", striped(2, 4)), drawn("labels.tif", striped(0, 0)));
  ASSERT_TRUE(s.against);
  EXPECT_DOUBLE_EQ(s.recall, 0.75);
  EXPECT_DOUBLE_EQ(s.against->scores.recall, 0.5);
  const Interval difference = s.bootstrap.differences.at("recall");
  EXPECT_GT(difference.low, 0.05);
  EXPECT_LT(difference.high, 0.45);
  const nlohmann::json json = nlohmann::json::parse(s.to_json());
  EXPECT_EQ(json["against"]["differences"]["recall"], 0.25);
  EXPECT_EQ(json["against"]["difference_intervals"]["recall"][1], difference.high);
  EXPECT_NE(test::file_text(options.report).find(">better</td>"), std::string::npos);
}

TEST_F(Evaluate, JudgesTwoMapsWhereBothHaveData) {
  options.against = drawn("other.tif", "#?.#");
  const Evaluation s = run(drawn("map.tif", "##?#"), drawn("labels.tif", "#..."));
  EXPECT_EQ(s.labelled_pixels, 2);
  EXPECT_EQ(s.true_positive, 1);
  EXPECT_EQ(s.false_positive, 1);
  EXPECT_EQ(s.f1, s.against->scores.f1);
  EXPECT_NE(events.warnings.find("2 labelled pixels have no data in one of the maps"), std::string::npos);
}

TEST_F(Evaluate, HoldsAMapAgainstItselfWithoutADifference) {
  options.block_side_px = 8;
  options.against = drawn("map.tif", striped(1, 3));
  const Evaluation s = run(options.against, drawn("labels.tif", striped(0, 0)));
  for (const auto& [key, interval] : s.bootstrap.differences) {
    EXPECT_EQ(interval.low, 0) << key;
    EXPECT_EQ(interval.high, 0) << key;
  }
  EXPECT_EQ(s.bootstrap.differences.size(), s.bootstrap.scores.size());
}

TEST_F(Evaluate, RefusesWhatSaysNothingOfChance) {
  options.prediction = options.labels = drawn("map.tif", "#.");
  options.draws = -1;
  expect_refused(Fault::usage, "number of draws");
  options.draws = 10;
  options.against_probability_raster = options.prediction;
  expect_refused(Fault::usage, "--against");
}

TEST_F(Evaluate, LeavesUnknownLabelsOutAndTellsOfUnmappedPixels) {
  const Evaluation s = run(drawn("map.tif", "#.?#\n#.?#"),
                           test::write_drawn(folder.file("labels.tif"), "##.?\n#.#?", std::nullopt));
  EXPECT_EQ(s.true_positive, 2);
  EXPECT_EQ(s.false_negative, 1);
  EXPECT_EQ(s.true_negative, 1);
  EXPECT_EQ(s.false_positive, 0);
  EXPECT_EQ(s.unmapped_pixels, 2);
  EXPECT_NE(events.warnings.find("2 labelled pixels have no data"), std::string::npos) << events.warnings;
}

TEST_F(Evaluate, ComparesPolygonsWithPolygonsOnAGridOfItsOwn) {
  const std::string map =
      test::write_layers(folder.file("map.gpkg"), {test::utm_layer("slides", {pixel_box(10, 10, 30, 30)})});
  const std::string labels = test::write_layers(folder.file("labels.gpkg"),
                                                {test::utm_layer("labelled_area", {pixel_box(0, 0, 50, 100)}),
                                                 test::utm_layer("landslides", {pixel_box(10, 20, 30, 40)})});
  const Evaluation s = run(map, labels);
  EXPECT_NEAR(s.iou, 1.0 / 3, 0.01);
  EXPECT_NEAR(s.accuracy, 1 - 400.0 / 5000, 0.005);
  EXPECT_NE(events.warnings.find("--background"), std::string::npos) << events.warnings;
}

TEST_F(Evaluate, TakesTheGridOfTheBackgroundForPolygons) {
  const std::string map =
      test::write_layers(folder.file("map.gpkg"), {test::utm_layer("slides", {pixel_box(1, 1, 3, 3)})});
  const std::string labels = test::write_layers(folder.file("labels.gpkg"),
                                                {test::utm_layer("landslides", {pixel_box(1, 2, 3, 4)}),
                                                 test::utm_layer("labelled_area", {pixel_box(0, 0, 4, 4)})});
  options.background = drawn("ground.tif", ".....1\n.2....\n...3..\n......\n......");
  const Evaluation s = run(map, labels);
  EXPECT_EQ(s.true_positive, 2);
  EXPECT_EQ(s.false_positive, 2);
  EXPECT_EQ(s.false_negative, 2);
  EXPECT_EQ(s.true_negative, 10);
  EXPECT_EQ(events.warnings, "");
}

TEST_F(Evaluate, CountsPixelsOfOverlappingLabelledSquaresOnce) {
  const std::string labels =
      test::write_layers(folder.file("labels.gpkg"),
                         {test::utm_layer("labelled_area", {pixel_box(0, 0, 3, 3), pixel_box(0, 2, 3, 5)}),
                          test::utm_layer("landslides", {pixel_box(0, 2, 3, 3)})});
  const Evaluation s = run(drawn("map.tif", "..#...\n..#...\n..#..."), labels);
  EXPECT_EQ(s.labelled_pixels, 15);
  EXPECT_EQ(s.true_positive, 3);
  EXPECT_EQ(s.f1, 1);
}

TEST_F(Evaluate, RefusesLabelsWithoutALabelledAreaUnlessAllIsSaid) {
  options.prediction = drawn("map.tif", "#.\n..");
  options.labels = test::write_layers(folder.file("labels.gpkg"),
                                      {test::utm_layer("landslides", {pixel_box(0, 0, 1, 1)})});
  expect_refused(Fault::contradiction, "--labelled-area all");
  EXPECT_EQ(run(options.prediction, options.labels, "all").labelled_pixels, 4);
}

TEST_F(Evaluate, RefusesAmbiguousLayers) {
  options.prediction = drawn("map.tif", "#.\n..");
  options.labels = test::write_layers(
      folder.file("labels.gpkg"),
      {test::utm_layer("old", {pixel_box(0, 0, 1, 1)}), test::utm_layer("new", {pixel_box(0, 0, 1, 1)})});
  options.labelled_area = "all";
  expect_refused(Fault::contradiction, ":LAYER");
  options.labels += ":new";
  EXPECT_EQ(evaluate(options, events).f1, 1);
}

TEST_F(Evaluate, BringsALabelRasterOfAnotherGridToTheNearestPixel) {
  geo::Grid coarse = test::utm_grid(1, 2);
  coarse.geotransform[1] = 20;
  coarse.geotransform[5] = -20;
  const std::string labels = test::write_drawn(folder.file("labels.tif"), "#.", 255, {}, &coarse);
  const Evaluation s = run(drawn("map.tif", "##..\n###."), labels);
  EXPECT_EQ(s.true_positive, 4);
  EXPECT_EQ(s.false_positive, 1);
  EXPECT_EQ(s.true_negative, 3);
}

TEST_F(Evaluate, RefusesALabelRasterInAnotherCrs) {
  geo::Grid other = test::utm_grid(1, 2);
  other.crs = geo::Crs::from_user_input("EPSG:32633");
  options.prediction = drawn("map.tif", "#.");
  options.labels = test::write_drawn(folder.file("labels.tif"), "#.", 255, {}, &other);
  expect_refused(Fault::contradiction, "gdalwarp -r near");
}

TEST_F(Evaluate, RefusesLabelsOfAnotherPlace) {
  geo::Grid far = test::utm_grid(1, 2);
  far.geotransform[0] += 1e5;
  options.prediction = drawn("map.tif", "#.");
  options.labels = test::write_drawn(folder.file("labels.tif"), "#.", 255, {}, &far);
  expect_refused(Fault::contradiction, "shares no ground");
}

TEST_F(Evaluate, RefusesALabelledAreaOfAnotherPlace) {
  options.prediction = drawn("map.tif", "#.");
  options.labels = test::write_layers(folder.file("labels.gpkg"),
                                      {test::utm_layer("landslides", {pixel_box(0, 0, 1, 1)}),
                                       test::utm_layer("labelled_area", {pixel_box(900, 0, 950, 9)})});
  expect_refused(Fault::contradiction, "lies elsewhere");
}

TEST_F(Evaluate, RefusesAnEmptyLabelledArea) {
  options.prediction = drawn("map.tif", "#.");
  options.labels = test::write_layers(
      folder.file("labels.gpkg"),
      {test::utm_layer("landslides", {pixel_box(0, 0, 1, 1)}), test::utm_layer("labelled_area", {})});
  expect_refused(Fault::contradiction, "holds no polygon");
}

TEST_F(Evaluate, RefusesWhenNothingIsLabelled) {
  options.prediction = drawn("map.tif", "#.");
  options.labels = drawn("labels.tif", "??");
  expect_refused(Fault::contradiction, "no labelled pixel can be compared");
}

TEST_F(Evaluate, RefusesProbabilitiesInPlaceOfClasses) {
  options.prediction = test::write_floats(folder.file("map.tif"), test::utm_grid(1, 2), {0.25F, 0.75F});
  options.labels = drawn("labels.tif", "#.");
  expect_refused(Fault::contradiction, "0.25, which is no class id");
}

TEST_F(Evaluate, RefusesAnUndeclared255InTheMap) {
  options.prediction = test::write_drawn(folder.file("map.tif"), "?.", std::nullopt);
  options.labels = drawn("labels.tif", "#.");
  expect_refused(Fault::contradiction, "-a_nodata");
}

TEST_F(Evaluate, RefusesPolygonsWithAnImpossibleClass) {
  options.prediction =
      test::write_layers(folder.file("map.gpkg"), {test::utm_layer("slides", {pixel_box(0, 0, 1, 1, 300)})});
  options.labels = drawn("labels.tif", "#.");
  expect_refused(Fault::contradiction, "class_id 300");
}

TEST_F(Evaluate, RefusesNoInput) {
  expect_refused(Fault::usage, "scarp evaluate MAP --labels");
}

TEST_F(Evaluate, TellsOfFilesThatAreNotThere) {
  try {
    run(folder.file("none.tif"), folder.file("none.gpkg"));
    ADD_FAILURE();
  } catch (const geo::Error& error) {
    EXPECT_EQ(error.fault(), geo::Fault::missing_file);
    EXPECT_NE(std::string(error.what()).find("none.tif"), std::string::npos);
  }
}

TEST_F(Evaluate, GivesZeroAndAWarningWhereThereIsNoLandslide) {
  const Evaluation s = run(drawn("map.tif", ".."), drawn("labels.tif", ".."));
  EXPECT_EQ(s.f1, 0);
  EXPECT_EQ(s.accuracy, 1);
  EXPECT_NE(events.warnings.find("not defined"), std::string::npos);
  EXPECT_EQ(s.to_json().find("nan"), std::string::npos);
  EXPECT_TRUE(nlohmann::json::parse(s.to_json())["ece"].is_null());
}

TEST_F(Evaluate, FindsTheProbabilityRasterThatTheMapNames) {
  test::write_floats(folder.file("p.tif"), test::utm_grid(1, 4), {0.9F, 0.9F, 0.1F, 0.1F});
  const std::string map =
      test::write_drawn(folder.file("map.tif"), "##..", 255, {{"SCARP_PROBABILITY_RASTER", "p.tif"}});
  const Evaluation s = run(map, drawn("labels.tif", "#..."));
  // Bin of 0.9: half are landslide; bin of 0.1: none is. ECE = (2 * 0.4 + 2 * 0.1) / 4.
  EXPECT_NEAR(s.ece, 0.25, 1e-6);
  ASSERT_EQ(s.reliability.size(), 15U);
  EXPECT_EQ(s.reliability[13].pixels, 2);
  EXPECT_DOUBLE_EQ(s.reliability[13].frequency, 0.5);
  EXPECT_EQ(s.reliability[1].pixels, 2);
}

TEST_F(Evaluate, TakesBytesAsShareOf254AndLeavesNodataOut) {
  const geo::Grid grid = test::utm_grid(1, 3);
  geo::RasterWriterOptions bytes;
  bytes.band_names = {"p"};
  bytes.nodata = 255;
  bytes.driver = "GTiff";
  geo::RasterWriter writer(folder.file("p.tif"), grid, bytes);
  const std::vector<std::uint8_t> values = {254, 127, 255};
  writer.write_rows<std::uint8_t>(values, 1);
  writer.finish();
  options.probability_raster = folder.file("p.tif");
  const Evaluation s = run(drawn("map.tif", "##."), drawn("labels.tif", "##."));
  EXPECT_NEAR(s.ece, 0.25, 1e-6);
  EXPECT_EQ(s.reliability[14].pixels, 1);
  EXPECT_EQ(s.reliability[7].pixels, 1);
}

TEST_F(Evaluate, RefusesProbabilitiesBeyondOne) {
  options.probability_raster = test::write_floats(folder.file("p.tif"), test::utm_grid(1, 2), {0.5F, 37});
  options.prediction = drawn("map.tif", "#.");
  options.labels = drawn("labels.tif", "#.");
  expect_refused(Fault::contradiction, "holds the value 37");
}

TEST_F(Evaluate, IgnoresProbabilityRastersOutsideThisMachine) {
  const std::string map = test::write_drawn(folder.file("map.tif"), "#.", 255,
                                            {{"SCARP_PROBABILITY_RASTER", "/vsimem/elsewhere.tif"}});
  EXPECT_LT(run(map, drawn("labels.tif", "#.")).ece, 0);
}

TEST_F(Evaluate, ScoresEachClass) {
  const Evaluation s = run(drawn("map.tif", "1122\n...."), drawn("labels.tif", "1222\n...."));
  EXPECT_EQ(s.f1, 1);
  ASSERT_EQ(s.classes.size(), 2U);
  EXPECT_EQ(s.classes[0].id, 1);
  EXPECT_DOUBLE_EQ(s.classes[0].iou, 0.5);
  EXPECT_DOUBLE_EQ(s.classes[1].iou, 2.0 / 3);
}

TEST_F(Evaluate, WritesReportAndMetricsAndRefusesToOverwriteThem) {
  options.report = folder.file("report.html");
  options.json = folder.file("metrics.json");
  const Evaluation s = run(drawn("map.tif", "##..\n#..."), drawn("labels.tif", "##..\n##.."));
  const auto json = nlohmann::json::parse(test::file_text(options.json));
  for (const char* key :
       {"f1", "iou", "miou", "precision", "recall", "accuracy", "ece", "iou_background", "labelled_pixels",
        "true_positive", "false_positive", "false_negative", "true_negative", "unmapped_pixels",
        "reliability", "prediction", "labels", "labelled_area", "polygons_f1_iou50"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_DOUBLE_EQ(json["iou"], 0.75);
  EXPECT_EQ(json["polygons_f1_iou50"], 1.0);
  EXPECT_NE(test::file_text(options.report).find("0.750"), std::string::npos);
  EXPECT_EQ(folder.entries(), 4);
  EXPECT_EQ(events.results.size(), 2U);
  EXPECT_THROW(evaluate(options, events), geo::Error);
  options.overwrite = true;
  EXPECT_EQ(evaluate(options, events).to_json(), s.to_json());
}

TEST_F(Evaluate, DrawsWithoutABackgroundThatDoesNotFitAndSaysSo) {
  geo::Grid other = test::utm_grid(1, 2);
  other.crs = geo::Crs::from_user_input("EPSG:32633");
  options.background = test::write_drawn(folder.file("ground.tif"), "#.", 255, {}, &other);
  options.report = folder.file("report.html");
  run(drawn("map.tif", "#."), drawn("labels.tif", "#."));
  EXPECT_NE(events.warnings.find("no background"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(options.report));
}

TEST_F(Evaluate, FindsMarsLabelsEqualToThemselves) {
  const char* data = std::getenv("SCARP_DATA_DIR");
  const std::string mars = std::string(data != nullptr ? data : "../shared/data") + "/mars/";
  if (!std::filesystem::exists(mars + "valles_labels.tif")) {
    if (std::getenv("CI") != nullptr) FAIL() << mars << " is missing";
    GTEST_SKIP() << mars << " is not there";
  }
  const Evaluation s = run(mars + "valles_labels.tif", mars + "valles_labels.gpkg");
  EXPECT_EQ(s.f1, 1);
  EXPECT_EQ(s.labelled_pixels, 7587840);
  EXPECT_EQ(s.objects.f1, 1);
}

}  // namespace
}  // namespace scarp::pipelines
