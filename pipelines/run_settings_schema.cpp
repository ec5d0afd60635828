// SPDX-License-Identifier: Apache-2.0
#include "pipelines/run_settings_schema.h"

#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/run_settings_table.h"

namespace scarp::pipelines {
namespace {

using Json = nlohmann::ordered_json;

Json list_of(const char* type) {
  return {{"type", "array"}, {"items", {{"type", type}}}};
}

/// The table's words for types, in JSON's.
Json type_of(const std::string& words) {
  constexpr std::string_view kChoice = "one of ";
  if (words.starts_with(kChoice)) {
    Json choices = Json::array();
    std::istringstream text(words.substr(kChoice.size()));
    for (std::string word; std::getline(text >> std::ws, word, ',');) choices.push_back(word);
    return {{"type", "string"}, {"enum", choices}};
  }
  if (words == "text") return {{"type", "string"}};
  if (words == "number") return {{"type", "number"}};
  if (words == "integer") return {{"type", "integer"}};
  if (words == "true or false") return {{"type", "boolean"}};
  if (words == "list of texts") return list_of("string");
  if (words == "list of numbers") return list_of("number");
  if (words == "list of integers") return list_of("integer");
  if (words == "list of maps") return list_of("object");
  throw std::logic_error("a key of run files has a type that the schema does not know: " + words);
}

/// A default as JSON: YAML writes numbers and words alike, the type tells which they are.
Json default_of(const YAML::Node& node, const Json& type) {
  if (node.IsSequence()) {
    Json list = Json::array();
    const Json item = type.contains("items") ? type["items"] : Json::object();
    for (const auto& each : node) list.push_back(default_of(each, item));
    return list;
  }
  if (node.IsMap()) {
    Json map = Json::object();
    for (const auto& entry : node)
      map[entry.first.as<std::string>()] = default_of(entry.second, Json::object());
    return map;
  }
  const std::string word = type.value("type", std::string());
  if (word == "boolean") return node.as<bool>();
  if (word == "string") return node.as<std::string>();
  const Json number = Json::parse(node.as<std::string>(), nullptr, false);
  return number.is_number() ? number : Json(node.as<std::string>());
}

/// The object that a dotted key lies in; sections are made as they come.
Json& section_of(Json& schema, const std::string& key, std::string& last) {
  Json* section = &schema;
  std::istringstream words(key);
  std::getline(words, last, '.');
  for (std::string next; std::getline(words, next, '.'); last = next) {
    Json& inner = (*section)["properties"][last];
    if (inner.is_null())
      inner = {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
    section = &inner;
  }
  return (*section)["properties"];
}

}  // namespace

std::string run_settings_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "Scarp run file"},
                 {"type", "object"},
                 {"additionalProperties", false},
                 {"required", {"scenes"}},
                 {"properties", Json::object()}};
  const RunSettings defaults;
  for (const Setting& setting : run_settings_keys()) {
    Json key = type_of(setting.type);
    key["description"] =
        setting.unit.empty() ? setting.meaning : fmt::format("{} [{}]", setting.meaning, setting.unit);
    key["default"] = default_of(setting.get(defaults), key);
    std::string last;
    section_of(schema, setting.key, last)[last] = key;
  }
  return schema.dump(2) + "\n";
}

}  // namespace scarp::pipelines
