// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gdal_priv.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogrsf_frmts.h>

#include "pipelines/vector/error.h"
#include "pipelines/vector/vector_writer.h"
#include "tests/support/test_files.h"

// Two polygons, one of them of a class with quotes and markup in its name, and what is asked of the files
// they are written into.

namespace scarp::vector {

inline const char* const kFieldNames[] = {"uid",      "class_id",   "class",     "conf_mean", "conf_min",
                                          "conf_std", "area_m2",    "perim_m",   "elev_min",  "elev_max",
                                          "relief_m", "slope_mean", "slope_max", "aspect",    "length_m",
                                          "width_m",  "reach",      "edge",      "model_id"};
inline const char* const kHostileName = "<b>\"it's\" & 'x'); DROP TABLE layer_styles;--</b> é";

inline geo::Crs utm() {
  return geo::Crs::from_user_input("EPSG:32632");
}

/// A square of 100 m with a hole, at 9 degrees east, 45 degrees north.
inline geo::Polygon square(double x = 500000) {
  geo::Polygon polygon;
  polygon.outer = {{x, 5000100}, {x, 5000000}, {x + 100, 5000000}, {x + 100, 5000100}, {x, 5000100}};
  polygon.holes = {
      {{x + 10, 5000090}, {x + 20, 5000090}, {x + 20, 5000080}, {x + 10, 5000080}, {x + 10, 5000090}}};
  return polygon;
}

inline ObjectAttributes attributes_of(const std::string& class_name) {
  ObjectAttributes attributes;
  attributes.uid = "0123456789abcdef";
  attributes.class_id = 2;
  attributes.class_name = class_name;
  attributes.conf_mean = 0.75;
  attributes.area_m2 = 9900;
  attributes.perim_m = 440;
  attributes.edge = true;
  attributes.model_id = "mars-1";
  return attributes;
}

inline VectorWriterOptions options_with_classes() {
  VectorWriterOptions options;
  options.classes = {{1, "slide", {200, 30, 10}}, {2, kHostileName, {10, 20, 30}}};
  options.provenance = {{"model", "mars-1"}, {"device", "cpu 'x'"}};
  return options;
}

inline void write_two(const std::string& path,
                      VectorWriterOptions options = options_with_classes(),
                      const geo::Crs& crs = utm()) {
  const auto writer = make_vector_writer(path, crs, options);
  writer->add(square(), attributes_of("slide"));
  writer->add(square(501000), attributes_of(kHostileName));
  EXPECT_EQ(writer->count(), 2);
  writer->finish();
}

inline GDALDatasetUniquePtr opened(const std::string& path) {
  GDALAllRegister();
  return GDALDatasetUniquePtr(GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY));
}

inline std::vector<std::string> field_names(OGRLayer& layer) {
  std::vector<std::string> names;
  for (int i = 0; i < layer.GetLayerDefn()->GetFieldCount(); ++i) {
    names.emplace_back(layer.GetLayerDefn()->GetFieldDefn(i)->GetNameRef());
  }
  return names;
}

inline std::vector<std::string> names_in(const test::TempFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string sql_value(GDALDataset& dataset, const char* sql) {
  OGRLayer* rows = dataset.ExecuteSQL(sql, nullptr, nullptr);
  if (rows == nullptr) return "no result";
  const OGRFeatureUniquePtr row(rows->GetNextFeature());
  const std::string value = row ? row->GetFieldAsString(0) : "no row";
  dataset.ReleaseResultSet(rows);
  return value;
}

template <class Call>
void expect_error(Call call, Fault fault, const char* text) {
  try {
    call();
    FAIL() << "no error; expected: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), fault) << error.what();
    EXPECT_THAT(error.what(), testing::HasSubstr(text));
  }
}

}  // namespace scarp::vector
