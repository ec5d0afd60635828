// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace scarp::pipelines {

/// Share of the patches of a square window all of whose pixels are valid.
double whole_share(std::span<const std::uint8_t> valid, std::int64_t side, std::int64_t patch);

}  // namespace scarp::pipelines
