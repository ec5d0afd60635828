// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/run_environment.h"

#include <gdal_priv.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "geo/raster_source_gdal.h"
#include "pipelines/error.h"
#include "pipelines/version.h"
#include "tests/support/evaluate_files.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

std::vector<std::string> names(const std::vector<std::string>& files) {
  std::vector<std::string> out;
  for (const std::string& file : files) out.push_back(std::filesystem::path(file).filename().string());
  return out;
}

TEST(Sha256, GivesTheAnswersOfFips180) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(InputHashes, AreThoseOfAllBytesOfAFile) {
  const test::TempFolder folder;
  std::string content(3'000'000, 'x');  // more than two chunks
  content[1'500'000] = 'y';
  test::write_text(folder.file("big"), content);
  test::write_text(folder.file("empty"), "");
  test::RecordedEvents events;
  const auto hashes = hash_files(std::vector{folder.file("big"), folder.file("empty")}, events, {});
  ASSERT_EQ(hashes.size(), 2U);
  EXPECT_EQ(hashes[0].sha256, sha256_of(content));
  EXPECT_EQ(hashes[0].bytes, 3'000'000);
  EXPECT_EQ(hashes[1].sha256, sha256_of(""));
  EXPECT_EQ(events.last_progress, 1);
}

TEST(InputHashes, TakeTheSourcesOfAVirtualRasterAndTheFileOfALayer) {
  const test::TempFolder folder;
  test::write_drawn(folder.file("a.tif"), "#.");
  test::write_text(folder.file("a.tif.aux.xml"), "<PAMDataset/>");
  test::write_text(folder.file("mosaic.vrt"),
                   "<VRTDataset rasterXSize='2' rasterYSize='1'><VRTRasterBand dataType='Byte' band='1'>"
                   "<SimpleSource><SourceFilename relativeToVRT='1'>a.tif</SourceFilename>"
                   "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>");
  test::write_layers(folder.file("labels.gpkg"),
                     {test::utm_layer("landslides", {test::pixel_box(0, 0, 1, 1)})});
  const std::string layer = folder.file("labels.gpkg") + ":landslides";
  EXPECT_EQ(names(files_of_inputs(std::vector<std::string>{folder.file("mosaic.vrt"), layer, "", layer,
                                                           folder.file("nothing.tif")})),
            (std::vector<std::string>{"mosaic.vrt", "a.tif", "labels.gpkg"}));
}

TEST(InputHashes, TakeAllPartsOfAShapefile) {
  const test::TempFolder folder;
  const std::string labels = test::write_layers(folder.file("labels.gpkg"),
                                                {test::utm_layer("labels", {test::pixel_box(0, 0, 1, 1)})});
  const std::unique_ptr<GDALDataset> source(GDALDataset::Open(labels.c_str(), GDAL_OF_VECTOR));
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("ESRI Shapefile");
  delete driver->CreateCopy(folder.file("labels.shp").c_str(), source.get(), 0, nullptr, nullptr, nullptr);
  const auto found = names(files_of_inputs(std::vector{folder.file("labels.shp")}));
  EXPECT_EQ(found.front(), "labels.shp");
  EXPECT_NE(std::find(found.begin(), found.end(), "labels.dbf"), found.end());
}

TEST(InputHashes, RefuseAFileThatCannotBeRead) {
  test::RecordedEvents events;
  try {
    hash_files(std::vector<std::string>{"/no/such/file"}, events, {});
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::contradiction);
    EXPECT_NE(std::string(error.what()).find("/no/such/file cannot be read"), std::string::npos);
  }
}

// The first read of this process's memory, where nothing lies, fails; it is not the end of a short file.
TEST(InputHashes, RefuseAFileWhoseReadingFails) {
  test::RecordedEvents events;
  EXPECT_THROW(hash_files(std::vector<std::string>{"/proc/self/mem"}, events, {}), Error);
}

TEST(InputHashes, AreNotMadeOfFilesOnOtherMachines) {
  test::RecordedEvents events;
  const std::string far = "/vsicurl/http://127.0.0.1:1/far.tif";  // whoever reads it fails
  const auto hashes = hash_files(std::vector{far}, events, {});
  ASSERT_EQ(hashes.size(), 1U);
  EXPECT_EQ(hashes[0].path, far);
  EXPECT_EQ(hashes[0].sha256, "");
  EXPECT_TRUE(nlohmann::json::parse(environment_json({}, hashes, 0))["inputs"][0]["sha256"].is_null());
}

TEST(InputHashes, StopWhenToldTo) {
  const test::TempFolder folder;
  test::write_text(folder.file("a"), "a");
  test::RecordedEvents events;
  std::stop_source stop;
  stop.request_stop();
  try {
    hash_files(std::vector{folder.file("a")}, events, stop.get_token());
    ADD_FAILURE() << "not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::cancelled);
  }
}

TEST(RunEnvironment, SaysOnWhatTheNumbersMayDepend) {
  const test::TempFolder folder;
  const std::string path = folder.file("environment.json");
  write_environment(path, {"2.11.0", "cpu", "fp32", 3}, std::vector<FileHash>{{"a.tif", 7, "ab"}},
                    1750000000.9, false);
  const nlohmann::json json = nlohmann::json::parse(test::file_text(path));
  EXPECT_EQ(json["scarp"], version());
  EXPECT_EQ(json["torch"], "2.11.0");
  EXPECT_EQ(json["gdal"], geo::gdal_version());
  EXPECT_EQ(json["threads"], 3);
  EXPECT_EQ(json["started"], "2025-06-15T15:06:40Z");
  EXPECT_EQ(json["inputs"][0], (nlohmann::json{{"path", "a.tif"}, {"bytes", 7}, {"sha256", "ab"}}));
  EXPECT_GE(json["processor"]["threads"], 1);
  EXPECT_FALSE(json["compiler"].get<std::string>().empty());
  EXPECT_FALSE(json["system"].get<std::string>().empty());
  EXPECT_TRUE(nlohmann::json::parse(environment_json({}, {}, 0))["torch"].is_null());
}

}  // namespace
}  // namespace scarp::pipelines
