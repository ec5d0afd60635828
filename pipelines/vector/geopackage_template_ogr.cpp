// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/geopackage_template_ogr.h"

#include <ogrsf_frmts.h>

#include "pipelines/vector/layer_ogr.h"
#include "pipelines/vector/vector_format_gdal.h"

namespace scarp::vector {

std::string make_empty_geopackage(const std::string& target,
                                  const PartialFile& file,
                                  const geo::Crs& crs,
                                  const VectorWriterOptions& options) {
  NewLayer layer(target, file, vector_driver(target, "GPKG"), crs, options);
  std::string geometry = layer.layer()->GetGeometryColumn();
  layer.close();
  return geometry;
}

}  // namespace scarp::vector
