// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace scarp::pipelines {

/// The known name that takes the fewest edits from `name` (Levenshtein 1966); the first of several. `known`
/// must not be empty.
std::string nearest_name(const std::string& name, const std::vector<std::string>& known);

}  // namespace scarp::pipelines
