// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "geo/raster_source.h"

namespace scarp::geo {

/// Refuses a read that does not fit: window outside, unknown band, buffers of the wrong size.
/// @throws Error (bad_argument, wrong_bands)
void check_read(const RasterSource& source,
                const Window& window,
                std::span<const int> bands,
                std::size_t values,
                std::size_t valid);

/// Clears `valid` where `values` hold the declared nodata value of `band` or are not finite.
void mark_nodata(const BandInfo& band, std::span<const float> values, std::span<std::uint8_t> valid);

}  // namespace scarp::geo
