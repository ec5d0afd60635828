// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "geo/features.h"
#include "geo/raster_writer_gdal.h"
#include "pipelines/mapping/detect.h"
#include "pipelines/mapping/detect_plan.h"
#include "pipelines/mapping/mosaic.h"

namespace scarp::pipelines {

/// A map as labels for another training: the class where it is probable enough, kNoClass elsewhere, on ground
/// that is not mapped, and inside DetectOptions::sure_outside. It has its name after `finish` only.
class SureLabels {
 public:
  /// @param raster  classes, metadata and nodata of a class raster
  /// @throws geo::Error if the file cannot be written or the polygons not be read
  SureLabels(const DetectOptions& options, const DetectPlan& plan, geo::RasterWriterOptions raster);

  /// @param ids  [rows, area cols] class ids of the rows
  void push(const MapRows& rows, std::span<const std::uint8_t> ids);
  void finish() { writer_.finish(); }

 private:
  const DetectPlan& plan_;
  double least_;                                ///< certainty, in steps
  std::optional<geo::FeatureLayer> elsewhere_;  ///< polygons inside which nothing is said
  std::vector<std::uint8_t> labels_;
  geo::RasterWriter writer_;
};

}  // namespace scarp::pipelines
