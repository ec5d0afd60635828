// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "geo/crs.h"
#include "pipelines/vector/attributes.h"

namespace scarp::vector {

struct StyleClass {
  int class_id = 0;
  std::string name;
  std::array<std::uint8_t, 3> colour = {0, 0, 0};
};

struct VectorWriterOptions {
  std::string format;  ///< OGR driver ("GPKG", "FlatGeobuf", "GeoJSON", "ESRI Shapefile", ...); empty: from
                       ///< the file's ending
  std::string layer = "landslides";
  std::vector<StyleClass> classes;                ///< for the style that QGIS loads by itself
  std::map<std::string, std::string> provenance;  ///< model, version, device, precision, inputs: written into
                                                  ///< the file where the format has a place
  std::vector<std::string> creation;              ///< KEY=VALUE layer creation options
  bool overwrite = false;
};

/// Writes polygons with the fields of ObjectAttributes. Temporary name until `finish`; destroyed before, it
/// leaves nothing.
class VectorWriter {
 public:
  virtual ~VectorWriter() = default;
  virtual void add(const geo::Polygon& polygon, const ObjectAttributes& attributes) = 0;
  virtual void finish() = 0;
  virtual std::int64_t count() const = 0;
};

/// @throws Error (already_exists, unwritable, bad_argument)
std::unique_ptr<VectorWriter> make_ogr_writer(const std::string& path,
                                              const geo::Crs& crs,
                                              const VectorWriterOptions& options);

/// The QML style document of a layer: one category a class, outline strong, fill faint. Class names are
/// escaped.
std::string qml_style(const std::vector<StyleClass>& classes);

}  // namespace scarp::vector
