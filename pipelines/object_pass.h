// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "geo/aligned_stack.h"
#include "geo/raster_source.h"
#include "nn/model_card.h"
#include "pipelines/vector/polygonizer.h"
#include "pipelines/vector/vector_writer.h"

namespace scarp::pipelines {

/// Measures polygons over the rasters and hands those that are large enough to a writer, in the order in
/// which they come.
class ObjectPass {
 public:
  struct Inputs {
    const nn::ModelCard& card;
    const geo::Grid& grid;           ///< of the scene
    const geo::Window& area;         ///< window of the scene that `probability` covers
    geo::RasterSource& probability;  ///< 0..254, 255 nodata
    geo::AlignedStack*
        terrain;  ///< channels elevation, slope, gradient_east, gradient_north; null without a DEM
    double min_area_m2 = 0;
    std::string model_id;
  };
  ObjectPass(const Inputs& inputs, vector::VectorWriter& writer);

  void add(const vector::ClassPolygon& object);
  std::int64_t dropped_small() const { return dropped_small_; }
  double area_m2() const { return area_m2_; }

  /// The channels that `Inputs::terrain` must have.
  static std::vector<geo::TerrainChannel> terrain_channels();

 private:
  Inputs inputs_;
  vector::VectorWriter& writer_;
  geo::GeodesicMeasure geodesic_;
  geo::StackTile tile_;
  std::int64_t dropped_small_ = 0;
  double area_m2_ = 0;
};

}  // namespace scarp::pipelines
