// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/bound_settings.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/error.h"
#include "pipelines/nearest_name.h"

namespace scarp::pipelines {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostDigits = 9;  // of a place in a list

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

std::vector<std::string> keys_of(const std::vector<BoundSetting>& table) {
  std::vector<std::string> keys;
  for (const BoundSetting& setting : table) keys.push_back(setting.key);
  return keys;
}

void set_one(const BoundSetting& setting, const YAML::Node& node, const std::string& file) {
  try {
    setting.set(node);
  } catch (const YAML::Exception&) {
    throw Error(Fault::usage, fmt::format("{}: the key {} must be {}, not '{}'.", file, setting.key,
                                          setting.type, YAML::Dump(node)));
  } catch (const std::invalid_argument& error) {
    throw Error(Fault::usage, fmt::format("{}: the key {}: {}.", file, setting.key, error.what()));
  }
}

// "a.b" of a file: sections are maps whose dotted keys are in the table.
void apply(const std::vector<BoundSetting>& table,
           const YAML::Node& node,
           const std::string& prefix,
           const std::string& file) {
  for (const auto& entry : node) {
    if (!entry.first.IsScalar())
      throw Error(Fault::usage, fmt::format("{}: a key below '{}' is no text.", file, prefix));
    const std::string key = prefix + entry.first.Scalar();
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const BoundSetting& s) { return s.key == key; });
    if (found != table.end()) {
      set_one(*found, entry.second, file);
      continue;
    }
    const bool section = std::any_of(table.begin(), table.end(),
                                     [&](const BoundSetting& s) { return s.key.rfind(key + ".", 0) == 0; });
    if (section && entry.second.IsMap()) {
      apply(table, entry.second, key + ".", file);
    } else {
      throw Error(Fault::usage, fmt::format("{}: unknown key '{}'; did you mean '{}'?", file, key,
                                            nearest_name(key, keys_of(table))));
    }
  }
}

// Puts "a.b.0.c=value" over a document; numbers index lists.
void override_with(YAML::Node document, const std::string& setting) {
  const auto equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(Fault::usage, fmt::format("--set {} must be written key.path=value.", setting));
  }
  YAML::Node node = document;
  std::string rest = setting.substr(0, equals);
  while (true) {
    const auto dot = rest.find('.');
    const std::string key = rest.substr(0, dot);
    const bool index = node.IsSequence() && !key.empty() && key.size() <= kMostDigits &&
                       std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
    YAML::Node child = index ? node[std::stoul(key)] : node[key];
    if (dot == std::string::npos) {
      child = YAML::Load(setting.substr(equals + 1));
      return;
    }
    node.reset(child);
    rest = rest.substr(dot + 1);
  }
}

}  // namespace

void read_bound(const std::vector<BoundSetting>& table,
                const std::string& file,
                std::span<const std::string> overrides) {
  YAML::Node document;
  try {
    document = YAML::LoadFile(file);
    for (const std::string& setting : overrides) override_with(document, setting);
  } catch (const YAML::BadFile&) {
    throw Error(Fault::usage,
                fmt::format("The run file {} cannot be read: give the path of a YAML file.", file));
  } catch (const YAML::Exception& error) {
    throw Error(Fault::usage, fmt::format("{} is not valid YAML: {}.", file, error.what()));
  }
  if (!document.IsMap())
    throw Error(Fault::usage, fmt::format("{} must hold a map of keys at its top.", file));
  apply(table, document, "", file);
}

std::string yaml_of(const std::vector<BoundSetting>& table) {
  YAML::Node document;
  for (const BoundSetting& setting : table) {
    const auto dot = setting.key.find('.');
    YAML::Node value = setting.get();
    if (value.IsSequence() && (value.size() == 0 || value[0].IsScalar()))
      value.SetStyle(YAML::EmitterStyle::Flow);
    if (dot == std::string::npos) {
      document[setting.key] = value;
    } else {
      document[setting.key.substr(0, dot)][setting.key.substr(dot + 1)] = value;
    }
  }
  return YAML::Dump(document) + "\n";
}

std::string markdown_of(const std::vector<BoundSetting>& table,
                        const std::vector<std::string>& without_default) {
  std::string text = "| key | type | unit | default | meaning |\n|---|---|---|---|---|\n";
  for (const BoundSetting& setting : table) {
    YAML::Node value = setting.get();
    value.SetStyle(YAML::EmitterStyle::Flow);
    for (auto item : value) item.SetStyle(YAML::EmitterStyle::Flow);
    const bool bare = YAML::Dump(value) == "\"\"" || std::find(without_default.begin(), without_default.end(),
                                                               setting.key) != without_default.end();
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", setting.key, setting.type, setting.unit,
                        bare ? "" : "`" + YAML::Dump(value) + "`", setting.meaning);
  }
  return text;
}

std::string schema_of(const std::vector<BoundSetting>& table,
                      const std::string& title,
                      const std::vector<std::string>& required) {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", title},
                 {"type", "object"},
                 {"additionalProperties", false},
                 {"required", required},
                 {"properties", Json::object()}};
  for (const BoundSetting& setting : table) {
    Json key = type_of(setting.type);
    key["description"] =
        setting.unit.empty() ? setting.meaning : fmt::format("{} [{}]", setting.meaning, setting.unit);
    key["default"] = default_of(setting.get(), key);
    std::string last;
    section_of(schema, setting.key, last)[last] = key;
  }
  return schema.dump(2) + "\n";
}

std::string beside_run_file(const std::string& run_file, const std::string& path) {
  const bool stays = path.empty() || path.front() == '/';
  if (stays) return path;
  return (std::filesystem::absolute(run_file).parent_path() / path).lexically_normal().string();
}

}  // namespace scarp::pipelines
