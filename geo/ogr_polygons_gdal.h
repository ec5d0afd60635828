// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "geo/features.h"

class OGRGeometry;

namespace scarp::geo {

/// Polygons of an OGR polygon or multipolygon, curved ones as straight pieces, heights dropped.
/// @param what  names the feature in a message
/// @throws Error (unreadable) for any other geometry
std::vector<Polygon> polygons_of(const OGRGeometry& geometry, const std::string& what);

/// The feature as OGR has it: a multipolygon if `multiple`, else its first polygon.
std::unique_ptr<OGRGeometry> geometry_of(const Feature& feature, bool multiple);

}  // namespace scarp::geo
