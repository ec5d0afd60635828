// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "tests/vector/written_samples.h"

namespace scarp::vector {
namespace {

using test::TempFolder;
using testing::HasSubstr;

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

}  // namespace
}  // namespace scarp::vector
