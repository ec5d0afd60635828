// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/vector_writer.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gdal_priv.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <ogrsf_frmts.h>

#include "pipelines/vector/error.h"
#include "pipelines/vector/shapefile_room.h"
#include "tests/support/test_files.h"

namespace scarp::vector {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const char* const kFieldNames[] = {"uid",      "class_id",   "class",     "conf_mean", "conf_min",
                                   "conf_std", "area_m2",    "perim_m",   "elev_min",  "elev_max",
                                   "relief_m", "slope_mean", "slope_max", "aspect",    "length_m",
                                   "width_m",  "reach",      "edge",      "model_id"};
const char* const kHostileName = "<b>\"it's\" & 'x'); DROP TABLE layer_styles;--</b> é";

geo::Crs utm() {
  return geo::Crs::from_user_input("EPSG:32632");
}

/// A square of 100 m with a hole, at 9 degrees east, 45 degrees north.
geo::Polygon square(double x = 500000) {
  geo::Polygon polygon;
  polygon.outer = {{x, 5000100}, {x, 5000000}, {x + 100, 5000000}, {x + 100, 5000100}, {x, 5000100}};
  polygon.holes = {
      {{x + 10, 5000090}, {x + 20, 5000090}, {x + 20, 5000080}, {x + 10, 5000080}, {x + 10, 5000090}}};
  return polygon;
}

ObjectAttributes attributes_of(const std::string& class_name) {
  ObjectAttributes attributes;
  attributes.uid = "0123456789abcdef";
  attributes.class_id = 2;
  attributes.class_name = class_name;
  attributes.conf_mean = 0.75;
  attributes.area_m2 = 9900;
  attributes.perim_m = 440;
  attributes.edge = true;
  attributes.model_id = "mars-1";
  return attributes;
}

VectorWriterOptions options_with_classes() {
  VectorWriterOptions options;
  options.classes = {{1, "slide", {200, 30, 10}}, {2, kHostileName, {10, 20, 30}}};
  options.provenance = {{"model", "mars-1"}, {"device", "cpu 'x'"}};
  return options;
}

void write_two(const std::string& path,
               VectorWriterOptions options = options_with_classes(),
               const geo::Crs& crs = utm()) {
  const auto writer = make_vector_writer(path, crs, options);
  writer->add(square(), attributes_of("slide"));
  writer->add(square(501000), attributes_of(kHostileName));
  EXPECT_EQ(writer->count(), 2);
  writer->finish();
}

GDALDatasetUniquePtr opened(const std::string& path) {
  GDALAllRegister();
  return GDALDatasetUniquePtr(GDALDataset::Open(path.c_str(), GDAL_OF_VECTOR | GDAL_OF_READONLY));
}

std::vector<std::string> field_names(OGRLayer& layer) {
  std::vector<std::string> names;
  for (int i = 0; i < layer.GetLayerDefn()->GetFieldCount(); ++i) {
    names.emplace_back(layer.GetLayerDefn()->GetFieldDefn(i)->GetNameRef());
  }
  return names;
}

std::vector<std::string> names_in(const TempFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string sql_value(GDALDataset& dataset, const char* sql) {
  OGRLayer* rows = dataset.ExecuteSQL(sql, nullptr, nullptr);
  if (rows == nullptr) return "no result";
  const OGRFeatureUniquePtr row(rows->GetNextFeature());
  const std::string value = row ? row->GetFieldAsString(0) : "no row";
  dataset.ReleaseResultSet(rows);
  return value;
}

template <class Call>
void expect_error(Call call, Fault fault, const char* text) {
  try {
    call();
    FAIL() << "no error; expected: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), fault) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(text));
  }
}

struct Format {
  const char* name;
  const char* file;
};

class EveryFormat : public testing::TestWithParam<Format> {};

TEST_P(EveryFormat, KeepsPolygonsAndFields) {
  const TempFolder folder;
  write_two(folder.file(GetParam().file));
  const auto dataset = opened(folder.file(GetParam().file));
  ASSERT_TRUE(dataset);
  EXPECT_STREQ(dataset->GetDriver()->GetDescription(), GetParam().name);
  OGRLayer& layer = *dataset->GetLayer(0);
  EXPECT_EQ(wkbFlatten(layer.GetGeomType()), wkbPolygon);
  EXPECT_THAT(field_names(layer), testing::ElementsAreArray(kFieldNames));
  EXPECT_EQ(layer.GetFeatureCount(), 2);
  std::vector<std::string> classes;
  for (const auto& feature : layer) {
    classes.emplace_back(feature->GetFieldAsString("class"));
    EXPECT_STREQ(feature->GetFieldAsString("uid"), "0123456789abcdef");
    EXPECT_EQ(feature->GetFieldAsInteger("class_id"), 2);
    EXPECT_EQ(feature->GetFieldAsDouble("conf_mean"), 0.75);
    EXPECT_EQ(feature->GetFieldAsDouble("area_m2"), 9900);
    EXPECT_EQ(feature->GetFieldAsInteger("edge"), 1);
    EXPECT_STREQ(feature->GetFieldAsString("model_id"), "mars-1");
    EXPECT_FALSE(feature->IsFieldSetAndNotNull(feature->GetFieldIndex("slope_mean")));
    EXPECT_TRUE(feature->GetGeometryRef()->IsValid());
    EXPECT_EQ(feature->GetGeometryRef()->toPolygon()->getNumInteriorRings(), 1);
  }
  EXPECT_THAT(classes, testing::UnorderedElementsAre("slide", kHostileName));
}

TEST_P(EveryFormat, NothingButTheOutputIsLeft) {
  const TempFolder folder;
  write_two(folder.file(GetParam().file));
  const std::string stem = fs::path(GetParam().file).stem();
  EXPECT_THAT(names_in(folder), testing::Each(testing::StartsWith(stem + ".")));
}

TEST_P(EveryFormat, WriterThatIsDestroyedLeavesNothing) {
  const TempFolder folder;
  {
    const auto writer = make_vector_writer(folder.file(GetParam().file), utm(), options_with_classes());
    writer->add(square(), attributes_of("slide"));
    EXPECT_THAT(names_in(folder), testing::Each(testing::StartsWith(".slides.partial-")));
  }
  EXPECT_EQ(folder.entries(), 0);
}

TEST_P(EveryFormat, NoPolygonsMakeAValidEmptyLayer) {
  const TempFolder folder;
  make_vector_writer(folder.file(GetParam().file), utm(), options_with_classes())->finish();
  const auto dataset = opened(folder.file(GetParam().file));
  ASSERT_TRUE(dataset);
  EXPECT_EQ(dataset->GetLayer(0)->GetFeatureCount(), 0);
}

TEST_P(EveryFormat, WriteThatFailsIsToldAndLeavesNothing) {
  const TempFolder folder;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // Files of this process cannot grow beyond a limit: writes fail as on a full disk.
    ::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {200 * 1024, 200 * 1024};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int result = 1;
    try {
      const auto writer = make_vector_writer(folder.file(GetParam().file), utm(), options_with_classes());
      for (int i = 0; i < 3000; ++i) writer->add(square(), attributes_of("slide"));
      writer->finish();
      result = 2;
    } catch (const Error& error) {
      const bool told = error.fault() == Fault::out_of_space || error.fault() == Fault::unwritable;
      const bool remedy = std::string_view(error.what()).find(" disk") != std::string_view::npos;
      result = told && remedy ? 0 : 3;
    }
    ::_exit(result);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: another exception, 2: no error, 3: another fault or no remedy";
  EXPECT_THAT(names_in(folder), ElementsAre());
}

INSTANTIATE_TEST_SUITE_P(Drivers,
                         EveryFormat,
                         testing::Values(Format{"GPKG", "slides.gpkg"},
                                         Format{"FlatGeobuf", "slides.fgb"},
                                         Format{"GeoJSON", "slides.geojson"},
                                         Format{"ESRI Shapefile", "slides.shp"}),
                         [](const auto& format) {
                           std::string name = format.param.name;
                           std::erase(name, ' ');
                           return name;
                         });

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

TEST(GeoJson, IsInLongitudeAndLatitude) {
  const TempFolder folder;
  write_two(folder.file("slides.json"));
  const auto dataset = opened(folder.file("slides.json"));
  OGREnvelope box;
  ASSERT_EQ(dataset->GetLayer(0)->GetExtent(&box), OGRERR_NONE);
  EXPECT_NEAR(box.MinX, 9, 1e-6);
  EXPECT_NEAR(box.MinY, 45.15, 0.01);
}

TEST(GeoJson, HasItsProvenance) {
  const TempFolder folder;
  write_two(folder.file("slides.json"));
  std::ifstream file(folder.file("slides.json"));
  const auto document = nlohmann::json::parse(file);
  EXPECT_EQ(nlohmann::json::parse(document.at("description").get<std::string>()).at("model"), "mars-1");
}

TEST(GeoJson, OfAnotherPlanetIsInItsOwnDegreesAndSaysSo) {
  const TempFolder folder;
  const geo::Crs mars = geo::Crs::from_user_input("+proj=eqc +a=3396190 +b=3396190 +units=m +type=crs");
  write_two(folder.file("a.geojson"), options_with_classes(), mars);
  const auto document = nlohmann::json::parse(std::ifstream(folder.file("a.geojson")));
  constexpr double kDegreesAMetre = 180 / (3.14159265358979 * 3396190);
  const auto& ring = document.at("features").at(0).at("geometry").at("coordinates").at(0);
  for (const auto& point : ring) {
    EXPECT_NEAR(point.at(0).get<double>(), 500050 * kDegreesAMetre, 51 * kDegreesAMetre);
    EXPECT_NEAR(point.at(1).get<double>(), 5000050 * kDegreesAMetre, 51 * kDegreesAMetre);
  }
  EXPECT_FALSE(document.contains("crs"));
  const auto facts = nlohmann::json::parse(document.at("description").get<std::string>());
  EXPECT_THAT(facts.at("coordinates").get<std::string>(), HasSubstr("on an ellipsoid of 3396190 m"));
  EXPECT_THAT(facts.at("coordinates").get<std::string>(), HasSubstr("not of WGS 84, not on Earth"));
  EXPECT_EQ(facts.at("model"), "mars-1");
}

TEST(GeoJson, OuterRingsAreCounterclockwiseWithSevenDigits) {
  const TempFolder folder;
  const auto writer = make_vector_writer(folder.file("a.geojson"), utm(), {});
  geo::Polygon clockwise = square();
  std::reverse(clockwise.outer.begin(), clockwise.outer.end());
  writer->add(clockwise, attributes_of("slide"));
  writer->finish();
  const auto document = nlohmann::json::parse(std::ifstream(folder.file("a.geojson")));
  const auto& ring = document.at("features").at(0).at("geometry").at("coordinates").at(0);
  double twice_area = 0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    twice_area += ring[i][0].get<double>() * ring[i + 1][1].get<double>() -
                  ring[i + 1][0].get<double>() * ring[i][1].get<double>();
    const double scaled = ring[i][0].get<double>() * 1e7;
    EXPECT_NEAR(scaled, std::round(scaled), 1e-6);
  }
  EXPECT_GT(twice_area, 0);
}

TEST(GeoJson, RefusesAnUnknownCrs) {
  const TempFolder folder;
  expect_error([&] { make_vector_writer(folder.file("a.geojson"), geo::Crs(), {}); }, Fault::bad_argument,
               "the CRS of the polygons is unknown; write a GeoPackage");
  EXPECT_EQ(folder.entries(), 0);
}

TEST(GeoParquet, IsWrittenWhereItsDriverIs) {
  const TempFolder folder;
  GDALAllRegister();
  const std::string path = folder.file("a.parquet");
  if (GetGDALDriverManager()->GetDriverByName("Parquet") == nullptr) {
    expect_error([&] { write_two(path); }, Fault::bad_argument,
                 "cannot be written as 'Parquet' by this GDAL");
    EXPECT_EQ(folder.entries(), 0);
    return;
  }
  write_two(path);
  EXPECT_EQ(opened(path)->GetLayer(0)->GetFeatureCount(), 2);
}

TEST(ShapefileRoom, IsRefusedBeforeShapesOrTableAreTooLarge) {
  Shape shape;
  shape.add_part(square());  // two rings of five points: 8 + 44 + 2 x 4 + 10 x 16 = 220 bytes
  ShapefileRoom shapes("a.shp", 1, 100 + 4 * 220);
  for (int i = 0; i < 4; ++i) shapes.take(shape.view());
  expect_error([&] { shapes.take(shape.view()); }, Fault::out_of_space,
               "'a.shp' is full after 4 polygons: a shapefile holds 980 bytes; write a GeoPackage");
  ShapefileRoom table("a.shp", 500, 32 * 20 + 2 + 3 * 500);
  for (int i = 0; i < 3; ++i) table.take(shape.view());
  expect_error([&] { table.take(shape.view()); }, Fault::out_of_space, "full after 3 polygons");
}

TEST(ShapefileRoom, CountsTheBytesThatAreWritten) {
  const TempFolder folder;
  write_two(folder.file("a.shp"));
  const auto dataset = opened(folder.file("a.shp"));
  std::uint64_t row = 1;
  for (int i = 0; i < dataset->GetLayer(0)->GetLayerDefn()->GetFieldCount(); ++i) {
    row += static_cast<std::uint64_t>(dataset->GetLayer(0)->GetLayerDefn()->GetFieldDefn(i)->GetWidth());
  }
  EXPECT_EQ(fs::file_size(folder.file("a.shp")), 100 + 2 * 220U);
  EXPECT_NEAR(static_cast<double>(fs::file_size(folder.file("a.dbf"))),
              static_cast<double>(32 * 20 + 2 + 2 * row), 2);
}

TEST(Shapefile, IsRenamedWithItsSideFiles) {
  const TempFolder folder;
  write_two(folder.file("slides.shp"));
  EXPECT_THAT(names_in(folder),
              ElementsAre("slides.cpg", "slides.dbf", "slides.prj", "slides.shp", "slides.shx"));
}

TEST(Shapefile, ReplacedOneLeavesNoIndexBehind) {
  const TempFolder folder;
  test::write_text(folder.file("slides.shp"), "old");
  test::write_text(folder.file("slides.qix"), "old index");
  VectorWriterOptions options = options_with_classes();
  options.overwrite = true;
  write_two(folder.file("slides.shp"), options);
  EXPECT_THAT(names_in(folder), Not(testing::Contains("slides.qix")));
}

TEST(Shapefile, TableOfAnotherIsNotOverwritten) {
  const TempFolder folder;
  test::write_text(folder.file("slides.dbf"), "a table");
  expect_error([&] { make_vector_writer(folder.file("slides.shp"), utm(), {}); }, Fault::already_exists,
               "slides.dbf");
}

TEST(VectorWriter, OtherDriversAreNamedByFormat) {
  const TempFolder folder;
  VectorWriterOptions options = options_with_classes();
  options.format = "MapInfo File";
  write_two(folder.file("slides.tab"), options);
  EXPECT_EQ(opened(folder.file("slides.tab"))->GetLayer(0)->GetFeatureCount(), 2);
  EXPECT_THAT(names_in(folder), testing::Each(testing::StartsWith("slides.")));
}

TEST(VectorWriter, ExistingFileIsRefusedAndKept) {
  const TempFolder folder;
  test::write_text(folder.file("slides.gpkg"), "mine");
  expect_error([&] { make_vector_writer(folder.file("slides.gpkg"), utm(), {}); }, Fault::already_exists,
               "exists already; choose another name");
  EXPECT_EQ(fs::file_size(folder.file("slides.gpkg")), 4U);
}

TEST(VectorWriter, FileThatAppearedMeanwhileIsKept) {
  const TempFolder folder;
  {
    const auto writer = make_vector_writer(folder.file("slides.gpkg"), utm(), {});
    test::write_text(folder.file("slides.gpkg"), "mine");
    expect_error([&] { writer->finish(); }, Fault::already_exists, "exists already");
  }
  EXPECT_THAT(names_in(folder), ElementsAre("slides.gpkg"));
  EXPECT_EQ(fs::file_size(folder.file("slides.gpkg")), 4U);
}

TEST(VectorWriter, ExistingFileIsKeptUntilItsReplacementIsWhole) {
  const TempFolder folder;
  test::write_text(folder.file("slides.gpkg"), "mine");
  VectorWriterOptions options;
  options.overwrite = true;
  { make_vector_writer(folder.file("slides.gpkg"), utm(), options)->add(square(), attributes_of("slide")); }
  EXPECT_EQ(fs::file_size(folder.file("slides.gpkg")), 4U);
  write_two(folder.file("slides.gpkg"), options);
  EXPECT_EQ(opened(folder.file("slides.gpkg"))->GetLayer(0)->GetFeatureCount(), 2);
}

TEST(VectorWriter, ReplacedGeoPackageLeavesNoJournalBehind) {
  const TempFolder folder;
  for (const char* name : {"slides.gpkg", "slides.gpkg-wal", "slides.gpkg-shm", "slides.gpkg-journal"}) {
    test::write_text(folder.file(name), "old");
  }
  VectorWriterOptions options;
  options.overwrite = true;
  write_two(folder.file("slides.gpkg"), options);
  EXPECT_THAT(names_in(folder), ElementsAre("slides.gpkg"));
}

TEST(VectorWriter, FolderMustExist) {
  const TempFolder folder;
  expect_error([&] { make_vector_writer(folder.file("missing/slides.gpkg"), utm(), {}); }, Fault::unwritable,
               "there is no folder");
}

TEST(VectorWriter, FolderMustBeWritable) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may write anywhere";
  const TempFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  expect_error([&] { make_vector_writer(folder.file("slides.gpkg"), utm(), {}); }, Fault::unwritable,
               "change its permissions");
}

TEST(VectorWriter, UnknownFormatListsThoseThatMayBeUsed) {
  const TempFolder folder;
  VectorWriterOptions options;
  options.format = "Slides 2000";
  const auto make = [&] { make_vector_writer(folder.file("slides.gpkg"), utm(), options); };
  expect_error(make, Fault::bad_argument, "'Slides 2000' by this GDAL");
  expect_error(make, Fault::bad_argument, "ESRI Shapefile, ");
}

TEST(VectorWriter, UnknownEndingListsThoseThatMayBeUsed) {
  const TempFolder folder;
  const auto make = [&] { make_vector_writer(folder.file("slides.xyz"), utm(), {}); };
  expect_error(make, Fault::bad_argument, "slides.xyz' names no vector format");
  expect_error(make, Fault::bad_argument, ".gpkg (GPKG), .fgb (FlatGeobuf)");
}

TEST(VectorWriter, EndingMustFitTheFormat) {
  const TempFolder folder;
  VectorWriterOptions options;
  options.format = "ESRI Shapefile";
  expect_error([&] { make_vector_writer(folder.file("slides.gpkg"), utm(), options); }, Fault::bad_argument,
               "the name of such a file ends in .shp");
}

TEST(VectorWriter, CreationOptionsAreKeysAndValues) {
  const TempFolder folder;
  VectorWriterOptions options;
  options.creation = {"FID"};
  expect_error([&] { make_vector_writer(folder.file("slides.gpkg"), utm(), options); }, Fault::bad_argument,
               "'FID' is not KEY=VALUE");
  EXPECT_EQ(folder.entries(), 0);
}

TEST(VectorWriter, NothingIsAddedAfterTheEnd) {
  const TempFolder folder;
  const auto writer = make_vector_writer(folder.file("slides.gpkg"), utm(), {});
  writer->finish();
  expect_error([&] { writer->add(square(), attributes_of("slide")); }, Fault::bad_argument,
               "has been finished");
  expect_error([&] { writer->finish(); }, Fault::bad_argument, "has been finished");
}

TEST(VectorWriter, EndingsMayBeInCapitals) {
  const TempFolder folder;
  write_two(folder.file("SLIDES.GPKG"));
  EXPECT_THAT(names_in(folder), ElementsAre("SLIDES.GPKG"));
}

TEST(VectorWriter, NamesWithDotsKeepThem) {
  const TempFolder folder;
  write_two(folder.file("valles.2024.v1.gpkg"));
  write_two(folder.file("valles.2024.shp"));
  EXPECT_THAT(names_in(folder),
              testing::IsSupersetOf({"valles.2024.v1.gpkg", "valles.2024.shp", "valles.2024.dbf"}));
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
