// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pipelines/vector/attribute_fields.h"
#include "pipelines/vector/shape.h"

class OGRFeature;
class OGRLayer;

namespace scarp::vector {

/// Makes the fields of kAttributeFields.
/// @return false if the layer refuses one
bool create_attribute_fields(OGRLayer& layer);

/// Fills the fields; those that are not known become NULL.
void set_attribute_fields(OGRFeature& feature, AttributeValues& values, const ObjectAttributes& attributes);

/// @param several  the layer holds multipolygons, also of one part
void set_shape(OGRFeature& feature, const ShapeView& shape, bool several);

}  // namespace scarp::vector
