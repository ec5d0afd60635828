// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "geo/features.h"
#include "geo/grid.h"

namespace scarp::datasets {

/// Files of one scene as a run file names them. Paths with ":LAYER" where a file has layers.
struct ScenePaths {
  std::string name;  ///< for messages and logs
  std::string optical;
  std::string dem;
  std::string labels;         ///< polygons, or a label raster (0 background, class ids, 255 unknown)
  std::string labelled_area;  ///< polygons within which labels are complete; "" = layer labelled_area of the
                              ///< labels' file; "all"; "box" = the bounding box of the landslides
  int smallest_px = 0;        ///< landslides of fewer pixels are unknown ground
};

/// Labels of a scene: outside the labelled area nothing is known, so nothing there is background.
struct SceneLabels {
  geo::FeatureLayer landslides;     ///< in the scene's CRS, ignored ones with class id 255; empty for label
                                    ///< rasters
  geo::FeatureLayer labelled_area;  ///< in the scene's CRS; empty means all when `everywhere`
  bool everywhere = false;          ///< the whole scene is labelled, said by the user
  std::string raster;               ///< path of a label raster, if labels are one
};

/// Reads label polygons and labelled area and brings them to the scene's CRS.
/// @throws Error (no_labels, no_overlap), geo::Error. Labels without a labelled area are refused unless "all"
/// is said.
SceneLabels read_labels(const ScenePaths& paths, const geo::Grid& grid);

/// Class ids of a window: 0 background, ids of labels, 255 unknown (outside the labelled area or the grid).
std::vector<std::uint8_t> label_window(const SceneLabels& labels,
                                       const geo::Grid& grid,
                                       const geo::Window& window);

}  // namespace scarp::datasets
