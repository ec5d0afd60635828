// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/vector_format_gdal.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>
#include <vector>

#include <cpl_minixml.h>
#include <fmt/format.h>
#include <gdal_priv.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

struct KnownEnding {
  const char* ending;
  const char* driver;
};

constexpr std::array<KnownEnding, 6> kKnownEndings = {{{"gpkg", "GPKG"},
                                                       {"fgb", "FlatGeobuf"},
                                                       {"geojson", "GeoJSON"},
                                                       {"json", "GeoJSON"},
                                                       {"shp", "ESRI Shapefile"},
                                                       {"parquet", "Parquet"}}};

std::string ending_of(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  if (!ending.empty()) ending.erase(0, 1);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

std::vector<std::string> endings_of(GDALDriver& driver) {
  // The others that its driver names are parts of a shapefile and archives of them.
  if (EQUAL(driver.GetDescription(), "ESRI Shapefile")) return {"shp"};
  const char* listed = driver.GetMetadataItem(GDAL_DMD_EXTENSIONS);
  std::istringstream words(listed == nullptr ? "" : listed);
  std::vector<std::string> endings;
  for (std::string word; words >> word;) {
    if (word.find('.') == std::string::npos) endings.push_back(word);
  }
  return endings;
}

bool can(GDALDriver& driver, const char* capability) {
  const char* value = driver.GetMetadataItem(capability);
  return value != nullptr && CPLTestBool(value);
}

/// Drivers that write fields and shapes into a file with an ending of its own.
bool writes_files(GDALDriver& driver) {
  return can(driver, GDAL_DCAP_VECTOR) && can(driver, GDAL_DCAP_CREATE) &&
         can(driver, GDAL_DCAP_CREATE_FIELD) && !endings_of(driver).empty();
}

std::string writable_formats() {
  std::vector<std::string> names;
  GDALDriverManager* drivers = GetGDALDriverManager();
  for (int i = 0; i < drivers->GetDriverCount(); ++i) {
    GDALDriver* driver = drivers->GetDriver(i);
    if (writes_files(*driver)) names.emplace_back(driver->GetDescription());
  }
  std::sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string known_endings() {
  std::vector<std::string> known;
  for (const KnownEnding& known_ending : kKnownEndings) {
    if (GetGDALDriverManager()->GetDriverByName(known_ending.driver) == nullptr) continue;
    known.push_back(fmt::format(".{} ({})", known_ending.ending, known_ending.driver));
  }
  return fmt::format("{}", fmt::join(known, ", "));
}

std::string format_of_ending(const std::string& path) {
  const std::string ending = ending_of(path);
  for (const KnownEnding& known : kKnownEndings) {
    if (ending == known.ending) return known.driver;
  }
  throw Error(
      Fault::bad_argument,
      fmt::format("the ending of '{}' names no vector format; end it in one of {}, or name the format", path,
                  known_endings()));
}

}  // namespace

GDALDriver& vector_driver(const std::string& path, const std::string& format) {
  GDALAllRegister();
  const std::string name = format.empty() ? format_of_ending(path) : format;
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName(name.c_str());
  if (driver == nullptr || !writes_files(*driver)) {
    throw Error(Fault::bad_argument,
                fmt::format("polygons cannot be written as '{}' by this GDAL; formats that can be: {}", name,
                            writable_formats()));
  }
  const std::vector<std::string> endings = endings_of(*driver);
  if (std::find(endings.begin(), endings.end(), ending_of(path)) == endings.end()) {
    throw Error(Fault::bad_argument,
                fmt::format("'{}' cannot be a {}: the name of such a file ends in .{}", path,
                            driver->GetDescription(), fmt::join(endings, " or .")));
  }
  return *driver;
}

std::string vector_driver_name(const std::string& path, const std::string& format) {
  return vector_driver(path, format).GetDescription();
}

std::vector<std::string> layer_option_names(GDALDriver& driver) {
  const char* listed = driver.GetMetadataItem(GDAL_DS_LAYER_CREATIONOPTIONLIST);
  if (listed == nullptr) return {};
  const CPLXMLTreeCloser list(CPLParseXMLString(listed));
  std::vector<std::string> names;
  const CPLXMLNode* first = list ? list->psChild : nullptr;
  for (const CPLXMLNode* option = first; option != nullptr; option = option->psNext) {
    const char* name = CPLGetXMLValue(option, "name", nullptr);
    if (option->eType == CXT_Element && name != nullptr) names.emplace_back(name);
  }
  return names;
}

bool has_layer_option(GDALDriver& driver, const std::string& name) {
  const std::vector<std::string> names = layer_option_names(driver);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& known) { return EQUAL(known.c_str(), name.c_str()); });
}

}  // namespace scarp::vector
