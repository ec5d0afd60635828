// SPDX-License-Identifier: Apache-2.0
// Writers that go around OGR, against OGR's own.
#include <algorithm>
#include <csignal>
#include <optional>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/vector/error.h"
#include "tests/support/test_files.h"
#include "tests/support/vector_files.h"

namespace scarp::vector {
namespace {

using test::TempFolder;

constexpr double kEast = 500000;
constexpr double kNorth = 5000000;
constexpr double kWidthM = 100000;

geo::Crs zone() {
  return geo::Crs::from_user_input("EPSG:32632");
}

struct Square {
  double x, y, side;
  bool meets(const OGREnvelope& box) const {
    return x <= box.MaxX && x + side >= box.MinX && y <= box.MaxY && y + side >= box.MinY;
  }
};

/// Row by row from the north, as polygons come.
std::vector<Square> random_squares(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> place(0, kWidthM);
  std::uniform_real_distribution<double> side(1, 50);
  std::vector<Square> squares;
  for (int i = 0; i < count; ++i) {
    squares.push_back({kEast + place(random), kNorth - kWidthM * i / count, side(random)});
  }
  return squares;
}

void write_squares(VectorWriter& writer, const std::vector<Square>& squares) {
  std::mt19937 random(7);
  for (const Square& square : squares) {
    writer.add(test::square_with_hole(square.x, square.y, square.side), test::random_attributes(random));
  }
  writer.finish();
}

class DirectWriter : public testing::TestWithParam<const char*> {
 protected:
  std::string file(const std::string& stem) const { return folder_.file(stem + GetParam()); }
  TempFolder folder_;
};

TEST_P(DirectWriter, HoldsWhatOgrsOwnWriterHolds) {
  const std::vector<Square> squares = random_squares(3000, 1);
  write_squares(*make_vector_writer(file("direct"), zone(), {}), squares);
  write_squares(*make_ogr_writer(file("ogr"), zone(), {}), squares);
  const auto direct = test::open_vectors(file("direct"));
  const auto ogr = test::open_vectors(file("ogr"));
  EXPECT_EQ(test::layer_texts(*direct->GetLayer(0)), test::layer_texts(*ogr->GetLayer(0)));
  EXPECT_EQ(direct->GetLayer(0)->GetGeomType(), ogr->GetLayer(0)->GetGeomType());
  EXPECT_EQ(direct->GetLayer(0)->GetFeatureCount(), 3000);
  OGREnvelope ours;
  OGREnvelope theirs;
  ASSERT_EQ(direct->GetLayer(0)->GetExtent(&ours, FALSE), OGRERR_NONE);
  ASSERT_EQ(ogr->GetLayer(0)->GetExtent(&theirs, FALSE), OGRERR_NONE);
  EXPECT_TRUE(ours == theirs);
  EXPECT_TRUE(direct->GetLayer(0)->GetSpatialRef()->IsSame(ogr->GetLayer(0)->GetSpatialRef()));
}

/// Counts around the borders of nodes, levels and slabs of the index.
TEST_P(DirectWriter, SpatialFilterFindsExactlyWhatIsThere) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> place(0, kWidthM);
  for (const int count : {1, 16, 17, 51, 52, 256, 257, 2601, 2602, 140000}) {
    const std::vector<Square> squares = random_squares(count, static_cast<unsigned>(count));
    const std::string path = file("squares" + std::to_string(count));
    write_squares(*make_vector_writer(path, zone(), {}), squares);
    const auto dataset = test::open_vectors(path);
    OGRLayer& layer = *dataset->GetLayer(0);
    for (int i = 0; i < 20; ++i) {
      OGREnvelope box;
      box.MinX = kEast + place(random);
      box.MinY = kNorth - place(random);
      box.MaxX = box.MinX + place(random) / (i + 1);
      box.MaxY = box.MinY + place(random) / (i + 1);
      layer.SetSpatialFilterRect(box.MinX, box.MinY, box.MaxX, box.MaxY);
      const auto there =
          std::count_if(squares.begin(), squares.end(), [&](const Square& s) { return s.meets(box); });
      // The driver's own count takes the boxes of the index, which are rounded.
      std::ptrdiff_t found = 0;
      for (const auto& feature : layer) found += feature->GetFieldCount() > 0 ? 1 : 0;
      EXPECT_EQ(found, there) << count << " squares, box " << i;
    }
  }
}

TEST_P(DirectWriter, SameInputMakesTheSameBytes) {
  const std::vector<Square> squares = random_squares(500, 2);
  VectorWriterOptions options;
  options.classes = {{1, "slide", {1, 2, 3}}};
  options.provenance = {{"model", "m"}};
  write_squares(*make_vector_writer(file("a"), zone(), options), squares);
  write_squares(*make_vector_writer(file("b"), zone(), options), squares);
  EXPECT_EQ(test::file_bytes(file("a")), test::file_bytes(file("b")));
  EXPECT_FALSE(test::file_bytes(file("a")).empty());
}

TEST_P(DirectWriter, WritesMultipolygons) {
  VectorWriterOptions options;
  options.several_parts = true;
  const auto writer = make_vector_writer(file("parts"), zone(), options);
  Shape shape;
  shape.add_part(test::square_with_hole(0, 0, 8));
  shape.add_part(test::square_with_hole(8, 8, 4));
  writer->add(shape.view(), {});
  writer->add(test::square_with_hole(100, 0, 8), {});
  writer->finish();
  const auto dataset = test::open_vectors(file("parts"));
  OGRLayer& layer = *dataset->GetLayer(0);
  EXPECT_EQ(layer.GetGeomType(), wkbMultiPolygon);
  std::multiset<std::string> shapes;
  for (const auto& feature : layer) {
    char* wkt = nullptr;
    feature->GetGeometryRef()->exportToWkt(&wkt, wkbVariantIso);
    shapes.insert(wkt);
    CPLFree(wkt);
  }
  EXPECT_THAT(shapes,
              testing::UnorderedElementsAre(
                  "MULTIPOLYGON (((0 8,0 0,8 0,8 8,0 8),(2 2,2 4,4 4,4 2,2 2)),"
                  "((8 12,8 8,12 8,12 12,8 12),(9 9,9 10,10 10,10 9,9 9)))",
                  "MULTIPOLYGON (((100 8,100 0,108 0,108 8,100 8),(102 2,102 4,104 4,104 2,102 2)))"));
}

TEST_P(DirectWriter, RefusesSeveralPartsInALayerOfPolygons) {
  const auto writer = make_vector_writer(file("parts"), zone(), {});
  Shape shape;
  shape.add_part(test::square_with_hole(0, 0, 8));
  shape.add_part(test::square_with_hole(8, 8, 4));
  try {
    writer->add(shape.view(), {});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::bad_argument);
    EXPECT_THAT(error.what(), testing::HasSubstr("an object of 2 parts cannot be written into"));
  }
  EXPECT_THROW(writer->add(ShapeView{}, {}), Error);
}

TEST_P(DirectWriter, UnknownCrsStaysUnknown) {
  write_squares(*make_vector_writer(file("nowhere"), geo::Crs(), {}), random_squares(3, 1));
  write_squares(*make_ogr_writer(file("ogr"), geo::Crs(), {}), random_squares(3, 1));
  const auto direct = test::open_vectors(file("nowhere"));
  const auto ogr = test::open_vectors(file("ogr"));
  EXPECT_EQ(direct->GetLayer(0)->GetSpatialRef() == nullptr, ogr->GetLayer(0)->GetSpatialRef() == nullptr);
}

/// What a process of its own says whose files cannot grow beyond a limit, as on a full disk.
std::string message_on_full_disk(const std::string& path, std::optional<std::size_t> memory_bytes) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit limit = {300 * 1024, 300 * 1024};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::string message = "no error";
    try {
      VectorWriterOptions options;
      options.memory_bytes = memory_bytes;
      write_squares(*make_vector_writer(path, zone(), options), random_squares(9000, 1));
    } catch (const Error& error) {
      message = (error.fault() == Fault::out_of_space ? "out of space: " : "another fault: ") +
                std::string(error.what());
    } catch (const std::exception& error) {
      message = std::string("another error: ") + error.what();
    }
    ::_exit(::write(ends[1], message.data(), message.size()) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  std::string message(1024, ' ');
  message.resize(
      static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], message.data(), message.size()))));
  ::close(ends[0]);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return message;
}

TEST_P(DirectWriter, FullDiskIsToldAsSuchAndLeavesNothing) {
  for (const std::optional<std::size_t> memory :
       {std::optional<std::size_t>(), std::optional<std::size_t>(0)}) {
    const std::string message = message_on_full_disk(file("full"), memory);
    EXPECT_THAT(message, testing::StartsWith("out of space: "));
    EXPECT_THAT(message, testing::HasSubstr(file("full")));
    EXPECT_THAT(message, testing::HasSubstr("free some space or choose another disk"));
    EXPECT_EQ(folder_.entries(), 0);
  }
}

TEST_P(DirectWriter, HostileNamesAreTheSameInTheFile) {
  const std::string hostile = "<b>\"it's\" & 'x'); DROP TABLE layer_styles;--</b> \xC3\xA9";
  VectorWriterOptions options;
  options.layer = "it's \"mine\"";
  options.classes = {{1, hostile, {1, 2, 3}}};
  options.provenance = {{hostile, hostile}};
  const auto writer = make_vector_writer(file("hostile"), zone(), options);
  ObjectAttributes attributes;
  attributes.class_name = hostile;
  attributes.model_id = hostile;
  writer->add(test::square_with_hole(0, 0, 4), attributes);
  writer->finish();
  const auto dataset = test::open_vectors(file("hostile"));
  OGRLayer& layer = *dataset->GetLayer(0);
  EXPECT_EQ(layer.GetName(), options.layer);
  const OGRFeatureUniquePtr feature(layer.GetNextFeature());
  ASSERT_TRUE(feature);
  EXPECT_EQ(feature->GetFieldAsString("class"), hostile);
  EXPECT_EQ(feature->GetFieldAsString("model_id"), hostile);
}

INSTANTIATE_TEST_SUITE_P(Formats, DirectWriter, testing::Values(".gpkg", ".fgb"), [](const auto& ending) {
  return std::string(ending.param).substr(1);
});

TEST(DirectFlatGeobuf, IsTheSameHoweverLittleMemoryItMayUse) {
  const TempFolder folder;
  const std::vector<Square> squares = random_squares(20000, 4);  // some 8 MB
  VectorWriterOptions options;
  write_squares(*make_vector_writer(folder.file("all.fgb"), zone(), options), squares);
  const std::string expected = test::file_bytes(folder.file("all.fgb"));
  ASSERT_GT(expected.size(), std::size_t{5} << 20);
  for (const std::size_t budget : {std::size_t{0}, std::size_t{1} << 20, std::size_t{3} << 20}) {
    options.memory_bytes = budget;
    const std::string path = folder.file(std::to_string(budget) + ".fgb");
    write_squares(*make_vector_writer(path, zone(), options), squares);
    EXPECT_TRUE(test::file_bytes(path) == expected) << budget;
  }
  EXPECT_EQ(folder.entries(), 4);
}

TEST(DirectFlatGeobuf, HoldsItsProvenance) {
  const TempFolder folder;
  VectorWriterOptions options;
  options.provenance = {{"model", "it's \"one\""}};
  write_squares(*make_vector_writer(folder.file("a.fgb"), zone(), options), random_squares(2, 1));
  EXPECT_THAT(test::file_bytes(folder.file("a.fgb")), testing::HasSubstr(R"({"model":"it's \"one\""})"));
}

TEST(DirectFlatGeobuf, CreationOptionsAreOfGdalsDriver) {
  const TempFolder folder;
  VectorWriterOptions options;
  options.creation = {"SPATIAL_INDEX=NO"};
  write_squares(*make_vector_writer(folder.file("a.fgb"), zone(), options), random_squares(60, 1));
  EXPECT_EQ(test::open_vectors(folder.file("a.fgb"))->GetLayer(0)->GetFeatureCount(), 60);
  EXPECT_FALSE(test::open_vectors(folder.file("a.fgb"))->GetLayer(0)->TestCapability(OLCFastSpatialFilter));
}

TEST(DirectGeopackage, PassesTheChecksOfSqliteAndOfItsIndex) {
  const TempFolder folder;
  for (const int count : {0, 1, 51, 52, 2602, 140000}) {
    const std::string path = folder.file(std::to_string(count) + ".gpkg");
    write_squares(*make_vector_writer(path, zone(), {}), random_squares(count, 5));
    const auto dataset = test::open_vectors(path);
    EXPECT_EQ(test::sql_text(*dataset, "PRAGMA integrity_check"), "ok");
    EXPECT_EQ(test::sql_text(*dataset, "SELECT count(*) FROM pragma_foreign_key_check"), "0");
    EXPECT_EQ(test::sql_text(*dataset, "SELECT rtreecheck('rtree_landslides_geom')"), "ok") << count;
    EXPECT_EQ(test::sql_text(*dataset, "SELECT count(*) FROM rtree_landslides_geom"), std::to_string(count));
    EXPECT_EQ(test::sql_text(*dataset, "SELECT feature_count FROM gpkg_ogr_contents"), std::to_string(count));
  }
}

TEST(DirectGeopackage, PassesGdalsValidator) {
  if (std::system("/usr/bin/python3 -c 'import osgeo_utils.samples.validate_gpkg' 2> /dev/null") != 0) {
    GTEST_SKIP() << "python3-gdal is not installed";
  }
  const TempFolder folder;
  VectorWriterOptions options;
  options.classes = {{1, "slide", {1, 2, 3}}};
  options.provenance = {{"model", "m"}};
  write_squares(*make_vector_writer(folder.file("a.gpkg"), zone(), options), random_squares(3000, 5));
  const std::string command =
      "/usr/bin/python3 -m osgeo_utils.samples.validate_gpkg " + folder.file("a.gpkg");
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(DirectGeopackage, TablesAndTriggersAreThoseOfOgr) {
  const TempFolder folder;
  write_squares(*make_vector_writer(folder.file("a.gpkg"), zone(), {}), random_squares(60, 5));
  write_squares(*make_ogr_writer(folder.file("b.gpkg"), zone(), {}), random_squares(60, 5));
  const char* schema =
      "SELECT group_concat(type || name || sql, char(10)) FROM (SELECT * FROM sqlite_master ORDER BY type, "
      "name)";
  const auto direct = test::open_vectors(folder.file("a.gpkg"));
  const auto ogr = test::open_vectors(folder.file("b.gpkg"));
  EXPECT_EQ(test::sql_text(*direct, schema), test::sql_text(*ogr, schema));
  for (const char* table : {"gpkg_contents", "gpkg_extensions", "gpkg_geometry_columns", "gpkg_ogr_contents",
                            "gpkg_spatial_ref_sys", "layer_styles"}) {
    for (const auto& [dataset, other] : {std::pair{direct.get(), ogr.get()}}) {
      OGRLayer* ours = dataset->ExecuteSQL((std::string("SELECT * FROM ") + table).c_str(), nullptr, nullptr);
      OGRLayer* theirs = other->ExecuteSQL((std::string("SELECT * FROM ") + table).c_str(), nullptr, nullptr);
      ASSERT_TRUE(ours != nullptr && theirs != nullptr) << table;
      const auto row_texts = [](OGRLayer& rows) {
        std::multiset<std::string> texts;
        for (const auto& row : rows) {
          std::string text;
          for (int i = 0; i < row->GetFieldCount(); ++i) text += std::string(row->GetFieldAsString(i)) + "|";
          texts.insert(text);
        }
        return texts;
      };
      EXPECT_EQ(row_texts(*ours), row_texts(*theirs)) << table;
      dataset->ReleaseResultSet(ours);
      other->ReleaseResultSet(theirs);
    }
  }
}

TEST(DirectGeopackage, CanBeEditedAfterwards) {
  const TempFolder folder;
  const std::string path = folder.file("edited.gpkg");
  write_squares(*make_vector_writer(path, zone(), {}), random_squares(4000, 5));
  {
    const auto dataset = test::open_vectors(path, GDAL_OF_UPDATE);
    OGRLayer& layer = *dataset->GetLayer(0);
    ASSERT_EQ(dataset->StartTransaction(), OGRERR_NONE);
    for (GIntBig id = 1; id <= 3900; ++id) ASSERT_EQ(layer.DeleteFeature(id), OGRERR_NONE);
    for (int i = 0; i < 200; ++i) {
      OGRFeature feature(layer.GetLayerDefn());
      OGRLinearRing ring;
      for (const auto& [x, y] : {std::pair{0, 0}, {1, 0}, {1, 1}, {0, 0}}) ring.addPoint(i + x, i + y);
      OGRPolygon polygon;
      polygon.addRing(&ring);
      feature.SetGeometry(&polygon);
      ASSERT_EQ(layer.CreateFeature(&feature), OGRERR_NONE);
      EXPECT_GT(feature.GetFID(), 4000);
    }
    ASSERT_EQ(dataset->CommitTransaction(), OGRERR_NONE);
  }
  const auto dataset = test::open_vectors(path);
  OGRLayer& layer = *dataset->GetLayer(0);
  EXPECT_EQ(layer.GetFeatureCount(), 300);
  layer.SetSpatialFilterRect(-1, -1, 99.5, 99.5);
  EXPECT_EQ(layer.GetFeatureCount(), 100);
  EXPECT_EQ(test::sql_text(*dataset, "SELECT rtreecheck('rtree_landslides_geom')"), "ok");
}

TEST(DirectGeopackage, MayBeWithoutSpatialIndex) {
  const TempFolder folder;
  VectorWriterOptions options;
  options.creation = {"SPATIAL_INDEX=NO"};
  write_squares(*make_vector_writer(folder.file("a.gpkg"), zone(), options), random_squares(60, 5));
  const auto dataset = test::open_vectors(folder.file("a.gpkg"));
  EXPECT_EQ(dataset->GetLayer(0)->GetFeatureCount(), 60);
  EXPECT_EQ(test::sql_text(*dataset, "SELECT count(*) FROM sqlite_master WHERE name LIKE 'rtree%'"), "0");
}

}  // namespace
}  // namespace scarp::vector
