// SPDX-License-Identifier: Apache-2.0
#include "geo/feature_file_gdal.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>
#include <string_view>

#include <cpl_string.h>
#include <cpl_vsi.h>
#include <ogrsf_frmts.h>

#include "geo/error.h"
#include "geo/gdal_messages.h"
#include "geo/ogr_polygons_gdal.h"
#include "geo/output_file.h"

namespace scarp::geo {
namespace {

struct CloseVector {
  void operator()(GDALDataset* dataset) const { GDALClose(dataset); }
};
using VectorDataset = std::unique_ptr<GDALDataset, CloseVector>;

VectorDataset open_vector(const std::string& file) {
  ensure_gdal();
  const GdalMessages messages;
  VectorDataset dataset(
      GDALDataset::Open(file.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR));
  if (dataset) return dataset;
  VSIStatBufL status;
  if (VSIStatExL(file.c_str(), &status, VSI_STAT_EXISTS_FLAG) != 0) {
    throw Error(Fault::missing_file, file + ": there is no such file; check the path");
  }
  throw Error(Fault::unreadable, file + " is not a vector file that can be read" + messages.as_reason() +
                                     "; check with ogrinfo that it is a whole file of a supported format");
}

std::vector<std::string> names_of(GDALDataset& dataset) {
  std::vector<std::string> names;
  for (int i = 0; i < dataset.GetLayerCount(); ++i) names.emplace_back(dataset.GetLayer(i)->GetName());
  return names;
}

OGRLayer& layer_of(GDALDataset& dataset, const LayerPath& path) {
  OGRLayer* layer = path.layer.empty() ? dataset.GetLayer(0) : dataset.GetLayerByName(path.layer.c_str());
  if (layer != nullptr) return *layer;
  std::string known;
  for (const std::string& name : names_of(dataset)) known += (known.empty() ? "" : ", ") + name;
  throw Error(Fault::unreadable, path.file + " has no layer " +
                                     (path.layer.empty() ? "at all" : "\"" + path.layer + "\"") +
                                     "; it has " + (known.empty() ? "none" : known));
}

/// A GeoPackage has two entries of its own that stand for "not known".
bool is_placeholder(const OGRSpatialReference& reference) {
  const char* name = reference.GetName();
  return name != nullptr && std::string_view(name).starts_with("Undefined ");
}

Crs crs_of(OGRLayer& layer) {
  const OGRSpatialReference* reference = layer.GetSpatialRef();
  if (reference == nullptr || reference->IsEmpty() || is_placeholder(*reference)) return {};
  char* text = nullptr;
  const char* const options[] = {"FORMAT=WKT2_2019", nullptr};
  reference->exportToWkt(&text, options);
  const std::string wkt = text != nullptr ? text : "";
  CPLFree(text);
  return wkt.empty() ? Crs() : Crs::from_user_input(wkt);
}

void transform_ring(Ring& ring, const MapTransform& transform, const std::string& what) {
  std::vector<double> x;
  std::vector<double> y;
  for (const MapPoint& point : ring) {
    x.push_back(point.x);
    y.push_back(point.y);
  }
  transform.apply(x, y);
  for (std::size_t i = 0; i < ring.size(); ++i) {
    if (!(x[i] == x[i]) || !(y[i] == y[i])) {
      throw Error(Fault::unreadable,
                  what + " has a point (" + std::to_string(ring[i].x) + ", " + std::to_string(ring[i].y) +
                      ") that lies outside the other coordinate reference system; check the layer's CRS");
    }
    ring[i] = {x[i], y[i]};
  }
}

/// The first field that a class name may stand in.
int name_field(const OGRFeatureDefn& definition) {
  const int index = definition.GetFieldIndex("class");
  return index >= 0 ? index : definition.GetFieldIndex("class_name");
}

Feature feature_of(const OGRFeature& source, const std::string& where) {
  const std::string what = where + ", feature " + std::to_string(source.GetFID());
  Feature feature;
  feature.parts = polygons_of(*source.GetGeometryRef(), what);
  const int id = source.GetDefnRef()->GetFieldIndex("class_id");
  if (id >= 0 && source.IsFieldSetAndNotNull(id)) feature.class_id = source.GetFieldAsInteger(id);
  const int name = name_field(*source.GetDefnRef());
  if (name >= 0 && source.IsFieldSetAndNotNull(name)) feature.class_name = source.GetFieldAsString(name);
  return feature;
}

void write_layer(GDALDataset& dataset, const FeatureLayer& layer, const std::string& file) {
  const GdalMessages messages;
  errno = 0;
  OGRSpatialReference reference;
  reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  if (layer.crs.known()) reference.importFromWkt(layer.crs.wkt().c_str());
  const bool multiple = std::any_of(layer.features.begin(), layer.features.end(),
                                    [](const Feature& feature) { return feature.parts.size() != 1; });
  OGRLayer* target = dataset.CreateLayer(layer.name.c_str(), layer.crs.known() ? &reference : nullptr,
                                         multiple ? wkbMultiPolygon : wkbPolygon, nullptr);
  if (target == nullptr) refuse_write(file, messages, errno);
  OGRFieldDefn id("class_id", OFTInteger);
  OGRFieldDefn name("class", OFTString);
  if (target->CreateField(&id) != OGRERR_NONE || target->CreateField(&name) != OGRERR_NONE)
    refuse_write(file, messages, errno);
  for (const Feature& feature : layer.features) {
    OGRFeature made(target->GetLayerDefn());
    made.SetField("class_id", feature.class_id);
    if (!feature.class_name.empty()) made.SetField("class", feature.class_name.c_str());
    made.SetGeometryDirectly(geometry_of(feature, multiple).release());
    if (target->CreateFeature(&made) != OGRERR_NONE) refuse_write(file, messages, errno);
  }
}

}  // namespace

LayerPath parse_layer_path(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) return {text, ""};
  const bool drive = colon == 1 && std::isalpha(static_cast<unsigned char>(text[0])) != 0;
  // A colon before a slash belongs to the path: a drive letter, a URL, a folder's name.
  const bool in_path = text.find_first_of("/\\", colon) != std::string::npos;
  if (drive || in_path) return {text, ""};
  // A port or the like cannot come last; yet a file may really be called that.
  VSIStatBufL status;
  ensure_gdal();
  if (VSIStatExL(text.c_str(), &status, VSI_STAT_EXISTS_FLAG) == 0) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::vector<std::string> layer_names(const std::string& file) {
  return names_of(*open_vector(file));
}

FeatureLayer read_features(const LayerPath& path, const Crs& target) {
  const VectorDataset dataset = open_vector(path.file);
  OGRLayer& source = layer_of(*dataset, path);
  FeatureLayer layer;
  layer.name = source.GetName();
  layer.crs = crs_of(source);
  const std::string where = path.file + ", layer " + layer.name;
  if (target.known() && !layer.crs.known()) {
    throw Error(Fault::missing_crs, where +
                                        " has no coordinate reference system, so it cannot be brought to " +
                                        target.name() + "; assign one, e.g. with ogr2ogr -a_srs");
  }
  const GdalMessages messages;
  for (const OGRFeatureUniquePtr& feature : source) {
    const OGRGeometry* geometry = feature->GetGeometryRef();
    if (geometry != nullptr && geometry->IsEmpty() == 0)
      layer.features.push_back(feature_of(*feature, where));
  }
  if (messages.failed()) {
    throw Error(Fault::unreadable, where + " cannot be read to its end" + messages.as_reason() +
                                       "; copy the file again from its source");
  }
  if (!target.known()) return layer;
  if (target == layer.crs) {
    layer.crs = target;  // the same words: later comparisons need not ask PROJ
    return layer;
  }
  const MapTransform transform(layer.crs, target);
  for (Feature& feature : layer.features) {
    for (Polygon& polygon : feature.parts) {
      transform_ring(polygon.outer, transform, where);
      for (Ring& hole : polygon.holes) transform_ring(hole, transform, where);
    }
  }
  layer.crs = target;
  return layer;
}

void write_features(const std::string& file, std::span<const FeatureLayer> layers, bool overwrite) {
  OutputFile output(file, overwrite);
  ensure_gdal();
  const GdalMessages messages;
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("GPKG");
  if (driver == nullptr)
    throw Error(Fault::unwritable, "this GDAL cannot write GeoPackages; install one with SQLite");
  errno = 0;
  VectorDataset dataset(driver->Create(output.temporary().c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  if (!dataset || dataset->StartTransaction() != OGRERR_NONE) refuse_write(file, messages, errno);
  for (const FeatureLayer& layer : layers) write_layer(*dataset, layer, file);
  if (dataset->CommitTransaction() != OGRERR_NONE) refuse_write(file, messages, errno);
  dataset.reset();
  if (messages.failed()) refuse_write(file, messages, errno);
  output.commit();
}

}  // namespace scarp::geo
