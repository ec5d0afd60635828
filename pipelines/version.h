// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace scarp::pipelines {

/// The version of Scarp, MAJOR.MINOR.PATCH.
std::string version();

}  // namespace scarp::pipelines
