// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/run_settings_schema.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pipelines/training/run_settings_table.h"

namespace scarp::pipelines {
namespace {

nlohmann::json schema() {
  return nlohmann::json::parse(run_settings_schema());
}

/// What the schema says of a dotted key.
nlohmann::json said_of(const std::string& key) {
  nlohmann::json at = schema();
  std::size_t first = 0;
  while (true) {
    const std::size_t dot = key.find('.', first);
    at = at.at("properties").at(key.substr(first, dot - first));
    if (dot == std::string::npos) return at;
    EXPECT_EQ(at.at("additionalProperties"), false) << key;
    first = dot + 1;
  }
}

TEST(RunSettingsSchema, HasEveryKeyOfTheTableWithItsMeaningAndDefault) {
  for (const Setting& setting : run_settings_keys()) {
    const nlohmann::json said = said_of(setting.key);
    EXPECT_TRUE(said.at("description").get<std::string>().starts_with(setting.meaning)) << setting.key;
    EXPECT_TRUE(said.contains("default")) << setting.key;
    EXPECT_TRUE(said.contains("type")) << setting.key;
  }
}

TEST(RunSettingsSchema, GivesDefaultsInTheirTypes) {
  EXPECT_EQ(said_of("training.epochs").at("default"), 30);
  EXPECT_EQ(said_of("network.width").at("default"), 0.5);
  EXPECT_EQ(said_of("training.flips").at("default"), true);
  EXPECT_EQ(said_of("terrain_unit").at("default"), "metres");
  EXPECT_EQ(said_of("bands").at("default"), (nlohmann::json{"red", "green", "blue"}));
  EXPECT_EQ(said_of("network.fusion_strides").at("default"), (nlohmann::json{2, 4, 8, 16, 32}));
  EXPECT_EQ(said_of("classes").at("default")[1].at("id"), 1);
  EXPECT_EQ(said_of("scenes").at("default"), nlohmann::json::array());
}

TEST(RunSettingsSchema, GivesChoicesAndUnits) {
  EXPECT_EQ(said_of("training.precision").at("enum"), (nlohmann::json{"auto", "fp32", "bf16"}));
  EXPECT_NE(said_of("tile.size").at("description").get<std::string>().find("[px]"), std::string::npos);
}

}  // namespace
}  // namespace scarp::pipelines
