// SPDX-License-Identifier: Apache-2.0
#include "nn/focus.h"

#include <cmath>

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/segmentation/outline_zones.h"
#include "nn/segmenter.h"
#include "tests/support/test_files.h"
#include "tests/support/toy_run.h"

namespace scarp::nn {
namespace {

std::vector<std::string> drawn(const std::vector<std::uint8_t>& zone, std::size_t side) {
  std::vector<std::string> rows(side);
  for (std::size_t i = 0; i < zone.size(); ++i) rows[i / side] += zone[i] ? 'x' : '.';
  return rows;
}

TEST(OutlineZones, LieOnBothSidesOfOutlinesAndOfTheirWalls) {
  const std::vector<std::string> labels = {"........",  //
                                           "..####..",  //
                                           "..####..",  //
                                           "..####..",  //
                                           "..######",  //
                                           "........",  //
                                           "????????",  //
                                           "????????"};
  std::vector<std::uint8_t> classes;
  for (const std::string& row : labels)
    for (const char c : row) classes.push_back(c == '#' ? 1 : c == '?' ? 255 : 0);
  std::vector<CellKind> cells(16, CellKind::background);  // of 2 x 2 pixels
  cells[1] = CellKind::back_wall;                         // rows 0 and 1, columns 2 and 3
  const OutlineZones one = outline_zones(8, classes, 1, cells, 2, 1);
  EXPECT_FALSE(one.empty);
  EXPECT_THAT(drawn(one.outline, 8), testing::ElementsAre("..xxxx..",  //
                                                          ".xxxxxx.",  //
                                                          ".xx..xx.",  //
                                                          ".xx..xxx",  //
                                                          ".xxxxxxx",  //
                                                          "..xxxxxx",  //
                                                          "........",  //
                                                          "........"));
  EXPECT_THAT(drawn(one.walls, 8), testing::ElementsAre("..xx....",  //
                                                        ".xxx....",  //
                                                        "........",  //
                                                        "........",  //
                                                        "........",  //
                                                        "........",  //
                                                        "........",  //
                                                        "........"));
  const OutlineZones two = outline_zones(8, classes, 1, cells, 2, 2);
  EXPECT_EQ(drawn(two.walls, 8)[2], ".xxx....");
  EXPECT_EQ(drawn(two.outline, 8)[2], "xxxxxxxx");
}

TEST(OutlineZones, AreToesByTheirCellOrByThoseAroundButNotNearWalls) {
  std::vector<std::uint8_t> classes;
  for (const std::string row : {"........",  //
                                ".######.",  //
                                ".######.",  //
                                ".######.",  //
                                ".######.",  //
                                ".######.",  //
                                ".######.",  //
                                "........"})
    for (const char c : row) classes.push_back(c == '#' ? 1 : 0);
  std::vector<CellKind> cells(16, CellKind::unused);  // of 2 x 2 pixels
  cells[5] = cells[6] = CellKind::side_wall;          // rows 2 and 3
  cells[9] = cells[10] = CellKind::toe;               // rows 4 and 5
  EXPECT_THAT(drawn(outline_zones(8, classes, 1, cells, 2, 1).toes, 8), testing::ElementsAre("........",  //
                                                                                             "........",  //
                                                                                             "........",  //
                                                                                             "........",  //
                                                                                             "........",  //
                                                                                             "........",  //
                                                                                             "xxxxxxxx",  //
                                                                                             ".xxxxxx."));
}

TEST(OutlineZones, AreEmptyWithoutAnOutline) {
  const std::vector<CellKind> cells(1, CellKind::interior);
  EXPECT_TRUE(outline_zones(2, std::vector<std::uint8_t>{1, 1, 255, 1}, 1, cells, 2, 2).empty);
  EXPECT_TRUE(outline_zones(2, std::vector<std::uint8_t>{0, 0, 2, 0}, 1, cells, 2, 2).empty);
}

TEST(CoordinateAttention, MultipliesByItsGates) {
  CoordinateAttention attention(CoordinateAttentionOptions{16, 32});
  initialise(*attention, 3);
  attention->eval();
  const auto x = torch::rand({2, 16, 5, 7});
  const auto gates = attention->gates(x);
  EXPECT_EQ(gates.rows.sizes(), (std::vector<std::int64_t>{2, 16, 5, 1}));
  EXPECT_EQ(gates.cols.sizes(), (std::vector<std::int64_t>{2, 16, 1, 7}));
  EXPECT_TRUE(torch::allclose(attention(x), x * gates.rows * gates.cols));
}

class FocusOfAModel : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<test::TempFolder>();
    test::trained(model(), test::toy_options());
  }
  static void TearDownTestSuite() { folder_.reset(); }
  static std::string model() { return folder_->file("toy.safetensors"); }

  Focus focus(SampleSource& source, FocusOptions options = {}) {
    options.device = "cpu";
    return focus_of(model(), source, options, {});
  }

  static std::unique_ptr<test::TempFolder> folder_;
};

std::unique_ptr<test::TempFolder> FocusOfAModel::folder_;

TEST_F(FocusOfAModel, HasAMapForEachAttentionAndEachBranch) {
  test::ToySamples samples(6);
  FocusOptions options;
  options.samples = 3;
  options.pictures = 2;
  const Focus seen = focus(samples, options);
  EXPECT_EQ(seen.samples, 3);
  ASSERT_EQ(seen.pictures.size(), 2u);
  EXPECT_EQ(seen.pictures[1].index, 2);  // every second
  std::vector<std::string> names;
  for (const FocusShare& share : seen.shares) names.push_back(share.name);
  EXPECT_THAT(names,
              testing::IsSupersetOf({"attention, stride 16", "gradient, optical", "gradient, terrain"}));
  for (const FocusShare& share : seen.shares) {
    EXPECT_GT(share.outline, 0) << share.name;
    EXPECT_LT(share.outline, 1) << share.name;
    EXPECT_LE(share.walls, share.outline) << share.name;
  }
  EXPECT_GT(seen.outline_ground, 0.02);
  EXPECT_LT(seen.outline_ground, 0.3);
  EXPECT_LT(seen.wall_ground, seen.outline_ground);
  for (const FocusMap& map : seen.pictures[0].maps) EXPECT_EQ(map.values.size(), 64u * 64u) << map.name;
}

TEST_F(FocusOfAModel, OfAttentionIsTheProductOfGatesBetween0And1) {
  test::ToySamples samples(2);
  const Focus seen = focus(samples);
  for (const FocusMap& map : seen.pictures.at(0).maps) {
    if (map.name.rfind("attention", 0) != 0) continue;
    EXPECT_THAT(map.values, testing::Each(testing::AllOf(testing::Gt(0), testing::Lt(1)))) << map.name;
  }
}

/// The sum over labelled pixels that the gradient is of, by way of the segmenter.
double odds(const Segmenter& segmenter,
            const std::vector<float>& optical,
            const std::vector<float>& terrain,
            const std::vector<std::uint8_t>& valid,
            const std::vector<std::uint8_t>& labels) {
  std::vector<float> logits(2 * valid.size());
  segmenter.segment({1, 64, 64, optical, terrain, valid, valid}, logits);
  double sum = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    if (labels[i] == kIgnoreLabel) continue;
    sum += static_cast<double>(logits[valid.size() + i]) - static_cast<double>(logits[i]);
  }
  return sum;
}

/// Of whose ground only every third row is labelled.
class RowsOfLabels final : public test::ToySamples {
 public:
  using ToySamples::ToySamples;
  void spoil(std::int64_t, const SampleView& out) override {
    for (std::size_t i = 0; i < out.labels.size(); ++i)
      if (i / 64 % 3 != 0) out.labels[i] = kIgnoreLabel;
  }
};

TEST_F(FocusOfAModel, OfAnImageIsTheGradientOfTheSumOfItsOddsOnLabelledGround) {
  RowsOfLabels samples(1);
  const Focus seen = focus(samples);
  const auto& maps = seen.pictures.at(0).maps;
  const auto found =
      std::find_if(maps.begin(), maps.end(), [](const auto& map) { return map.name == "gradient, optical"; });
  ASSERT_NE(found, maps.end());
  const std::size_t pixels = 64 * 64;
  std::vector<float> optical(pixels), terrain(3 * pixels);
  std::vector<std::uint8_t> valid(pixels), terrain_valid(pixels), labels(pixels);
  samples.fill(0, 0, {optical, terrain, valid, terrain_valid, labels});
  const auto segmenter = load_segmenter(model(), {"cpu", Precision::fp32});
  // Short: the odds bend where a ReLU turns, and the difference is of both sides.
  const double deviation = test::toy_card().optical[0].deviation, step = 0.001 * deviation;
  for (const std::size_t at : {20u * 64u + 20u, 32u * 64u + 40u, 50u * 64u + 10u}) {
    auto above = optical, below = optical;
    above[at] += static_cast<float>(step);
    below[at] -= static_cast<float>(step);
    const double difference =
        odds(*segmenter, above, terrain, valid, labels) - odds(*segmenter, below, terrain, valid, labels);
    const double expected = std::abs(difference / (2 * step) * deviation);
    EXPECT_NEAR(found->values[at], expected, 0.03 * expected + 0.02) << at;
  }
}

TEST_F(FocusOfAModel, IsTheSameEveryTime) {
  test::ToySamples samples(2);
  const Focus first = focus(samples), second = focus(samples);
  for (std::size_t i = 0; i < first.shares.size(); ++i) {
    EXPECT_EQ(first.shares[i].outline, second.shares[i].outline);
    EXPECT_EQ(first.shares[i].walls, second.shares[i].walls);
  }
}

/// Ground without landslides.
class NoLandslides final : public test::ToySamples {
 public:
  using ToySamples::ToySamples;
  void fill(std::int64_t epoch, std::int64_t index, const SampleView& out) override {
    ToySamples::fill(epoch, index, out);
    std::fill(out.labels.begin(), out.labels.end(), std::uint8_t{0});
  }
};

TEST_F(FocusOfAModel, HasNoSharesWithoutAnOutline) {
  NoLandslides samples(3);
  const Focus seen = focus(samples);
  EXPECT_EQ(seen.samples, 0);
  EXPECT_TRUE(seen.shares.empty());
  EXPECT_TRUE(seen.pictures.empty());
}

TEST_F(FocusOfAModel, OfAClassThatItDoesNotHaveIsRefused) {
  test::ToySamples samples(1);
  FocusOptions options;
  options.landslide_class = 2;
  EXPECT_THROW(
      {
        try {
          focus(samples, options);
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), testing::HasSubstr("class 2 of 2"));
          throw;
        }
      },
      Error);
}

}  // namespace
}  // namespace scarp::nn
