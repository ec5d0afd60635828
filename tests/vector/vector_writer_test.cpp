// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/vector_writer.h"

#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vector/written_samples.h"

namespace scarp::vector {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using testing::ElementsAre;

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

}  // namespace
}  // namespace scarp::vector
