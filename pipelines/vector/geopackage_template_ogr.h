// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "geo/crs.h"
#include "pipelines/vector/partial_file.h"
#include "pipelines/vector/vector_writer.h"

namespace scarp::vector {

/// A GeoPackage with one empty layer, its CRS, fields and spatial index, as GDAL makes it.
/// @return the name of its column of geometries
/// @throws Error (bad_argument, unwritable, out_of_space)
std::string make_empty_geopackage(const std::string& target,
                                  const PartialFile& file,
                                  const geo::Crs& crs,
                                  const VectorWriterOptions& options);

}  // namespace scarp::vector
