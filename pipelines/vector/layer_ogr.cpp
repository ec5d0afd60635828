// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/layer_ogr.h"

#include <utility>

#include <fmt/format.h>
#include <gdal_priv.h>
#include <nlohmann/json.hpp>
#include <ogrsf_frmts.h>

#include "pipelines/vector/attribute_fields_ogr.h"
#include "pipelines/vector/error.h"
#include "pipelines/vector/vector_format_gdal.h"

namespace scarp::vector {
namespace {

constexpr const char* kGeometryColumn = "geom";

/// GDAL would drop a misspelt option with a warning.
void require_known(GDALDriver& driver, const std::string& key) {
  if (has_layer_option(driver, key)) return;
  throw Error(Fault::bad_argument,
              fmt::format("{} has no layer creation option '{}'; it knows: {}", driver.GetDescription(), key,
                          fmt::join(layer_option_names(driver), ", ")));
}

/// Names that the format or this writer keeps for tables of its own.
void require_layer_name(GDALDriver& driver, const std::string& layer) {
  const bool reserved = layer == "layer_styles" || layer == "scarp_provenance" ||
                        layer.starts_with("gpkg_") || layer.starts_with("sqlite_") ||
                        layer.starts_with("rtree_");
  if (!layer.empty() && !(reserved && is_driver(driver, "GPKG"))) return;
  throw Error(Fault::bad_argument, fmt::format("a layer of a {} cannot be named '{}'; choose another name",
                                               driver.GetDescription(), layer));
}

/// What the user gives goes before what Scarp would choose.
CPLStringList layer_options(GDALDriver& driver, const VectorWriterOptions& options) {
  CPLStringList list;
  if (is_driver(driver, "GPKG")) {
    list.SetNameValue("GEOMETRY_NAME", kGeometryColumn);
    list.SetNameValue("SPATIAL_INDEX", "YES");
  }
  if (is_driver(driver, "GeoJSON")) list.SetNameValue("RFC7946", "YES");
  if (is_driver(driver, "ESRI Shapefile")) list.SetNameValue("ENCODING", "UTF-8");
  if (!is_driver(driver, "GPKG") && !options.provenance.empty() && has_layer_option(driver, "DESCRIPTION")) {
    list.SetNameValue("DESCRIPTION", nlohmann::json(options.provenance).dump().c_str());
  }
  for (const std::string& option : options.creation) {
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(Fault::bad_argument, fmt::format("the creation option '{}' is not KEY=VALUE", option));
    }
    require_known(driver, option.substr(0, equals));
    list.SetNameValue(option.substr(0, equals).c_str(), option.substr(equals + 1).c_str());
  }
  return list;
}

}  // namespace

bool is_driver(GDALDriver& driver, const char* name) {
  return EQUAL(driver.GetDescription(), name);
}

void CloseQuietly::operator()(GDALDataset* dataset) const {
  const GdalErrorScope errors;
  GDALClose(dataset);
}

NewLayer::NewLayer(std::string target,
                   const PartialFile& file,
                   GDALDriver& driver,
                   const geo::Crs& crs,
                   const VectorWriterOptions& options)
    : target_(std::move(target)), file_(file), driver_(driver) {
  require_layer_name(driver, options.layer);
  CPLStringList creation = layer_options(driver, options);
  const GdalErrorScope scope = errors();
  dataset_.reset(driver.Create(file.path().c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  if (!dataset_) fail("created", scope);
  OGRSpatialReference reference;
  reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  if (crs.known() && reference.importFromWkt(crs.wkt().c_str()) != OGRERR_NONE) fail("created", scope);
  layer_ = dataset_->CreateLayer(options.layer.c_str(), crs.known() ? &reference : nullptr,
                                 options.several_parts ? wkbMultiPolygon : wkbPolygon, creation.List());
  if (layer_ == nullptr || !create_attribute_fields(*layer_)) fail("created", scope);
}

GdalErrorScope NewLayer::errors() const {
  return GdalErrorScope([this] { return file_.no_room(); });
}

void NewLayer::close() {
  const GdalErrorScope scope = errors();
  layer_ = nullptr;
  GDALClose(dataset_.release());
  if (scope.failed()) fail("closed", scope);
}

void NewLayer::fail(const char* what, const GdalErrorScope& errors) const {
  const bool full = errors.no_room() || file_.no_room() || errors.text().find("is full") != std::string::npos;
  throw Error(
      full ? Fault::out_of_space : Fault::unwritable,
      fmt::format("'{}' cannot be {} as {} ({}); {}", target_, what, driver_.GetDescription(), errors.text(),
                  full ? "free some space or choose another disk"
                       : "check the disk, the folder and the creation options"));
}

}  // namespace scarp::vector
