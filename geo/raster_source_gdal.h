// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "geo/raster_source.h"

namespace scarp::geo {

/// Opens any raster that GDAL reads, /vsi paths included. Python code inside VRT files is never run.
/// @throws Error (missing_file, unreadable) with what to do
std::unique_ptr<RasterSource> open_raster(const std::string& path);

/// Called once by a program before anything else of geo: registers drivers, silences GDAL's own messages,
/// forbids Python in VRT, bounds the block cache. Options are GDAL's KEY=VALUE configuration.
void set_up_gdal();
void set_gdal_option(const std::string& key, const std::string& value);
std::string gdal_version();
std::string proj_version();

}  // namespace scarp::geo
