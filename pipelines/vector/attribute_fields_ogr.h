// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "geo/features.h"
#include "pipelines/vector/attributes.h"

class OGRFeature;
class OGRLayer;

namespace scarp::vector {

/// Makes the fields of ObjectAttributes. No name is longer than 10 characters: what a shapefile holds.
/// @return false if the layer refuses one
bool create_attribute_fields(OGRLayer& layer);

/// Fills the fields by name; those that are not known become NULL.
void set_attribute_fields(OGRFeature& feature, const ObjectAttributes& attributes);

void set_polygon(OGRFeature& feature, const geo::Polygon& polygon);

}  // namespace scarp::vector
