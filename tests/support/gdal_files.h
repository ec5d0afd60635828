// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gdal_priv.h>

#include "geo/raster_source.h"
#include "geo/raster_source_gdal.h"
#include "geo/raster_source_memory.h"

namespace scarp::test {

struct CloseTestDataset {
  void operator()(GDALDataset* dataset) const { GDALClose(dataset); }
};
using TestDataset = std::unique_ptr<GDALDataset, CloseTestDataset>;

/// A new, empty raster file by GDAL alone, so that tests do not rest on the writer they might test.
inline TestDataset create_raster(const std::string& path,
                                 const geo::Grid& grid,
                                 int bands,
                                 GDALDataType type,
                                 const std::vector<const char*>& options = {}) {
  geo::set_up_gdal();
  std::vector<const char*> list = options;
  list.push_back(nullptr);
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("GTiff");
  TestDataset dataset(driver->Create(path.c_str(), static_cast<int>(grid.cols), static_cast<int>(grid.rows),
                                     bands, type, const_cast<char**>(list.data())));
  if (!dataset) throw std::runtime_error("cannot create " + path);
  std::array<double, 6> geotransform = grid.geotransform;
  dataset->SetGeoTransform(geotransform.data());
  if (grid.crs.known()) dataset->SetProjection(grid.crs.wkt().c_str());
  return dataset;
}

inline void write_band(GDALDataset& dataset, int band, std::vector<float> values) {
  const CPLErr status = dataset.GetRasterBand(band)->RasterIO(
      GF_Write, 0, 0, dataset.GetRasterXSize(), dataset.GetRasterYSize(), values.data(),
      dataset.GetRasterXSize(), dataset.GetRasterYSize(), GDT_Float32, 0, 0, nullptr);
  if (status != CE_None) throw std::runtime_error("cannot write a test band");
}

/// A raster in memory as a float GeoTIFF; invalid pixels hold `nodata`.
inline void save_raster(const std::string& path, const geo::MemoryRaster& raster, double nodata) {
  const TestDataset dataset = create_raster(path, raster.grid, 1, GDT_Float32);
  dataset->GetRasterBand(1)->SetNoDataValue(nodata);
  std::vector<float> values = raster.values;
  for (std::size_t i = 0; i < raster.valid.size(); ++i)
    values[i] = raster.valid[i] != 0 ? values[i] : static_cast<float>(nodata);
  write_band(*dataset, 1, values);
}

struct ReadBack {
  std::vector<float> values;
  std::vector<std::uint8_t> valid;
};

inline ReadBack read_window(geo::RasterSource& source,
                            const geo::Window& window,
                            const std::vector<int>& bands) {
  ReadBack back;
  back.values.resize(static_cast<std::size_t>(window.pixels()) * bands.size());
  back.valid.resize(static_cast<std::size_t>(window.pixels()));
  source.read(window, bands, back.values, back.valid);
  return back;
}

}  // namespace scarp::test
