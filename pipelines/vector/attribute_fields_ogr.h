// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "pipelines/vector/attribute_fields.h"
#include "pipelines/vector/shape.h"

class OGRFeature;
class OGRGeometry;
class OGRLayer;

namespace scarp::vector {

/// Makes the fields of kAttributeFields.
/// @return false if the layer refuses one
bool create_attribute_fields(OGRLayer& layer);

/// Fills the fields; those that are not known become NULL.
void set_attribute_fields(OGRFeature& feature, AttributeValues& values, const ObjectAttributes& attributes);

/// A polygon, or if `several`, a multipolygon, also of one part.
std::unique_ptr<OGRGeometry> ogr_shape(const ShapeView& shape, bool several);

/// @param several  the layer holds multipolygons
void set_shape(OGRFeature& feature, const ShapeView& shape, bool several);

}  // namespace scarp::vector
