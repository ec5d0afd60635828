// SPDX-License-Identifier: Apache-2.0
#include "nn/backbone_card.h"

#include <limits>
#include <stdexcept>

#include <gmock/gmock.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

BackboneCard some_card() {
  BackboneCard card;
  card.name = "toy";
  card.method = "mae";
  card.width = 32;
  card.depth = 2;
  card.heads = 2;
  card.patch = 4;
  card.side_px = 32;
  card.grouped = true;
  card.optical = {{"grey", "digital number", 100, 30}};
  card.terrain = {{"slope", "degree", 0.05, 0.03}};
  card.terrain_unit = TerrainUnit::pixels;
  card.training = R"({"steps":3})";
  return card;
}

/// What is said of the card with another value under a key.
std::string refusal_with(const std::string& key, const std::string& value) {
  std::string json = some_card().to_json();
  const auto at = json.find("\"" + key + "\":");
  json.replace(at, json.find(',', at) - at, "\"" + key + "\":" + value);
  try {
    BackboneCard::from_json(json);
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::unreadable);
    return error.what();
  }
  return "read";
}

TEST(BackboneCard, SurvivesItsJson) {
  EXPECT_EQ(BackboneCard::from_json(some_card().to_json()), some_card());
}

TEST(BackboneCard, RefusesSizesThatNoNetworkHas) {
  for (const auto& [key, value] : {std::pair{"width", "1000000000"},
                                   {"width", "18446744073709551615"},
                                   {"heads", "7"},
                                   {"depth", "-1"},
                                   {"side_px", "33"},
                                   {"ground_ratio", "0"}})
    EXPECT_THAT(refusal_with(key, value),
                testing::AllOf(testing::StartsWith("backbone card: "), testing::HasSubstr(key)));
}

TEST(BackboneCard, RefusesWhatIsNoWholeNumber) {
  EXPECT_EQ(refusal_with("width", "32.5"), "backbone card: width must be a whole number, is 32.5");
  EXPECT_EQ(refusal_with("depth", "1e300"), "backbone card: depth must be a whole number, is 1e+300");
  EXPECT_EQ(refusal_with("patch", "\"four\""), "backbone card: patch must be a whole number, is \"four\"");
}

TEST(BackboneCard, RefusesAnotherUnitOfTerrain) {
  EXPECT_EQ(refusal_with("terrain_unit", "\"feet\""),
            "backbone card: terrain_unit must be metres or pixels, is \"feet\"");
}

TEST(BackboneCard, FixedPositionsNeedAWidthOfFours) {
  BackboneCard card = some_card();
  card.grouped = false;
  card.width = 30;
  EXPECT_THROW(card.check(), std::invalid_argument);
  card.learned_positions = true;
  EXPECT_NO_THROW(card.check());
  card.ground_ratio = std::numeric_limits<double>::infinity();
  EXPECT_THROW(card.check(), std::invalid_argument);
}

}  // namespace
}  // namespace scarp::nn
