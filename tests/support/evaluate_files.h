// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "geo/feature_file_gdal.h"
#include "geo/raster_writer_gdal.h"
#include "pipelines/events.h"
#include "tests/support/ascii_raster.h"

namespace scarp::test {

/// Keeps what a run says.
class RecordedEvents final : public pipelines::Events {
 public:
  void stage(std::string_view) override {}
  void progress(double fraction, std::string_view) override { last_progress = fraction; }
  void metric(std::string_view, double) override {}
  void warning(std::string_view text) override { warnings += std::string(text) + "\n"; }
  void info(std::string_view) override {}
  void result(std::string_view kind, std::string_view path) override { results.emplace_back(kind, path); }

  double last_progress = -1;
  std::string warnings;
  std::vector<std::pair<std::string, std::string>> results;
};

/// Writes a drawn raster (see ascii_raster) on 10 m pixels of UTM zone 32.
inline std::string write_drawn(const std::string& path,
                               std::string_view drawing,
                               std::optional<double> nodata = 255,
                               std::map<std::string, std::string> metadata = {},
                               const geo::Grid* grid = nullptr) {
  const AsciiRaster raster = ascii_raster(drawing);
  geo::RasterWriterOptions options;
  options.band_names = {"class"};
  options.nodata = nodata;
  options.driver = "GTiff";
  options.metadata = std::move(metadata);
  options.overwrite = true;
  geo::RasterWriter writer(path, grid != nullptr ? *grid : utm_grid(raster.rows, raster.cols), options);
  writer.write_rows<std::uint8_t>(raster.pixels, raster.rows);
  writer.finish();
  return path;
}

inline std::string write_floats(const std::string& path,
                                const geo::Grid& grid,
                                const std::vector<float>& values) {
  geo::RasterWriterOptions options;
  options.type = geo::PixelType::f32;
  options.band_names = {"p"};
  options.driver = "GTiff";
  geo::RasterWriter writer(path, grid, options);
  writer.write_rows<float>(values, grid.rows);
  writer.finish();
  return path;
}

/// The square of pixels [row, row_end) x [col, col_end) of utm_grid as a feature.
inline geo::Feature pixel_box(double row, double col, double row_end, double col_end, int class_id = 1) {
  const auto at = [](double r, double c) { return geo::MapPoint{500000 + 10 * c, 5000000 - 10 * r}; };
  geo::Feature feature;
  feature.class_id = class_id;
  feature.parts = {
      {{at(row, col), at(row, col_end), at(row_end, col_end), at(row_end, col), at(row, col)}, {}}};
  return feature;
}

inline geo::FeatureLayer utm_layer(const std::string& name, std::vector<geo::Feature> features) {
  return {name, geo::Crs::from_user_input("EPSG:32632"), std::move(features)};
}

inline std::string write_layers(const std::string& path, const std::vector<geo::FeatureLayer>& layers) {
  geo::write_features(path, layers, true);
  return path;
}

inline std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace scarp::test
