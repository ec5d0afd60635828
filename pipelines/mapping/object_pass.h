// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "geo/geodesic.h"
#include "nn/model_card.h"
#include "pipelines/vector/polygonizer.h"
#include "pipelines/vector/vector_writer.h"

namespace scarp::pipelines {

/// Gives polygons their fields and hands those that are large enough to a writer, in the order in which they
/// come.
class ObjectPass {
 public:
  struct Scene {
    const nn::ModelCard& card;
    const geo::Grid& grid;    ///< of the scene
    const geo::Window& area;  ///< window of the scene that is mapped
    double min_area_m2 = 0;
  };
  ObjectPass(const Scene& scene, vector::VectorWriter& writer);

  void add(const vector::ClassPolygon& object);
  std::int64_t dropped_small() const { return dropped_small_; }
  double area_m2() const { return area_m2_; }

 private:
  const std::string& class_name(int class_id) const;

  Scene scene_;
  vector::VectorWriter& writer_;
  geo::GeodesicMeasure geodesic_;
  std::int64_t dropped_small_ = 0;
  double area_m2_ = 0;
};

}  // namespace scarp::pipelines
