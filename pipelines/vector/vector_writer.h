// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "geo/crs.h"
#include "pipelines/vector/attributes.h"
#include "pipelines/vector/shape.h"

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
  bool several_parts = false;                     ///< the layer holds multipolygons (8-connected objects)
  std::vector<StyleClass> classes;                ///< for the style that QGIS loads by itself
  std::map<std::string, std::string> provenance;  ///< model, version, device, precision, inputs: written into
                                                  ///< the file where the format has a place
  std::vector<std::string> creation;              ///< KEY=VALUE layer creation options
  bool overwrite = false;
  std::optional<std::size_t> memory_bytes;  ///< of polygons that wait for the index of a FlatGeobuf; 128 MiB
};

/// Writes polygons with the fields of ObjectAttributes. Temporary name until `finish`; destroyed before, it
/// leaves nothing. The same polygons make the same file, byte for byte: no clock is written into it.
class VectorWriter {
 public:
  virtual ~VectorWriter() = default;
  /// @throws Error (bad_argument) if a shape has not just one part and the layer does not hold several,
  ///         (unwritable, out_of_space)
  virtual void add(const ShapeView& shape, const ObjectAttributes& attributes) = 0;
  void add(const geo::Polygon& polygon, const ObjectAttributes& attributes);
  /// @throws Error (already_exists, unwritable, out_of_space)
  virtual void finish() = 0;
  virtual std::int64_t count() const = 0;

 private:
  Shape flat_;
};

/// The writer that serves the format best: GeoPackage and FlatGeobuf are written directly, others by OGR.
/// @throws Error (already_exists, unwritable, bad_argument)
std::unique_ptr<VectorWriter> make_vector_writer(const std::string& path,
                                                 const geo::Crs& crs,
                                                 const VectorWriterOptions& options);

/// Writes with an OGR driver.
/// @throws Error (already_exists, unwritable, bad_argument)
std::unique_ptr<VectorWriter> make_ogr_writer(const std::string& path,
                                              const geo::Crs& crs,
                                              const VectorWriterOptions& options);

/// Writes a GeoPackage: OGR makes the empty layer, so that its tables and creation options are GDAL's own;
/// rows, geometry blobs and the nodes of the spatial index are written with SQLite.
/// @throws Error (already_exists, unwritable, bad_argument)
std::unique_ptr<VectorWriter> make_geopackage_writer(const std::string& path,
                                                     const geo::Crs& crs,
                                                     const VectorWriterOptions& options);

/// Writes a FlatGeobuf with its packed Hilbert R-tree, features along the curve.
/// @param options  without layer creation options
/// @throws Error (already_exists, unwritable, out_of_space)
std::unique_ptr<VectorWriter> make_flatgeobuf_writer(const std::string& path,
                                                     const geo::Crs& crs,
                                                     const VectorWriterOptions& options);

/// The QML style document of a layer: one category a class, outline strong, fill faint. Class names are
/// escaped.
std::string qml_style(const std::vector<StyleClass>& classes);

}  // namespace scarp::vector
