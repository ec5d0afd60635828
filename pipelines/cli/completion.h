// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace scarp::cli {

/// A bash completion script from what `usage_json` says: verbs, flags, choices; files elsewhere.
/// Use: source <(scarp --completion bash)
std::string bash_completion(const nlohmann::ordered_json& usage);

}  // namespace scarp::cli
