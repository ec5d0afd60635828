// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/object_pass.h"

#include <algorithm>

namespace scarp::pipelines {

ObjectPass::ObjectPass(const Scene& scene, vector::VectorWriter& writer)
    : scene_(scene), writer_(writer), geodesic_(scene.grid.crs) {}

void ObjectPass::add(const vector::ClassPolygon& object) {
  const geo::GeodesicMeasure::Size size = geodesic_.measure(object.polygon);
  if (size.area_m2 < scene_.min_area_m2) {
    ++dropped_small_;
    return;
  }
  vector::ObjectAttributes attributes;
  attributes.class_id = object.class_id;
  attributes.class_name = class_name(object.class_id);
  attributes.model_id = scene_.card.name;
  attributes.uid =
      vector::object_uid(scene_.grid, object.window.row, object.first_col, object.class_id, scene_.card.name);
  attributes.area_m2 = size.area_m2;
  attributes.perim_m = size.perimeter_m;
  vector::set_pixel_attributes(object.sums, object.corners, scene_.grid.cropped(object.window).pixel_size(),
                               attributes);
  // The edge of the area of interest or of the data: the object may go on beyond.
  attributes.edge = object.sums.at_edge() || !scene_.area.contains(object.window.grown(1));
  area_m2_ += attributes.area_m2;
  writer_.add(object.polygon, attributes);
}

const std::string& ObjectPass::class_name(int class_id) const {
  static const std::string none;
  const auto& classes = scene_.card.classes;
  const auto found =
      std::find_if(classes.begin(), classes.end(), [&](const auto& known) { return known.id == class_id; });
  return found == classes.end() ? none : found->name;
}

}  // namespace scarp::pipelines
