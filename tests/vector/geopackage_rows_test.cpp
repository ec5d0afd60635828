// SPDX-License-Identifier: Apache-2.0
// Rows that wait for others to be written together, against OGR's writer, which writes each by itself.
#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/test_files.h"
#include "tests/support/vector_files.h"
#include "tests/vector/written_samples.h"

namespace scarp::vector {
namespace {

ObjectAttributes numbered(int i) {
  ObjectAttributes attributes = attributes_of(i % 2 == 0 ? "slide" : kHostileName);
  attributes.uid = "uid " + std::to_string(i);
  attributes.model_id = "model " + std::to_string(i % 3);
  attributes.area_m2 = i;
  attributes.conf_mean.reset();
  return attributes;
}

/// Both writers' files of the same objects hold the same.
void expect_what_ogr_writes(int objects, const auto& add_to) {
  const test::TempFolder folder;
  const std::string direct = folder.file("direct.gpkg");
  const std::string ogr = folder.file("ogr.gpkg");
  for (const auto& writer : {make_vector_writer(direct, utm(), {}), make_ogr_writer(ogr, utm(), {})}) {
    for (int i = 0; i < objects; ++i) add_to(*writer, i);
    writer->finish();
  }
  const auto ours = opened(direct);
  EXPECT_EQ(ours->GetLayer(0)->GetFeatureCount(), objects);
  EXPECT_EQ(test::layer_texts(*ours->GetLayer(0)), test::layer_texts(*opened(ogr)->GetLayer(0)));
}

TEST(GeopackageRows, KeepTheirOwnNamesWhenTheyAreWrittenTogether) {
  for (const int objects : {1, 31, 32, 33, 100}) {
    expect_what_ogr_writes(
        objects, [](VectorWriter& writer, int i) { writer.add(square(500000 + 200 * i), numbered(i)); });
  }
}

TEST(GeopackageRows, MayKnowOtherFieldsThanThoseThatWait) {
  expect_what_ogr_writes(200, [](VectorWriter& writer, int i) {
    ObjectAttributes attributes = numbered(i);
    if (i / 70 == 1) attributes.conf_mean = 0.5;
    if (i > 190) attributes.relief_m = i;
    writer.add(square(500000 + 200 * i), attributes);
  });
}

TEST(GeopackageRows, MayBeLargerThanWhatWaits) {
  geo::Polygon large;
  constexpr int kCorners = 100000;
  for (int i = 0; i < kCorners; ++i) {
    const double turn = 2 * M_PI * i / kCorners;
    large.outer.push_back({500000 + 1000 * std::cos(turn), 5000000 + 1000 * std::sin(turn)});
  }
  large.outer.push_back(large.outer.front());
  expect_what_ogr_writes(40, [&](VectorWriter& writer, int i) {
    writer.add(i % 10 == 5 ? large : square(500000 + 200 * i), numbered(i));
  });
}

}  // namespace
}  // namespace scarp::vector
