// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include <gdal_alg.h>
#include <gdal_priv.h>
#include <ogr_geometry.h>

#include "geo/error.h"
#include "geo/feature_file_gdal.h"
#include "geo/gdal_messages.h"
#include "geo/ogr_polygons_gdal.h"

namespace scarp::geo {
namespace {

struct CloseMask {
  void operator()(GDALDataset* dataset) const { GDALClose(dataset); }
};
using MaskDataset = std::unique_ptr<GDALDataset, CloseMask>;

bool reaches(const Feature& feature, const Grid& grid, const Window& window) {
  for (const Polygon& part : feature.parts) {
    if (part.outer.empty()) continue;
    MapPoint low = part.outer.front();
    MapPoint high = low;
    for (const MapPoint& point : part.outer) {
      low = {std::min(low.x, point.x), std::min(low.y, point.y)};
      high = {std::max(high.x, point.x), std::max(high.y, point.y)};
    }
    if (!intersection(window_of_box(grid, low.x, low.y, high.x, high.y), window).empty()) return true;
  }
  return false;
}

/// A raster in GDAL's memory driver over our bytes.
MaskDataset mask_over(std::vector<std::uint8_t>& mask, const Grid& grid) {
  GDALDriver* memory = GetGDALDriverManager()->GetDriverByName("MEM");
  MaskDataset dataset(
      memory->Create("", static_cast<int>(grid.cols), static_cast<int>(grid.rows), 0, GDT_Byte, nullptr));
  CPLStringList options;
  char pointer[64] = {};
  CPLPrintPointer(pointer, mask.data(), sizeof pointer - 1);
  options.SetNameValue("DATAPOINTER", pointer);
  dataset->AddBand(GDT_Byte, options.List());
  std::array<double, 6> geotransform = grid.geotransform;
  dataset->SetGeoTransform(geotransform.data());
  return dataset;
}

}  // namespace

std::vector<std::uint8_t> burn(const FeatureLayer& layer,
                               const Grid& grid,
                               const Window& window,
                               std::uint8_t background) {
  if (layer.crs.known() && grid.crs.known() && !(layer.crs == grid.crs)) {
    throw Error(Fault::bad_argument, "layer " + layer.name + " is in " + layer.crs.name() + ", the grid in " +
                                         grid.crs.name() + "; read the layer in the grid's CRS");
  }
  if (window.empty()) throw Error(Fault::bad_argument, "an empty window cannot be burnt");
  ensure_gdal();
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(window.pixels()), background);
  std::vector<std::unique_ptr<OGRGeometry>> owned;
  std::vector<OGRGeometryH> geometries;
  std::vector<double> values;
  for (const Feature& feature : layer.features) {
    if (!reaches(feature, grid, window)) continue;
    if (feature.class_id < 0 || feature.class_id > 255) {
      throw Error(Fault::bad_argument, "layer " + layer.name + " has class_id " +
                                           std::to_string(feature.class_id) +
                                           "; only 0..255 can be burnt into a mask");
    }
    owned.push_back(geometry_of(feature, true));
    geometries.push_back(OGRGeometry::ToHandle(owned.back().get()));
    values.push_back(feature.class_id);
  }
  if (geometries.empty()) return mask;
  const MaskDataset dataset = mask_over(mask, grid.cropped(window));
  const GdalMessages messages;
  int band = 1;
  const CPLErr status =
      GDALRasterizeGeometries(dataset.get(), 1, &band, static_cast<int>(geometries.size()), geometries.data(),
                              nullptr, nullptr, values.data(), nullptr, nullptr, nullptr);
  if (status != CE_None)
    throw Error(Fault::bad_argument, "layer " + layer.name + " cannot be burnt" + messages.as_reason());
  dataset->FlushCache(false);
  return mask;
}

}  // namespace scarp::geo
