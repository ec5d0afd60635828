// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gdal_priv.h>
#include <ogrsf_frmts.h>

#include "pipelines/vector/attribute_fields_ogr.h"
#include "pipelines/vector/error.h"
#include "pipelines/vector/geojson_places.h"
#include "pipelines/vector/geopackage_finish.h"
#include "pipelines/vector/layer_ogr.h"
#include "pipelines/vector/shapefile_room.h"
#include "pipelines/vector/vector_format_gdal.h"
#include "pipelines/vector/writer_checks.h"

namespace scarp::vector {
namespace {

/// Bytes of a row in the table of a shapefile: each field has its width, behind a mark of deletion.
std::uint64_t table_row_bytes(OGRLayer& layer) {
  std::uint64_t bytes = 1;
  for (int i = 0; i < layer.GetLayerDefn()->GetFieldCount(); ++i) {
    bytes += static_cast<std::uint64_t>(layer.GetLayerDefn()->GetFieldDefn(i)->GetWidth());
  }
  return bytes;
}

class OgrWriter final : public VectorWriter {
 public:
  OgrWriter(const std::string& path, const geo::Crs& crs, const VectorWriterOptions& options)
      : target_(path),
        options_(cleaned(options)),
        driver_(vector_driver(path, options.format)),
        file_(path, options.overwrite) {
    if (is_driver(driver_, "GPKG") && options.overwrite) settle_geopackage(path);
    geo::Crs written = crs;
    if (is_driver(driver_, "GeoJSON") && !geojson_transforms(crs, path)) {
      degrees_.emplace(crs, options_);
      written = {};
    }
    output_.emplace(path, file_, driver_, written, options_);
    if (is_driver(driver_, "ESRI Shapefile")) room_.emplace(path, table_row_bytes(*output_->layer()));
    geometry_column_ = output_->layer()->GetGeometryColumn();
    const GdalErrorScope errors = output_->errors();
    if (transactions() && output_->dataset()->StartTransaction() != OGRERR_NONE) {
      output_->fail("created", errors);
    }
  }

  using VectorWriter::add;
  void add(const ShapeView& shape, const ObjectAttributes& attributes) override {
    require_open(output_.has_value(), target_);
    require_parts(shape, options_.several_parts, target_);
    if (room_) room_->take(shape);
    OGRLayer& layer = *output_->layer();
    const GdalErrorScope errors = output_->errors();
    const OGRFeatureUniquePtr feature(OGRFeature::CreateFeature(layer.GetLayerDefn()));
    set_shape(*feature, degrees_ ? degrees_->of(shape) : shape, options_.several_parts);
    set_attribute_fields(*feature, values_, attributes);
    if (layer.CreateFeature(feature.get()) != OGRERR_NONE || errors.failed()) {
      output_->fail("written", errors);
    }
    ++count_;
  }

  void finish() override {
    require_open(output_.has_value(), target_);
    close();
    if (is_driver(driver_, "GPKG")) finish_package();
    require_readable();
    if (is_driver(driver_, "GPKG") && options_.overwrite) settle_geopackage(target_);
    file_.publish();
  }

  std::int64_t count() const override { return count_; }

 private:
  bool transactions() const { return output_->dataset()->TestCapability(ODsCTransactions) != FALSE; }

  void close() {
    const GdalErrorScope errors = output_->errors();
    if (transactions() && output_->dataset()->CommitTransaction() != OGRERR_NONE) {
      output_->fail("closed", errors);
    }
    output_->close();
    output_.reset();
  }

  void finish_package() const {
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

  std::string target_;
  VectorWriterOptions options_;
  GDALDriver& driver_;
  PartialFile file_;                      ///< before the dataset, which is closed first
  std::optional<NewLayer> output_;        ///< empty once finished
  std::optional<PlanetDegrees> degrees_;  ///< for GeoJSON of another planet
  std::optional<ShapefileRoom> room_;     ///< of a shapefile
  AttributeValues values_;
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
