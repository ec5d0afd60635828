// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "geo/features.h"

namespace scarp::geo {

/// "FILE" or "FILE:LAYER" as users write it. Windows drive letters and /vsi paths are left alone.
struct LayerPath {
  std::string file;
  std::string layer;  ///< empty: the only layer, or the first
};
LayerPath parse_layer_path(const std::string& text);

std::vector<std::string> layer_names(const std::string& file);

/// Reads polygons and multipolygons; other geometries are an error. The field class_id (default 1) is taken
/// where there is one.
/// @param target  features are brought to this CRS if it is known
/// @throws Error (missing_file, unreadable, missing_crs) naming file and layer
FeatureLayer read_features(const LayerPath& path, const Crs& target);

/// Writes layers into a new GeoPackage under a temporary name, then renames.
void write_features(const std::string& file, std::span<const FeatureLayer> layers, bool overwrite);

/// Burns polygons into a mask of a window of `grid`: a pixel belongs to a polygon if its centre is inside.
/// @return [rows, cols]: `background`, or the class_id of the last feature that covers the pixel
std::vector<std::uint8_t> burn(const FeatureLayer& layer,
                               const Grid& grid,
                               const Window& window,
                               std::uint8_t background);

}  // namespace scarp::geo
