// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "pipelines/nearest_name.h"
#include "pipelines/runs/bound_settings.h"

namespace scarp::pipelines {

/// A named value of an enumeration.
template <typename E>
using Names = std::vector<std::pair<std::string, E>>;

template <typename E>
std::vector<std::string> words_of(const Names<E>& names) {
  std::vector<std::string> words;
  for (const auto& entry : names) words.push_back(entry.first);
  return words;
}

template <typename E>
std::string name_of(const Names<E>& names, E value) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const auto& entry) { return entry.second == value; });
  return found->first;
}

template <typename E>
E value_of(const Names<E>& names, const std::string& word) {
  for (const auto& [name, value] : names) {
    if (name == word) return value;
  }
  throw std::invalid_argument(fmt::format("'{}' is none of {}", word, fmt::join(words_of(names), ", ")));
}

template <typename T>
std::string type_name() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_integral_v<T>) return "integer";
  if constexpr (std::is_floating_point_v<T>) return "number";
  if constexpr (std::is_same_v<T, std::string>) return "text";
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return "list of texts";
  if constexpr (std::is_same_v<T, std::vector<int>>) return "list of integers";
  if constexpr (std::is_same_v<T, std::vector<double>>) return "list of numbers";
}

// Numbers as people write them: 0.1, not 0.10000000000000001.
template <typename T>
YAML::Node node_of_value(const T& value) {
  if constexpr (std::is_floating_point_v<T>) return YAML::Node(fmt::format("{}", value));
  return YAML::Node(value);
}

/// A setting that is a plain value; `at` finds it in the settings.
template <typename Settings, typename At>
SettingOf<Settings> value_setting(std::string key, std::string unit, std::string meaning, At at) {
  using T = std::remove_reference_t<decltype(at(std::declval<Settings&>()))>;
  return {std::move(key),
          type_name<T>(),
          std::move(unit),
          std::move(meaning),
          [at](const Settings& s) { return node_of_value(at(const_cast<Settings&>(s))); },
          [at](Settings& s, const YAML::Node& node) { at(s) = node.as<T>(); }};
}

/// A setting that is one of some words.
template <typename Settings, typename E, typename At>
SettingOf<Settings> choice_setting(std::string key, const Names<E>& names, std::string meaning, At at) {
  return {
      std::move(key),
      fmt::format("one of {}", fmt::join(words_of(names), ", ")),
      "",
      std::move(meaning),
      [at, &names](const Settings& s) { return YAML::Node(name_of(names, at(const_cast<Settings&>(s)))); },
      [at, &names](Settings& s, const YAML::Node& node) { at(s) = value_of(names, node.as<std::string>()); }};
}

inline void require_keys(const YAML::Node& map,
                         const std::vector<std::string>& known,
                         const std::string& where) {
  if (!map.IsMap()) throw std::invalid_argument(where + " must be a map of keys");
  for (const auto& entry : map) {
    const auto key = entry.first.as<std::string>();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw std::invalid_argument(
          fmt::format("unknown key '{}' in {}; did you mean '{}'?", key, where, nearest_name(key, known)));
    }
  }
}

template <typename T>
void take(const YAML::Node& map, const char* key, T& target) {
  if (map[key]) target = map[key].as<T>();
}

template <typename T, typename From>
std::vector<T> list_from(const YAML::Node& node, From from) {
  if (!node.IsSequence()) throw std::invalid_argument("must be a list");
  std::vector<T> list;
  for (std::size_t i = 0; i < node.size(); ++i) list.push_back(from(node[i], i));
  return list;
}

}  // namespace scarp::pipelines
