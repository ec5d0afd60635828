// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_metadata_gdal.h"

#include <cpl_string.h>
#include <ogrsf_frmts.h>

#include "geo/error.h"
#include "geo/gdal_messages.h"

namespace scarp::pipelines {
namespace {

constexpr const char* kProvenanceTable = "scarp_provenance";

}  // namespace

FileFacts read_raster_facts(const std::string& path) {
  geo::ensure_gdal();
  const geo::GdalMessages messages;
  const GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY));
  if (!dataset || dataset->GetRasterCount() < 1) {
    throw geo::Error(geo::Fault::unreadable,
                     path + " is not a raster that can be read" + messages.as_reason());
  }
  FileFacts facts;
  for (CSLConstList item = dataset->GetMetadata(); item != nullptr && *item != nullptr; ++item) {
    char* key = nullptr;
    const char* value = CPLParseNameValue(*item, &key);
    if (key != nullptr && value != nullptr) facts.metadata[key] = value;
    CPLFree(key);
  }
  GDALRasterBand& band = *dataset->GetRasterBand(1);
  facts.scale = band.GetScale();
  facts.offset = band.GetOffset();
  facts.scaled = facts.scale != 1 || facts.offset != 0;
  return facts;
}

FileFacts read_vector_facts(const std::string& file) {
  geo::ensure_gdal();
  const geo::GdalMessages messages;
  const GDALDatasetUniquePtr dataset(GDALDataset::Open(file.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY));
  OGRLayer* table = dataset ? dataset->GetLayerByName(kProvenanceTable) : nullptr;
  FileFacts facts;
  if (table == nullptr) return facts;
  const int key = table->GetLayerDefn()->GetFieldIndex("key");
  const int value = table->GetLayerDefn()->GetFieldIndex("value");
  if (key < 0 || value < 0) return facts;
  for (const OGRFeatureUniquePtr& row : *table) {
    facts.metadata[row->GetFieldAsString(key)] = row->GetFieldAsString(value);
  }
  return facts;
}

}  // namespace scarp::pipelines
