// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/attribute_fields_ogr.h"

#include <memory>
#include <type_traits>

#include <ogrsf_frmts.h>

namespace scarp::vector {
namespace {

OGRFieldType ogr_type(FieldType type) {
  switch (type) {
    case FieldType::text:
      return OFTString;
    case FieldType::real:
      return OFTReal;
    case FieldType::integer:
    case FieldType::boolean:
      break;
  }
  return OFTInteger;
}

std::unique_ptr<OGRLinearRing> ogr_ring(std::span<const geo::MapPoint> points) {
  auto ring = std::make_unique<OGRLinearRing>();
  ring->setNumPoints(static_cast<int>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i)
    ring->setPoint(static_cast<int>(i), points[i].x, points[i].y);
  return ring;
}

std::unique_ptr<OGRPolygon> ogr_polygon(const ShapeView& shape, std::size_t part) {
  auto polygon = std::make_unique<OGRPolygon>();
  const std::uint32_t first = part == 0 ? 0 : shape.part_ends[part - 1];
  for (std::uint32_t ring = first; ring < shape.part_ends[part]; ++ring) {
    const std::uint32_t begin = ring == 0 ? 0 : shape.ring_ends[ring - 1];
    polygon->addRingDirectly(ogr_ring(shape.points.subspan(begin, shape.ring_ends[ring] - begin)).release());
  }
  return polygon;
}

}  // namespace

bool create_attribute_fields(OGRLayer& layer) {
  for (const AttributeField& field : kAttributeFields) {
    OGRFieldDefn definition(field.name, ogr_type(field.type));
    if (field.type == FieldType::boolean) definition.SetSubType(OFSTBoolean);
    if (layer.CreateField(&definition) != OGRERR_NONE) return false;
  }
  return true;
}

void set_attribute_fields(OGRFeature& feature, AttributeValues& values, const ObjectAttributes& attributes) {
  int field = 0;
  values.visit(attributes, [&](const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::string>) {
      feature.SetField(field, value.c_str());
    } else if constexpr (std::is_same_v<Value, std::optional<double>>) {
      value ? feature.SetField(field, *value) : feature.SetFieldNull(field);
    } else {
      feature.SetField(field, static_cast<int>(value));
    }
    ++field;
  });
}

std::unique_ptr<OGRGeometry> ogr_shape(const ShapeView& shape, bool several) {
  if (!several) return ogr_polygon(shape, 0);
  auto polygons = std::make_unique<OGRMultiPolygon>();
  for (std::size_t part = 0; part < shape.part_ends.size(); ++part) {
    polygons->addGeometryDirectly(ogr_polygon(shape, part).release());
  }
  return polygons;
}

void set_shape(OGRFeature& feature, const ShapeView& shape, bool several) {
  feature.SetGeometryDirectly(ogr_shape(shape, several).release());
}

}  // namespace scarp::vector
