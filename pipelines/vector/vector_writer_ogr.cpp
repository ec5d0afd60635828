// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <gdal_priv.h>
#include <nlohmann/json.hpp>
#include <ogrsf_frmts.h>

#include "pipelines/vector/attribute_fields_ogr.h"
#include "pipelines/vector/clean_text.h"
#include "pipelines/vector/error.h"
#include "pipelines/vector/error_scope_gdal.h"
#include "pipelines/vector/geopackage_finish.h"
#include "pipelines/vector/partial_file.h"
#include "pipelines/vector/vector_format_gdal.h"
#include "pipelines/vector/vector_writer.h"

namespace scarp::vector {
namespace {

constexpr const char* kGeometryColumn = "geom";

bool is(GDALDriver& driver, const char* name) {
  return EQUAL(driver.GetDescription(), name);
}

/// GeoJSON is in longitude and latitude of WGS 84 (RFC 7946, section 4), which are places on Earth.
void require_earth(const geo::Crs& crs, const std::string& path) {
  constexpr double kEarthRadiusM = 6.37e6;
  const bool earth = std::abs(crs.ellipsoid().semi_major_m / kEarthRadiusM - 1) < 0.01;
  if (crs.known() && earth) return;
  throw Error(
      Fault::bad_argument,
      fmt::format(
          "'{}' cannot be GeoJSON, which knows WGS 84 on Earth only: the polygons are in '{}'; write a "
          "GeoPackage (.gpkg) or FlatGeobuf (.fgb)",
          path, crs.name()));
}

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
  if (!layer.empty() && !(reserved && is(driver, "GPKG"))) return;
  throw Error(Fault::bad_argument, fmt::format("a layer of a {} cannot be named '{}'; choose another name",
                                               driver.GetDescription(), layer));
}

/// Text of others' making as every format can hold it.
VectorWriterOptions cleaned(VectorWriterOptions options) {
  std::map<std::string, std::string> provenance;
  for (const auto& [key, value] : options.provenance) provenance[clean_text(key)] = clean_text(value);
  options.provenance = std::move(provenance);
  return options;
}

/// What the user gives goes before what Scarp would choose.
CPLStringList layer_options(GDALDriver& driver, const VectorWriterOptions& options) {
  CPLStringList list;
  if (is(driver, "GPKG")) {
    list.SetNameValue("GEOMETRY_NAME", kGeometryColumn);
    list.SetNameValue("SPATIAL_INDEX", "YES");
  }
  if (is(driver, "GeoJSON")) list.SetNameValue("RFC7946", "YES");
  if (is(driver, "ESRI Shapefile")) list.SetNameValue("ENCODING", "UTF-8");
  if (!is(driver, "GPKG") && !options.provenance.empty() && has_layer_option(driver, "DESCRIPTION")) {
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

/// For a dataset that is given up: what fails in closing it is of no interest, and must not be printed.
struct CloseQuietly {
  void operator()(GDALDataset* dataset) const {
    const GdalErrorScope errors;
    GDALClose(dataset);
  }
};

class OgrWriter final : public VectorWriter {
 public:
  OgrWriter(const std::string& path, const geo::Crs& crs, const VectorWriterOptions& options)
      : target_(path),
        options_(cleaned(options)),
        driver_(vector_driver(path, options.format)),
        file_(path, options.overwrite) {
    if (is(driver_, "GeoJSON")) require_earth(crs, path);
    require_layer_name(driver_, options.layer);
    if (is(driver_, "GPKG") && options.overwrite) settle_geopackage(path);
    const CPLStringList creation = layer_options(driver_, options_);
    const GdalErrorScope errors([this] { return file_.no_room(); });
    dataset_.reset(driver_.Create(file_.path().c_str(), 0, 0, 0, GDT_Unknown, nullptr));
    if (!dataset_) fail("created", errors);
    create_layer(crs, creation, errors);
  }

  void add(const geo::Polygon& polygon, const ObjectAttributes& attributes) override {
    require_open();
    const GdalErrorScope errors([this] { return file_.no_room(); });
    const OGRFeatureUniquePtr feature(OGRFeature::CreateFeature(layer_->GetLayerDefn()));
    set_polygon(*feature, polygon);
    set_attribute_fields(*feature, attributes);
    if (layer_->CreateFeature(feature.get()) != OGRERR_NONE || errors.failed()) fail("written", errors);
    ++count_;
  }

  void finish() override {
    require_open();
    close();
    if (is(driver_, "GPKG")) add_geopackage_extras();
    require_readable();
    if (is(driver_, "GPKG") && options_.overwrite) settle_geopackage(target_);
    file_.publish();
  }

  std::int64_t count() const override { return count_; }

 private:
  void create_layer(const geo::Crs& crs, const CPLStringList& creation, const GdalErrorScope& errors) {
    OGRSpatialReference reference;
    reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
    if (crs.known() && reference.importFromWkt(crs.wkt().c_str()) != OGRERR_NONE) fail("created", errors);
    CPLStringList copy(creation);
    layer_ = dataset_->CreateLayer(options_.layer.c_str(), crs.known() ? &reference : nullptr, wkbPolygon,
                                   copy.List());
    if (layer_ == nullptr || !create_attribute_fields(*layer_)) fail("created", errors);
    geometry_column_ = layer_->GetGeometryColumn();
    const bool transactions = dataset_->TestCapability(ODsCTransactions) != FALSE;
    if (transactions && dataset_->StartTransaction() != OGRERR_NONE) fail("created", errors);
  }

  void require_open() const {
    if (dataset_) return;
    throw Error(Fault::bad_argument,
                fmt::format("'{}' has been finished: nothing can be added to it", target_));
  }

  void close() {
    const GdalErrorScope errors([this] { return file_.no_room(); });
    const bool transactions = dataset_->TestCapability(ODsCTransactions) != FALSE;
    const bool committed = !transactions || dataset_->CommitTransaction() == OGRERR_NONE;
    GDALClose(dataset_.release());
    layer_ = nullptr;
    if (!committed || errors.failed()) fail("closed", errors);
  }

  void add_geopackage_extras() const {
    try {
      finish_geopackage(file_.path(),
                        {options_.layer, geometry_column_, qml_style(options_.classes), options_.provenance});
    } catch (const Error& error) {
      if (file_.no_room()) throw Error(Fault::out_of_space, error.what());
      throw;
    }
  }

  /// Drivers do not report every failed write: what is on the disk is read again before it gets its name.
  void require_readable() const {
    if (driver_.GetMetadataItem(GDAL_DCAP_OPEN) == nullptr) return;
    const GdalErrorScope errors([this] { return file_.no_room(); });
    const char* const only_this_driver[] = {driver_.GetDescription(), nullptr};
    const GDALDatasetUniquePtr written(
        GDALDataset::Open(file_.path().c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY, only_this_driver));
    OGRLayer* layer = written ? written->GetLayer(0) : nullptr;
    std::int64_t found = 0;
    if (layer != nullptr) {
      for (const auto& feature : *layer) found += feature->GetGeometryRef() != nullptr ? 1 : 0;
    }
    if (layer != nullptr && found == count_ && !errors.failed()) return;
    throw Error(
        file_.no_room() ? Fault::out_of_space : Fault::unwritable,
        fmt::format(
            "'{}' was not written completely: {} of {} polygons can be read again ({}); free some space or "
            "choose another disk",
            target_, found, count_, errors.text()));
  }

  [[noreturn]] void fail(const char* what, const GdalErrorScope& errors) const {
    const bool full =
        errors.no_room() || file_.no_room() || errors.text().find("is full") != std::string::npos;
    throw Error(full ? Fault::out_of_space : Fault::unwritable,
                fmt::format("'{}' cannot be {} as {} ({}); {}", target_, what, driver_.GetDescription(),
                            errors.text(),
                            full ? "free some space or choose another disk"
                                 : "check the disk, the folder and the creation options"));
  }

  std::string target_;
  VectorWriterOptions options_;
  GDALDriver& driver_;
  PartialFile file_;  ///< before the dataset, which is closed first
  std::unique_ptr<GDALDataset, CloseQuietly> dataset_;
  OGRLayer* layer_ = nullptr;
  std::string geometry_column_;
  std::int64_t count_ = 0;
};

}  // namespace

std::unique_ptr<VectorWriter> make_ogr_writer(const std::string& path,
                                              const geo::Crs& crs,
                                              const VectorWriterOptions& options) {
  return std::make_unique<OgrWriter>(path, crs, options);
}

}  // namespace scarp::vector
