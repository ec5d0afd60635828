// SPDX-License-Identifier: Apache-2.0
// writer_bench FOLDER POLYGONS POINTS [ROUNDS [WRITER]]   What it costs to write polygons with class, size
// and edge flag: Scarp's own writers and OGR's (CreateFeature in one transaction), in turn. One line of JSON
// a run.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numbers>
#include <string>
#include <sys/resource.h>

#include <gdal_priv.h>
#include <ogrsf_frmts.h>

#include "pipelines/vector/attribute_fields_ogr.h"
#include "pipelines/vector/vector_writer.h"

namespace {

namespace sv = scarp::vector;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Task {
  int polygons = 0;
  int points = 0;
};

/// One polygon after the other, row by row from the north as a polygonizer hands them out.
class Polygons {
 public:
  explicit Polygons(const Task& task)
      : task_(task), across_(std::max(1, static_cast<int>(std::sqrt(task.polygons)))) {
    attributes_.uid = "0123456789abcdef";
    attributes_.class_id = 1;
    attributes_.class_name = "landslide";
    attributes_.model_id = "scarp-mars";
    attributes_.area_m2 = 812.5;
    attributes_.perim_m = 112.25;
    polygon_.outer.resize(static_cast<std::size_t>(task.points));
  }

  const scarp::geo::Polygon& polygon(int i) {
    const double x = 500000 + 100.0 * (i * 7919 % across_);
    const double y = 5000000 - 100.0 * (i / across_);
    for (int k = 0; k < task_.points; ++k) {
      const double angle = 2 * std::numbers::pi * (k % (task_.points - 1)) / (task_.points - 1);
      polygon_.outer[static_cast<std::size_t>(k)] = {x + std::floor(40 * std::cos(angle)),
                                                     y + std::floor(40 * std::sin(angle))};
    }
    return polygon_;
  }
  const sv::ObjectAttributes& attributes() const { return attributes_; }

 private:
  Task task_;
  int across_;
  scarp::geo::Polygon polygon_;
  sv::ObjectAttributes attributes_;
};

scarp::geo::Crs zone() {
  return scarp::geo::Crs::from_user_input("EPSG:32632");
}

void write_directly(const std::string& path, const Task& task) {
  Polygons source(task);
  const auto writer = sv::make_vector_writer(path, zone(), {});
  for (int i = 0; i < task.polygons; ++i) writer->add(source.polygon(i), source.attributes());
  writer->finish();
}

void write_with_ogr(const std::string& path, const char* driver, const Task& task) {
  Polygons source(task);
  OGRSpatialReference reference;
  reference.importFromEPSG(32632);
  GDALDatasetUniquePtr dataset(
      GetGDALDriverManager()->GetDriverByName(driver)->Create(path.c_str(), 0, 0, 0, GDT_Unknown, nullptr));
  OGRLayer& layer = *dataset->CreateLayer("landslides", &reference, wkbPolygon, nullptr);
  sv::create_attribute_fields(layer);
  const bool transaction = dataset->StartTransaction() == OGRERR_NONE;
  sv::AttributeValues values;
  sv::Shape shape;
  for (int i = 0; i < task.polygons; ++i) {
    const OGRFeatureUniquePtr feature(OGRFeature::CreateFeature(layer.GetLayerDefn()));
    shape.clear();
    shape.add_part(source.polygon(i));
    sv::set_shape(*feature, shape.view(), false);
    sv::set_attribute_fields(*feature, values, source.attributes());
    if (layer.CreateFeature(feature.get()) != OGRERR_NONE) std::abort();
  }
  if (transaction && dataset->CommitTransaction() != OGRERR_NONE) std::abort();
}

std::string g_only;  ///< the one writer to be measured, if any

template <class Write>
void measure(const char* name, const std::string& path, const Task& task, const Write& write) {
  if (!g_only.empty() && g_only != name) return;
  std::filesystem::remove(path);
  const double cpu = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  write();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  const double used = cpu_seconds() - cpu;
  const auto bytes = static_cast<double>(std::filesystem::file_size(path));
  std::printf(
      R"({"writer": "%s", "polygons": %d, "points": %d, "cpu_s": %.3f, "wall_s": %.3f, "us_a_polygon": %.3f, )"
      R"("mb_a_s": %.0f, "mb": %.1f})"
      "\n",
      name, task.polygons, task.points, used, wall.count(), 1e6 * used / task.polygons, 1e-6 * bytes / used,
      1e-6 * bytes);
  std::fflush(stdout);
  std::filesystem::remove(path);
}

}  // namespace

int main(int count, char** values) {
  if (count < 4) {
    std::fprintf(stderr, "writer_bench FOLDER POLYGONS POINTS [ROUNDS [WRITER]]\n");
    return 2;
  }
  GDALAllRegister();
  CPLPushErrorHandler(CPLQuietErrorHandler);
  const std::string folder = values[1];
  const Task task{std::atoi(values[2]), std::atoi(values[3])};
  const int rounds = count > 4 ? std::atoi(values[4]) : 3;
  if (count > 5) g_only = values[5];
  measure("polygons alone", folder + "/none", task, [&] {
    Polygons source(task);
    double sum = 0;
    for (int i = 0; i < task.polygons; ++i) sum += source.polygon(i).outer.front().x;
    std::FILE* file = std::fopen((folder + "/none").c_str(), "w");
    std::fprintf(file, "%f", sum);
    std::fclose(file);
  });
  for (int round = 0; round < rounds; ++round) {
    for (const auto& [driver, ending] : {std::pair{"GPKG", ".gpkg"}, {"FlatGeobuf", ".fgb"}}) {
      const std::string path = folder + "/writer_bench" + ending;
      measure((std::string("Scarp ") + driver).c_str(), path, task, [&] { write_directly(path, task); });
      measure((std::string("OGR ") + driver).c_str(), path, task,
              [&] { write_with_ogr(path, driver, task); });
    }
  }
  return 0;
}
