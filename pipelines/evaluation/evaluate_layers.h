// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "geo/feature_file_gdal.h"
#include "pipelines/evaluation/evaluate_metadata_gdal.h"

namespace scarp::pipelines {

/// The layer of a file of labels within whose polygons labels are complete.
inline constexpr const char* kAreaLayer = "labelled_area";

/// Polygons or pixels? What GDAL opens as a vector file with layers is polygons.
/// @throws geo::Error (missing_file)
bool holds_features(const std::string& path);

/// FILE[:LAYER]; without a layer "landslides" if there is one, else the only one beside labelled area and
/// provenance.
/// @throws Error (contradiction) if there are several, geo::Error
geo::LayerPath landslide_layer(const std::string& text);

/// A path that a file names under `key`, relative to the file's folder; empty unless it is a local file that
/// is there.
std::string neighbour(const std::string& file, const FileFacts& facts, const std::string& key);

}  // namespace scarp::pipelines
