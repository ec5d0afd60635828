// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>

#include <gdal_priv.h>
#include <gtest/gtest.h>
#include <ogrsf_frmts.h>

#include "pipelines/vector/vector_writer.h"

namespace scarp::test {

inline std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline GDALDatasetUniquePtr open_vectors(const std::string& path, unsigned access = GDAL_OF_READONLY) {
  GDALAllRegister();
  GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR | access));
  EXPECT_TRUE(dataset) << path;
  return dataset;
}

/// The first value of an SQL statement's result.
inline std::string sql_text(GDALDataset& dataset, const std::string& sql) {
  OGRLayer* rows = dataset.ExecuteSQL(sql.c_str(), nullptr, nullptr);
  if (rows == nullptr) return "no result";
  const OGRFeatureUniquePtr row(rows->GetNextFeature());
  std::string value = row ? row->GetFieldAsString(0) : "no row";
  dataset.ReleaseResultSet(rows);
  return value;
}

/// A square with a hole; the number tells where it lies.
inline geo::Polygon square_with_hole(double x, double y, double side) {
  geo::Polygon polygon;
  polygon.outer = {{x, y + side}, {x, y}, {x + side, y}, {x + side, y + side}, {x, y + side}};
  const double a = side / 4;
  polygon.holes = {
      {{x + a, y + a}, {x + a, y + 2 * a}, {x + 2 * a, y + 2 * a}, {x + 2 * a, y + a}, {x + a, y + a}}};
  return polygon;
}

/// Attributes, of which some are known and some are not.
inline vector::ObjectAttributes random_attributes(std::mt19937& random) {
  std::uniform_real_distribution<double> value(-1000, 1000);
  const auto maybe = [&]() -> std::optional<double> {
    if (random() % 3 == 0) return std::nullopt;
    return value(random);
  };
  vector::ObjectAttributes a;
  a.uid = "uid-" + std::to_string(random());
  a.class_id = static_cast<int>(random() % 200);
  a.class_name = random() % 2 == 0 ? "slide" : "it's <\"wet\"> & \xC3\xA9";
  for (auto* field : {&a.conf_mean, &a.conf_min, &a.conf_std, &a.elev_min, &a.elev_max, &a.relief_m,
                      &a.slope_mean, &a.slope_max, &a.aspect, &a.length_m, &a.width_m, &a.reach}) {
    *field = maybe();
  }
  a.area_m2 = value(random);
  a.perim_m = value(random);
  a.edge = random() % 2 == 0;
  a.model_id = "model";
  return a;
}

/// Everything in a feature as text: fields, NULLs and the geometry.
inline std::string feature_text(OGRFeature& feature) {
  std::string text;
  for (int i = 0; i < feature.GetFieldCount(); ++i) {
    text += feature.GetFieldDefnRef(i)->GetNameRef();
    text += feature.IsFieldNull(i) ? "=NULL;" : std::string("=") + feature.GetFieldAsString(i) + ";";
  }
  char* wkt = nullptr;
  feature.GetGeometryRef()->exportToWkt(&wkt, wkbVariantIso);
  text += wkt;
  CPLFree(wkt);
  return text;
}

inline std::multiset<std::string> layer_texts(OGRLayer& layer) {
  std::multiset<std::string> texts;
  for (const auto& feature : layer) texts.insert(feature_text(*feature));
  return texts;
}

}  // namespace scarp::test
