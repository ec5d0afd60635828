// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/attribute_fields_ogr.h"

#include <array>
#include <memory>

#include <ogrsf_frmts.h>

#include "pipelines/vector/clean_text.h"

namespace scarp::vector {
namespace {

struct AttributeField {
  const char* name;
  OGRFieldType type;
  OGRFieldSubType subtype = OFSTNone;
};

constexpr std::array<AttributeField, 19> kAttributeFields = {{
    {"uid", OFTString},      {"class_id", OFTInteger}, {"class", OFTString},
    {"conf_mean", OFTReal},  {"conf_min", OFTReal},    {"conf_std", OFTReal},
    {"area_m2", OFTReal},    {"perim_m", OFTReal},     {"elev_min", OFTReal},
    {"elev_max", OFTReal},   {"relief_m", OFTReal},    {"slope_mean", OFTReal},
    {"slope_max", OFTReal},  {"aspect", OFTReal},      {"length_m", OFTReal},
    {"width_m", OFTReal},    {"reach", OFTReal},       {"edge", OFTInteger, OFSTBoolean},
    {"model_id", OFTString},
}};

void set_known(OGRFeature& feature, const char* name, const std::optional<double>& value) {
  if (value) {
    feature.SetField(name, *value);
  } else {
    feature.SetFieldNull(feature.GetFieldIndex(name));
  }
}

std::unique_ptr<OGRLinearRing> ogr_ring(const geo::Ring& ring) {
  auto points = std::make_unique<OGRLinearRing>();
  points->setNumPoints(static_cast<int>(ring.size()));
  for (std::size_t i = 0; i < ring.size(); ++i) points->setPoint(static_cast<int>(i), ring[i].x, ring[i].y);
  return points;
}

}  // namespace

bool create_attribute_fields(OGRLayer& layer) {
  for (const AttributeField& field : kAttributeFields) {
    OGRFieldDefn definition(field.name, field.type);
    definition.SetSubType(field.subtype);
    if (layer.CreateField(&definition) != OGRERR_NONE) return false;
  }
  return true;
}

void set_attribute_fields(OGRFeature& feature, const ObjectAttributes& attributes) {
  feature.SetField("uid", attributes.uid.c_str());
  feature.SetField("class_id", attributes.class_id);
  // Cleaned as in the style, which finds its category by this name.
  feature.SetField("class", clean_text(attributes.class_name).c_str());
  set_known(feature, "conf_mean", attributes.conf_mean);
  set_known(feature, "conf_min", attributes.conf_min);
  set_known(feature, "conf_std", attributes.conf_std);
  set_known(feature, "area_m2", attributes.area_m2);
  set_known(feature, "perim_m", attributes.perim_m);
  set_known(feature, "elev_min", attributes.elev_min);
  set_known(feature, "elev_max", attributes.elev_max);
  set_known(feature, "relief_m", attributes.relief_m);
  set_known(feature, "slope_mean", attributes.slope_mean);
  set_known(feature, "slope_max", attributes.slope_max);
  set_known(feature, "aspect", attributes.aspect);
  set_known(feature, "length_m", attributes.length_m);
  set_known(feature, "width_m", attributes.width_m);
  set_known(feature, "reach", attributes.reach);
  feature.SetField("edge", attributes.edge ? 1 : 0);
  feature.SetField("model_id", clean_text(attributes.model_id).c_str());
}

void set_polygon(OGRFeature& feature, const geo::Polygon& polygon) {
  auto shape = std::make_unique<OGRPolygon>();
  shape->addRingDirectly(ogr_ring(polygon.outer).release());
  for (const geo::Ring& hole : polygon.holes) shape->addRingDirectly(ogr_ring(hole).release());
  feature.SetGeometryDirectly(shape.release());
}

}  // namespace scarp::vector
