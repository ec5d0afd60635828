// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/sure_labels.h"

#include <fmt/format.h>

#include "geo/feature_file_gdal.h"

namespace scarp::pipelines {
namespace {

std::optional<geo::FeatureLayer> polygons_of(const std::string& path, const geo::Grid& grid) {
  if (path.empty()) return std::nullopt;
  geo::FeatureLayer layer = geo::read_features(geo::parse_layer_path(path), grid.crs);
  for (geo::Feature& feature : layer.features) feature.class_id = 1;
  return layer;
}

geo::RasterWriterOptions with_facts(geo::RasterWriterOptions raster, const DetectOptions& options) {
  raster.band_names = {"sure class"};
  raster.metadata["SCARP_SURE"] = fmt::format("{}", options.sure);
  if (!options.sure_outside.empty()) raster.metadata["SCARP_SURE_OUTSIDE"] = options.sure_outside;
  return raster;
}

}  // namespace

SureLabels::SureLabels(const DetectOptions& options, const DetectPlan& plan, geo::RasterWriterOptions raster)
    : plan_(plan),
      least_(options.sure * kProbabilitySteps),
      elsewhere_(polygons_of(options.sure_outside, plan.grid)),
      writer_(options.sure_labels, plan.grid.cropped(plan.area), with_facts(std::move(raster), options)) {}

void SureLabels::push(const MapRows& rows, std::span<const std::uint8_t> ids) {
  labels_.assign(ids.begin(), ids.end());
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    if (rows.certainty[i] < least_) labels_[i] = kNoClass;
  }
  if (elsewhere_) {
    const geo::Window window{rows.row, plan_.area.col, rows.rows, plan_.area.cols};
    const std::vector<std::uint8_t> inside = geo::burn(*elsewhere_, plan_.grid, window, 0);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      if (inside[i] != 0) labels_[i] = kNoClass;
    }
  }
  writer_.write_rows<std::uint8_t>(labels_, rows.rows);
}

}  // namespace scarp::pipelines
