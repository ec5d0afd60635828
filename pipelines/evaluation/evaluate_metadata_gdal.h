// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace scarp::pipelines {

/// What a file says of itself beside its pixels or polygons.
struct FileFacts {
  std::map<std::string, std::string> metadata;  ///< of a raster, or the provenance table of polygons
  double scale = 1;                             ///< of the first band: value = pixel * scale + offset
  double offset = 0;
  bool scaled = false;  ///< the file declares a scale or an offset
};

/// Reads a raster's metadata items and its first band's scale.
/// @throws geo::Error (unreadable)
FileFacts read_raster_facts(const std::string& path);

/// Reads the keys and values of the table scarp_provenance of a vector file; empty where there is none.
FileFacts read_vector_facts(const std::string& file);

}  // namespace scarp::pipelines
