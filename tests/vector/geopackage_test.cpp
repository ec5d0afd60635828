// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>

#include "tests/vector/written_samples.h"

namespace scarp::vector {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(GeoPackage, HasAStyleThatQgisLoadsByItself) {
  const TempFolder folder;
  write_two(folder.file("slides.gpkg"));
  const auto dataset = opened(folder.file("slides.gpkg"));
  const auto value = [&](const char* sql) { return sql_value(*dataset, sql); };
  EXPECT_EQ(value("SELECT count(*) FROM layer_styles"), "1");
  EXPECT_EQ(value("SELECT f_table_catalog || '|' || f_table_schema || '|' || f_table_name || '|' || "
                  "f_geometry_column "
                  "|| '|' || useAsDefault FROM layer_styles"),
            "||landslides|geom|1");
  EXPECT_EQ(value("SELECT styleQML FROM layer_styles"), qml_style(options_with_classes().classes));
  EXPECT_EQ(value("SELECT group_concat(name) FROM pragma_table_info('layer_styles')"),
            "id,f_table_catalog,f_table_schema,f_table_name,f_geometry_column,styleName,styleQML,styleSLD,"
            "useAsDefault,"
            "description,owner,ui,update_time");
  EXPECT_EQ(value("SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'"), "attributes");
}

TEST(GeoPackage, HasItsProvenance) {
  const TempFolder folder;
  write_two(folder.file("slides.gpkg"));
  const auto dataset = opened(folder.file("slides.gpkg"));
  EXPECT_EQ(
      sql_value(
          *dataset,
          "SELECT group_concat(key || '=' || value) FROM (SELECT * FROM scarp_provenance ORDER BY key)"),
      "device=cpu 'x',model=mars-1");
  EXPECT_EQ(sql_value(*dataset, "SELECT data_type FROM gpkg_contents WHERE table_name = 'scarp_provenance'"),
            "attributes");
}

TEST(GeoPackage, IsOneFileWithASpatialIndex) {
  const TempFolder folder;
  write_two(folder.file("slides.gpkg"));
  EXPECT_THAT(names_in(folder), ElementsAre("slides.gpkg"));
  const auto dataset = opened(folder.file("slides.gpkg"));
  EXPECT_EQ(sql_value(*dataset, "PRAGMA journal_mode"), "delete");
  EXPECT_EQ(sql_value(*dataset, "SELECT count(*) FROM rtree_landslides_geom"), "2");
  EXPECT_EQ(sql_value(*dataset, "PRAGMA integrity_check"), "ok");
}

TEST(GeoPackage, IsOneFileWhereJournalsAreKeptAheadToo) {
  const TempFolder folder;
  CPLSetThreadLocalConfigOption("OGR_SQLITE_JOURNAL", "WAL");
  write_two(folder.file("slides.gpkg"));
  CPLSetThreadLocalConfigOption("OGR_SQLITE_JOURNAL", nullptr);
  EXPECT_THAT(names_in(folder), ElementsAre("slides.gpkg"));
  EXPECT_EQ(sql_value(*opened(folder.file("slides.gpkg")), "PRAGMA journal_mode"), "delete");
}

TEST(GeoPackage, TakesLayerNameAndCreationOptions) {
  const TempFolder folder;
  VectorWriterOptions options = options_with_classes();
  options.layer = "it's \"mine\"";
  options.creation = {"GEOMETRY_NAME=shape", "FID=nr"};
  write_two(folder.file("slides.gpkg"), options);
  const auto dataset = opened(folder.file("slides.gpkg"));
  EXPECT_STREQ(dataset->GetLayer(0)->GetName(), "it's \"mine\"");
  EXPECT_STREQ(dataset->GetLayer(0)->GetGeometryColumn(), "shape");
  EXPECT_STREQ(dataset->GetLayer(0)->GetFIDColumn(), "nr");
  EXPECT_EQ(sql_value(*dataset, "SELECT f_table_name || '|' || f_geometry_column FROM layer_styles"),
            "it's \"mine\"|shape");
}

TEST(GeoPackage, KeepsTheCrsOfAnotherPlanet) {
  SCARP_REAL_DATA(path, "mars/valles_hrsi.tif");
  GDALAllRegister();
  const GDALDatasetUniquePtr raster(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY));
  const geo::Crs mars = geo::Crs::from_user_input(raster->GetProjectionRef());
  for (const char* name : {"slides.gpkg", "slides.fgb", "slides.shp"}) {
    const TempFolder folder;
    write_two(folder.file(name), options_with_classes(), mars);
    const auto dataset = opened(folder.file(name));
    const OGRSpatialReference* written = dataset->GetLayer(0)->GetSpatialRef();
    ASSERT_NE(written, nullptr) << name;
    EXPECT_NEAR(written->GetSemiMajor(), mars.ellipsoid().semi_major_m, 1e-6) << name;
    char* wkt = nullptr;
    written->exportToWkt(&wkt);
    // A shapefile's WKT of ESRI has other names.
    if (std::string(name) != "slides.shp") {
      EXPECT_EQ(geo::Crs::from_user_input(wkt), mars) << name << ": " << wkt;
    }
    CPLFree(wkt);
  }
}

TEST(StyleSample, IsWrittenForQgis) {
  const char* path = std::getenv("SCARP_STYLE_SAMPLE");
  if (path == nullptr) GTEST_SKIP() << "the test of the style in QGIS names the file in SCARP_STYLE_SAMPLE";
  VectorWriterOptions options;
  const std::string hostile = "<i>\"it's\"</i> & é\n";
  options.classes = {{1, "slide", {0xd7, 0x30, 0x27}}, {2, hostile, {0x45, 0x75, 0xb4}}};
  options.provenance = {{"model", "sample"}};
  const auto writer = make_vector_writer(path, utm(), options);
  writer->add(square(), attributes_of("slide"));
  writer->add(square(500150), attributes_of(hostile));
  writer->finish();
}

}  // namespace
}  // namespace scarp::vector
