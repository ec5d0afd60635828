// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "pipelines/vector/shapefile_room.h"
#include "tests/vector/written_samples.h"

namespace scarp::vector {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

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

}  // namespace
}  // namespace scarp::vector
