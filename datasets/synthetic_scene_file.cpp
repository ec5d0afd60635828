// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <vector>

#include "datasets/synthetic_scene.h"
#include "geo/error.h"
#include "geo/feature_file_gdal.h"
#include "geo/raster_writer_gdal.h"

namespace scarp::datasets {
namespace {

template <typename T>
void write_raster(const std::string& path,
                  const geo::Grid& grid,
                  geo::RasterWriterOptions options,
                  const std::vector<T>& values) {
  geo::RasterWriter writer(path, grid, options);
  writer.write_rows(std::span<const T>(values), grid.rows);
  writer.finish();
}

}  // namespace

void write_synthetic_scene(const SyntheticScene& scene, const std::string& folder, bool overwrite) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    throw geo::Error(geo::Fault::unwritable, folder + ": the folder cannot be made (" + failure.message() +
                                                 "); choose another one or change its permissions");
  }
  const auto path = [&](const char* name) { return (std::filesystem::path(folder) / name).string(); };
  // All are refused before any is written.
  for (const char* name : {"hrsi.tif", "dem.tif", "labels.gpkg"})
    geo::require_writable(path(name), overwrite);
  geo::RasterWriterOptions optical;
  optical.band_names = {"red", "green", "blue"};
  if (scene.optical.size() > 3 * scene.elevation.size())
    optical.band_names.insert(optical.band_names.end(), {"nir", "swir1", "swir2"});
  optical.overwrite = overwrite;
  write_raster(path("hrsi.tif"), scene.grid, optical, scene.optical);
  geo::RasterWriterOptions dem;
  dem.type = geo::PixelType::f32;
  dem.band_names = {"elevation"};
  dem.overwrite = overwrite;
  write_raster(path("dem.tif"), scene.grid, dem, scene.elevation);
  geo::write_features(path("labels.gpkg"), std::vector{scene.landslides, scene.labelled_area, scene.walls},
                      overwrite);
}

}  // namespace scarp::datasets
