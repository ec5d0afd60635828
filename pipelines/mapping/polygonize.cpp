// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/polygonize.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "pipelines/error.h"
#include "pipelines/mapping/object_values.h"
#include "pipelines/vector/class_raster_gdal.h"
#include "pipelines/vector/class_tracer.h"
#include "pipelines/vector/vector_writer.h"
#include "pipelines/version.h"

namespace scarp::pipelines {
namespace {

std::map<std::string, std::string> provenance(const PolygonizeOptions& options) {
  std::map<std::string, std::string> facts = {
      {"SCARP_VERSION", version()},
      {"SCARP_CLASSES", options.raster},
      {"SCARP_CONNECTEDNESS", options.limits.eight_connected ? "8" : "4"}};
  if (!options.dem.empty()) facts["SCARP_DEM"] = options.dem;
  if (!options.confidence.empty()) facts["SCARP_CONFIDENCE"] = options.confidence;
  return facts;
}

/// Finished objects become features of the output.
class Features {
 public:
  Features(const PolygonizeOptions& options, const vector::ClassRaster& raster)
      : options_(options),
        grid_(raster.grid()),
        geodesic_(grid_.crs),
        simplifier_(grid_, options.simplify, corner_rows_),
        values_(options.raster, options.dem, options.confidence) {
    for (const vector::StyleClass& named : raster.classes()) names_[named.class_id] = named.name;
    vector::VectorWriterOptions writer;
    writer.format = options.format;
    writer.layer = options.layer;
    writer.several_parts = options.limits.eight_connected;
    writer.classes = raster.classes();
    writer.provenance = provenance(options);
    writer.creation = options.creation;
    writer.overwrite = options.overwrite;
    writer_ = vector::make_vector_writer(options.output, grid_.crs, writer);
  }

  void add(const vector::TracedObject& object) {
    const bool nested = options_.limits.holes_hold_objects();
    const bool kept = shape_.make(object, grid_, options_.limits, geodesic_, nested ? &kept_ : nullptr);
    report_.filled_holes += kept ? shape_.filled_holes() : 0;
    if (!kept) {
      ++report_.dropped_small;
      return;
    }
    if (nested) kept_.add(object.window.row, object.first_col);
    vector::ObjectAttributes attributes;
    attributes.class_id = object.value;
    const auto name = names_.find(object.value);
    if (name != names_.end()) attributes.class_name = name->second;
    attributes.area_m2 = shape_.area_m2();
    attributes.perim_m = shape_.perimeter_m();
    attributes.edge = !grid_.window().contains(object.window.grown(1));
    attributes.uid = vector::object_uid(grid_, object.window.row, object.first_col, object.value, {});
    if (object.sums != nullptr) set_values(object, attributes);
    report_.area_m2 += attributes.area_m2;
    if (simplifies()) shape_.simplify(object, grid_, simplifier_);
    writer_->add(shape_.view(), attributes);
  }

  /// What is to be summed while objects are traced.
  ObjectValues& values() { return values_; }
  /// Where the tracer keeps corners; null if nobody asks for them.
  vector::CornerRows* corner_rows() { return simplifies() ? &corner_rows_ : nullptr; }
  /// Objects to come begin in this row or below.
  void rows_done(std::int64_t row) { kept_.forget_above(row); }

  PolygonizeReport finish() {
    writer_->finish();
    report_.polygons = writer_->count();
    return report_;
  }

 private:
  void set_values(const vector::TracedObject& object, vector::ObjectAttributes& attributes) {
    corners_.clear();
    for (const vector::Corner& corner : object.corners) {
      corners_.push_back({static_cast<double>(corner.row), static_cast<double>(corner.col)});
    }
    vector::set_pixel_attributes(*object.sums, corners_, grid_.cropped(object.window).pixel_size(),
                                 attributes);
  }

  bool simplifies() const { return options_.simplify.tolerance > 0 || options_.simplify.smooth; }

  const PolygonizeOptions& options_;
  geo::Grid grid_;
  geo::GeodesicMeasure geodesic_;
  vector::CornerRows corner_rows_;
  vector::ArcSimplifier simplifier_;
  ObjectValues values_;
  std::map<int, std::string> names_;
  vector::ObjectShape shape_;
  vector::KeptObjects kept_;  ///< those that may lie in holes of others
  std::vector<geo::PixelPoint> corners_;
  std::unique_ptr<vector::VectorWriter> writer_;
  PolygonizeReport report_;
};

vector::TracerOptions tracer_options(const PolygonizeOptions& options,
                                     const vector::ClassRaster& raster,
                                     Features& features) {
  vector::TracerOptions tracer;
  tracer.rules.eight_connected = options.limits.eight_connected;
  tracer.rules.nodata = raster.nodata();
  tracer.corner_rows = features.corner_rows();
  tracer.rules.junctions = tracer.corner_rows != nullptr;
  if (options.limits.holes_hold_objects()) {
    tracer.rows_done = [&](std::int64_t row) { features.rows_done(row); };
  }
  tracer.rules.sums = features.values().known();
  tracer.workers = options.workers;
  tracer.band_rows = tracer.rules.sums ? 0 : vector::rows_of_blocks(raster);
  return tracer;
}

/// Tells of rows that were read, by any thread.
class ReadProgress {
 public:
  ReadProgress(std::int64_t rows, Events& events) : rows_(rows), events_(events) {}
  void add(std::int64_t rows) {
    const std::lock_guard lock(mutex_);
    read_ += rows;
    events_.progress(static_cast<double>(read_) / static_cast<double>(rows_));
  }

 private:
  std::mutex mutex_;
  std::int64_t rows_;
  std::int64_t read_ = 0;
  Events& events_;
};

template <typename T>
void trace(vector::ClassRaster raster,
           const PolygonizeOptions& options,
           Features& features,
           Events& events,
           const std::stop_token& stop) {
  const vector::TracerOptions tracer = tracer_options(options, raster, features);
  const geo::Grid grid = raster.grid();
  ReadProgress progress(grid.rows, events);
  // Bands that cut blocks are read by one thread, which keeps these.
  const int readers =
      tracer.band_rows > 0 ? std::max(1, static_cast<int>(std::thread::hardware_concurrency())) : 1;
  vector::ClassRasterPool pool(std::move(raster), readers);
  const auto read = [&](std::int64_t first_row, std::int64_t rows, T* pixels) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "cancelled; no output was written");
    pool.read(first_row, rows, pixels);
    progress.add(rows);
  };
  vector::trace_classes<T>(
      grid.rows, grid.cols, tracer, read, [&](const vector::TracedObject& object) { features.add(object); },
      [&](std::int64_t first_row, std::int64_t rows) { return features.values().read(first_row, rows); });
}

}  // namespace

PolygonizeReport polygonize(const PolygonizeOptions& options, Events& events, std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  options.limits.check();
  vector::ClassRaster raster(options.raster, options.band);
  Features features(options, raster);
  events.stage("polygons");
  switch (raster.type()) {
    case vector::ClassRaster::Type::u8:
      trace<std::uint8_t>(std::move(raster), options, features, events, stop);
      break;
    case vector::ClassRaster::Type::u16:
      trace<std::uint16_t>(std::move(raster), options, features, events, stop);
      break;
    case vector::ClassRaster::Type::i32:
      trace<std::int32_t>(std::move(raster), options, features, events, stop);
      break;
  }
  events.stage("writing");
  PolygonizeReport report = features.finish();
  events.result("polygons", options.output);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace scarp::pipelines
