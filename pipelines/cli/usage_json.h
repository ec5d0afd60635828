// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace CLI {
class App;
}

namespace scarp::cli {

/// Every verb with its arguments, made by walking the declaration: name, flags, type, required, default,
/// choices, range, help. CLI11 hands out its options through a program that is not const only.
nlohmann::ordered_json usage_json(CLI::App& root);

}  // namespace scarp::cli
