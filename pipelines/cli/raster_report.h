// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "geo/raster_source.h"

namespace scarp::cli {

/// What a raster is: size, CRS, pixel size, extent, bands, and the share of pixels without data, sampled on a
/// lattice of windows.
nlohmann::ordered_json raster_report(geo::RasterSource& raster);

/// How a DEM lies on an image: the share of the image that it covers, whether the grids are one, and by how
/// many pixels of the image its upper left corner is displaced; the last is null unless both have the same
/// CRS and pixel size.
/// @throws geo::Error (missing_crs, bad_argument) if there is no way from one CRS to the other
nlohmann::ordered_json alignment_report(const geo::Grid& optical, const geo::Grid& dem);

}  // namespace scarp::cli
