// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/vector_writer.h"

#include <utility>

#include <fmt/format.h>

#include "pipelines/vector/clean_text.h"
#include "pipelines/vector/error.h"
#include "pipelines/vector/vector_format_gdal.h"
#include "pipelines/vector/writer_checks.h"

namespace scarp::vector {

VectorWriterOptions cleaned(VectorWriterOptions options) {
  std::map<std::string, std::string> provenance;
  for (const auto& [key, value] : options.provenance) provenance[clean_text(key)] = clean_text(value);
  options.provenance = std::move(provenance);
  return options;
}

void require_open(bool open, const std::string& target) {
  if (open) return;
  throw Error(Fault::bad_argument, fmt::format("'{}' has been finished: nothing can be added to it", target));
}

void require_parts(const ShapeView& shape, bool several_parts, const std::string& target) {
  if (shape.points.empty() || shape.part_ends.empty()) {
    throw Error(Fault::bad_argument,
                fmt::format("a shape without points cannot be written into '{}'; leave it out", target));
  }
  if (several_parts || shape.part_ends.size() == 1) return;
  throw Error(
      Fault::bad_argument,
      fmt::format("an object of {} parts cannot be written into '{}', a layer of polygons; make it one "
                  "of multipolygons",
                  shape.part_ends.size(), target));
}

void VectorWriter::add(const geo::Polygon& polygon, const ObjectAttributes& attributes) {
  flat_.clear();
  flat_.add_part(polygon);
  add(flat_.view(), attributes);
}

std::unique_ptr<VectorWriter> make_vector_writer(const std::string& path,
                                                 const geo::Crs& crs,
                                                 const VectorWriterOptions& options) {
  const std::string driver = vector_driver_name(path, options.format);
  if (driver == "GPKG") return make_geopackage_writer(path, crs, options);
  // Its creation options are those of GDAL's driver.
  if (driver == "FlatGeobuf" && options.creation.empty()) return make_flatgeobuf_writer(path, crs, options);
  return make_ogr_writer(path, crs, options);
}

}  // namespace scarp::vector
