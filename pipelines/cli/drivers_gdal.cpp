// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/drivers_gdal.h"

#include <gdal.h>

namespace scarp::cli {

std::vector<DriverInfo> output_drivers() {
  std::vector<DriverInfo> drivers = {{"GPKG", "polygons", true},
                                     {"GTiff", "rasters", true},
                                     {"COG", "class and probability rasters", true},
                                     {"PNG", "pictures of reports", true},
                                     {"FlatGeobuf", "polygons"},
                                     {"GeoJSON", "polygons"},
                                     {"ESRI Shapefile", "polygons"},
                                     {"Parquet", "polygons"}};
  for (DriverInfo& driver : drivers) driver.present = GDALGetDriverByName(driver.name.c_str()) != nullptr;
  return drivers;
}

}  // namespace scarp::cli
