// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace scarp::nn {

/// Parses JSON from elsewhere: UTF-8, one object, no key twice in an object, no byte after it, nesting
/// bounded.
/// @throws Error (unreadable): "WHAT: reason"
nlohmann::ordered_json parse_strict_json(const std::string& text, const std::string& what, int deepest);

/// The document as text.
/// @throws Error (bad_argument) if a string in it is not UTF-8
std::string dump_strict_json(const nlohmann::ordered_json& document, const std::string& what);

}  // namespace scarp::nn
