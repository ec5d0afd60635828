// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <vector>

#include <gdal_alg.h>
#include <gdal_priv.h>
#include <ogrsf_frmts.h>

#include "pipelines/vector/object_batch.h"

namespace scarp::test {

/// What GDAL's polygonizer makes of a raster, in the one form that Scarp's has: rings start at their first
/// corners, the outer one runs counterclockwise, holes are sorted; no straight corners.
struct GdalPolygon {
  int value = 0;
  std::vector<std::vector<vector::Corner>> rings;  ///< the outer one first
  auto operator<=>(const GdalPolygon&) const = default;
};

inline std::int64_t signed_pixels(const std::vector<vector::Corner>& ring) {
  std::int64_t area = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const vector::Corner& next = ring[(i + 1) % ring.size()];
    area += std::int64_t{ring[i].row} * next.col - std::int64_t{ring[i].col} * next.row;
  }
  return area / 2;
}

inline std::vector<vector::Corner> normal_ring(const OGRLinearRing& points, bool outer) {
  std::vector<vector::Corner> all;
  for (int i = 0; i + 1 < points.getNumPoints(); ++i) {
    all.push_back(
        {static_cast<int>(std::lround(points.getY(i))), static_cast<int>(std::lround(points.getX(i)))});
  }
  std::vector<vector::Corner> ring;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const vector::Corner& a = all[(i + all.size() - 1) % all.size()];
    const vector::Corner& c = all[(i + 1) % all.size()];
    const bool straight =
        (a.row == all[i].row && c.row == all[i].row) || (a.col == all[i].col && c.col == all[i].col);
    if (!straight) ring.push_back(all[i]);
  }
  std::rotate(ring.begin(), std::min_element(ring.begin(), ring.end()), ring.end());
  if ((signed_pixels(ring) > 0) != outer) std::reverse(ring.begin() + 1, ring.end());
  return ring;
}

/// 4-connected polygons of all values but `nodata`, sorted.
inline std::vector<GdalPolygon> gdal_polygons(int rows,
                                              int cols,
                                              const std::vector<std::uint8_t>& pixels,
                                              int nodata) {
  GDALAllRegister();
  GDALDriver* memory = GetGDALDriverManager()->GetDriverByName("MEM");
  const GDALDatasetUniquePtr raster(memory->Create("", cols, rows, 2, GDT_Byte, nullptr));
  std::vector<std::uint8_t> wanted(pixels.size());
  std::transform(pixels.begin(), pixels.end(), wanted.begin(), [&](int v) { return v != nodata ? 1 : 0; });
  const auto write = [&](int band, const std::vector<std::uint8_t>& from) {
    return raster->GetRasterBand(band)->RasterIO(GF_Write, 0, 0, cols, rows,
                                                 const_cast<std::uint8_t*>(from.data()), cols, rows, GDT_Byte,
                                                 0, 0, nullptr);
  };
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("Memory");
  if (driver == nullptr) driver = memory;
  const GDALDatasetUniquePtr traced(driver->Create("", 0, 0, 0, GDT_Unknown, nullptr));
  OGRLayer* layer = traced->CreateLayer("objects", nullptr, wkbPolygon, nullptr);
  OGRFieldDefn field("value", OFTInteger);
  if (write(1, pixels) != CE_None || write(2, wanted) != CE_None ||
      layer->CreateField(&field) != OGRERR_NONE ||
      GDALPolygonize(raster->GetRasterBand(1), raster->GetRasterBand(2), OGRLayer::ToHandle(layer), 0,
                     nullptr, nullptr, nullptr) != CE_None) {
    throw std::runtime_error("GDAL cannot polygonize");
  }
  std::vector<GdalPolygon> polygons;
  for (const auto& feature : *layer) {
    GdalPolygon polygon{feature->GetFieldAsInteger(0), {}};
    bool outer = true;
    for (const OGRLinearRing* ring : *feature->GetGeometryRef()->toPolygon()) {
      polygon.rings.push_back(normal_ring(*ring, outer));
      outer = false;
    }
    std::sort(polygon.rings.begin() + 1, polygon.rings.end());
    polygons.push_back(polygon);
  }
  std::sort(polygons.begin(), polygons.end());
  return polygons;
}

}  // namespace scarp::test
