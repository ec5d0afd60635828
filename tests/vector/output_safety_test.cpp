// SPDX-License-Identifier: Apache-2.0
// Outputs beside other outputs, other programs and hostile text: nothing of anybody's is lost without a word.
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <cpl_minixml.h>
#include <gdal_priv.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogrsf_frmts.h>

#include "pipelines/vector/clean_text.h"
#include "pipelines/vector/error.h"
#include "pipelines/vector/vector_writer.h"
#include "tests/support/test_files.h"
#include "tests/vector/written_samples.h"

namespace scarp::vector {
namespace {

using test::TempFolder;
using testing::HasSubstr;

geo::Crs zone_32() {
  return geo::Crs::from_user_input("EPSG:32632");
}

void add_square(VectorWriter& writer, const std::string& class_name = "slide") {
  ObjectAttributes attributes;
  attributes.class_id = 1;
  attributes.class_name = class_name;
  const geo::Ring outer = {
      {500000, 5000000}, {500010, 5000000}, {500010, 5000010}, {500000, 5000010}, {500000, 5000000}};
  writer.add(geo::Polygon{outer, {}}, attributes);
}

void write_one(const std::string& path, const VectorWriterOptions& options = {}) {
  const auto writer = make_vector_writer(path, zone_32(), options);
  add_square(*writer, options.classes.empty() ? "slide" : options.classes.front().name);
  writer->finish();
}

GDALDatasetUniquePtr open_file(const std::string& path, unsigned access = GDAL_OF_READONLY) {
  GDALAllRegister();
  return GDALDatasetUniquePtr(GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR | access));
}

/// The GeoPackage as another program has it: open, in write-ahead mode, with an edit that lies in the journal
/// alone.
GDALDatasetUniquePtr edit_elsewhere(const std::string& path) {
  CPLSetThreadLocalConfigOption("OGR_SQLITE_JOURNAL", "WAL");
  auto dataset = open_file(path, GDAL_OF_UPDATE);
  CPLSetThreadLocalConfigOption("OGR_SQLITE_JOURNAL", nullptr);
  dataset->ExecuteSQL("UPDATE landslides SET class = 'reviewed'", nullptr, nullptr);
  return dataset;
}

TEST(OutputsOfOneStem, AreWrittenAtOnceWithoutTouchingEachOther) {
  const TempFolder folder;
  const auto package = make_vector_writer(folder.file("slides.gpkg"), zone_32(), {});
  add_square(*package);
  const auto json = make_vector_writer(folder.file("slides.geojson"), zone_32(), {});
  add_square(*json);
  json->finish();
  add_square(*package);
  EXPECT_FALSE(std::filesystem::exists(folder.file("slides.gpkg"))) << "published by another writer";
  package->finish();
  EXPECT_EQ(open_file(folder.file("slides.gpkg"))->GetLayer(0)->GetFeatureCount(), 2);
  EXPECT_EQ(open_file(folder.file("slides.geojson"))->GetLayer(0)->GetFeatureCount(), 1);
  EXPECT_EQ(folder.entries(), 2);
}

TEST(OutputsOfOneName, TheSecondToFinishIsRefusedAndTheFirstKept) {
  const TempFolder folder;
  const auto first = make_vector_writer(folder.file("slides.gpkg"), zone_32(), {});
  const auto second = make_vector_writer(folder.file("slides.gpkg"), zone_32(), {});
  add_square(*first);
  first->finish();
  expect_error([&] { second->finish(); }, Fault::already_exists, "exists already");
  EXPECT_EQ(open_file(folder.file("slides.gpkg"))->GetLayer(0)->GetFeatureCount(), 1);
}

TEST(OpenGeoPackage, IsNotOverwrittenAndKeepsItsEdits) {
  const TempFolder folder;
  const std::string path = folder.file("slides.gpkg");
  write_one(path);
  VectorWriterOptions options;
  options.overwrite = true;
  {
    const auto elsewhere = edit_elsewhere(path);
    ASSERT_TRUE(std::filesystem::exists(path + "-wal")) << "the test needs a journal ahead";
    expect_error([&] { write_one(path, options); }, Fault::unwritable, "another program has it open");
  }
  EXPECT_EQ(sql_value(*open_file(path), "SELECT class FROM landslides"), "reviewed");
}

TEST(OpenGeoPackage, ThatIsOpenedDuringTheRunIsNotReplacedEither) {
  const TempFolder folder;
  const std::string path = folder.file("slides.gpkg");
  write_one(path);
  VectorWriterOptions options;
  options.overwrite = true;
  {
    const auto writer = make_vector_writer(path, zone_32(), options);
    const auto elsewhere = edit_elsewhere(path);
    expect_error([&] { writer->finish(); }, Fault::unwritable, "close it there");
  }
  EXPECT_EQ(sql_value(*open_file(path), "SELECT class FROM landslides"), "reviewed");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(OpenGeoPackage, ThatIsBeingEditedElsewhereIsNotReplaced) {
  const TempFolder folder;
  const std::string path = folder.file("slides.gpkg");
  write_one(path);
  VectorWriterOptions options;
  options.overwrite = true;
  {
    const auto elsewhere = open_file(path, GDAL_OF_UPDATE);
    ASSERT_EQ(elsewhere->StartTransaction(), OGRERR_NONE);
    elsewhere->ExecuteSQL("UPDATE landslides SET class = 'reviewed'", nullptr, nullptr);
    ASSERT_TRUE(std::filesystem::exists(path + "-journal")) << "the test needs a transaction under way";
    expect_error([&] { write_one(path, options); }, Fault::unwritable, "another program has it open");
    ASSERT_EQ(elsewhere->CommitTransaction(), OGRERR_NONE);
  }
  EXPECT_EQ(sql_value(*open_file(path), "SELECT class FROM landslides"), "reviewed");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(OpenGeoPackage, IsOverwrittenOnceItIsClosed) {
  const TempFolder folder;
  const std::string path = folder.file("slides.gpkg");
  write_one(path);
  edit_elsewhere(path).reset();
  VectorWriterOptions options;
  options.overwrite = true;
  write_one(path, options);
  EXPECT_EQ(sql_value(*open_file(path), "SELECT class FROM landslides"), "slide");
  EXPECT_EQ(folder.entries(), 1);
}

TEST(CreationOptions, MisspeltOnesAreRefusedWithThoseThatAreKnown) {
  const TempFolder folder;
  VectorWriterOptions options;
  options.creation = {"SPATIAL_INDX=NO"};
  const auto write = [&] { write_one(folder.file("slides.gpkg"), options); };
  expect_error(write, Fault::bad_argument, "GPKG has no layer creation option 'SPATIAL_INDX'");
  expect_error(write, Fault::bad_argument, "SPATIAL_INDEX");
  EXPECT_EQ(folder.entries(), 0);
}

TEST(LayerNames, ThatAreEmptyOrReservedAreRefused) {
  const TempFolder folder;
  for (const char* name :
       {"", "layer_styles", "scarp_provenance", "gpkg_contents", "sqlite_master", "rtree_a_geom"}) {
    VectorWriterOptions options;
    options.layer = name;
    expect_error([&] { write_one(folder.file("slides.gpkg"), options); }, Fault::bad_argument,
                 "choose another name");
  }
  EXPECT_EQ(folder.entries(), 0);
}

TEST(HostileText, ClassNameIsTheSameInTheFieldAndInItsCategory) {
  const TempFolder folder;
  VectorWriterOptions options;
  options.classes = {{1,
                      "a\x01"
                      "b\xff<\"&'>",
                      {255, 0, 0}}};
  write_one(folder.file("slides.gpkg"), options);
  const auto dataset = open_file(folder.file("slides.gpkg"));
  const std::string qml = sql_value(*dataset, "SELECT styleQML FROM layer_styles");
  const CPLXMLTreeCloser style(CPLParseXMLString(qml.c_str()));
  ASSERT_TRUE(style);
  const CPLXMLNode* category = CPLGetXMLNode(style.get(), "=qgis.renderer-v2.categories.category");
  ASSERT_NE(category, nullptr);
  EXPECT_EQ(CPLGetXMLValue(category, "value", ""), sql_value(*dataset, "SELECT class FROM landslides"));
  EXPECT_STREQ(CPLGetXMLValue(category, "value", ""), "a?b\xEF\xBF\xBD<\"&'>");
}

TEST(HostileText, ProvenanceThatIsNotUtf8IsWrittenAllTheSame) {
  for (const char* name : {"slides.gpkg", "slides.geojson"}) {
    const TempFolder folder;
    VectorWriterOptions options;
    options.provenance = {{"model", "a\xff"}};
    write_one(folder.file(name), options);
    EXPECT_EQ(open_file(folder.file(name))->GetLayer(0)->GetFeatureCount(), 1) << name;
  }
}

TEST(CleanText, KeepsWhatIsCleanAndReplacesTheRest) {
  const std::array<std::array<std::string, 2>, 9> cases = {{
      {"plain \t\n\r text", "plain \t\n\r text"},
      {"\xC3\xA9 \xE5\xB2\xA9 \xF0\x9F\x8F\x94", "\xC3\xA9 \xE5\xB2\xA9 \xF0\x9F\x8F\x94"},
      {"a\x1Fz", "a?z"},
      {"a\x80z", "a\xEF\xBF\xBDz"},                              // a continuation alone
      {"a\xC3", "a\xEF\xBF\xBD"},                                // cut short
      {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                  // overlong
      {"\xE0\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // overlong
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // surrogate
      {"\xEF\xBF\xBE", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // not in XML
  }};
  for (const auto& [text, expected] : cases) EXPECT_EQ(clean_text(text), expected);
}

}  // namespace
}  // namespace scarp::vector
