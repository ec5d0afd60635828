// SPDX-License-Identifier: Apache-2.0
#include "nn/io/strict_json.h"

#include <set>
#include <vector>

#include "nn/error.h"
#include "nn/io/printable.h"

namespace scarp::nn {
namespace {

constexpr std::size_t kMostKeys = 10'000;  // an ordered object is searched from its start at every key

}  // namespace

nlohmann::ordered_json parse_strict_json(const std::string& text, const std::string& what, int deepest) {
  using Json = nlohmann::ordered_json;
  const auto refuse = [&what](const std::string& reason) {
    throw Error(Fault::unreadable, what + ": " + reason);
  };
  if (text.empty() || text.front() != '{') refuse("not a JSON object");
  if (text.find('\0') != std::string::npos)
    refuse("a zero byte in JSON");          // the parser would take it for the end
  std::vector<std::set<std::string>> keys;  // one set an open object
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth >= deepest &&
        (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start)) {
      refuse("JSON nested deeper than " + std::to_string(deepest));
    }
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      refuse("key " + printable(parsed.get<std::string>()) + " occurs twice");
    }
    if (event == Json::parse_event_t::key && keys.back().size() > kMostKeys)
      refuse("an object of more than " + std::to_string(kMostKeys) + " keys");
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::exception& error) {
    refuse(std::string("not JSON: ") + error.what());
  }
  return {};
}

std::string dump_strict_json(const nlohmann::ordered_json& document, const std::string& what) {
  try {
    return document.dump();
  } catch (const nlohmann::ordered_json::exception&) {
    throw Error(Fault::bad_argument, what + ": a text is not UTF-8");
  }
}

}  // namespace scarp::nn
