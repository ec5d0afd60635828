// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/polygonizer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "pipelines/vector/class_tracer.h"
#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

constexpr std::uint8_t kBackground = 0;
constexpr std::uint8_t kNodata = 255;

void require_area(const geo::Grid& grid, const geo::Window& area) {
  if (!area.empty() && grid.window().contains(area) && area.rows <= kMostRows && area.cols <= kMostColumns) {
    return;
  }
  throw Error(Fault::bad_argument,
              fmt::format("{} x {} pixels from row {}, column {} of a scene of {} x {} pixels cannot be made "
                          "polygons; choose an area inside the scene with sides of 1 to {} pixels",
                          area.rows, area.cols, area.row, area.col, grid.rows, grid.cols, kMostColumns));
}

TracerOptions tracer_options() {
  TracerOptions options;
  options.rules.nodata = kNodata;
  return options;
}

class StreamingPolygonizer final : public Polygonizer {
 public:
  StreamingPolygonizer(const geo::Grid& grid, const geo::Window& area, Sink sink)
      : grid_(grid), area_(area), sink_(std::move(sink)) {
    require_area(grid, area);
    tracer_ = std::make_unique<ClassTracer<std::uint8_t>>(
        area.cols, tracer_options(), [this](const TracedObject& object) { hand_out(object); });
  }

  void push(const ClassRows& rows) override {
    check(rows);
    classes_.resize(rows.classes.size());
    std::transform(rows.classes.begin(), rows.classes.end(), classes_.begin(),
                   [](std::uint8_t id) { return id == kBackground ? kNodata : id; });
    tracer_->push(classes_);
    next_row_ += rows.rows;
  }

  void finish() override {
    if (!tracer_ || next_row_ != area_.rows) {
      throw Error(Fault::bad_argument,
                  fmt::format("polygons can be finished once, after all rows: {} of {} rows came", next_row_,
                              area_.rows));
    }
    tracer_->finish();
    tracer_.reset();
  }

 private:
  void check(const ClassRows& rows) const {
    if (!tracer_) throw Error(Fault::bad_argument, "rows were pushed after the polygons had been finished");
    if (rows.rows < 0 || std::cmp_not_equal(rows.classes.size(), rows.rows * area_.cols)) {
      throw Error(Fault::bad_argument,
                  fmt::format("{} rows of {} columns were announced, {} pixels were given", rows.rows,
                              area_.cols, rows.classes.size()));
    }
    if (next_row_ + rows.rows > area_.rows) {
      throw Error(Fault::bad_argument,
                  fmt::format("{} more rows after {} are more than the {} rows of the area", rows.rows,
                              next_row_, area_.rows));
    }
  }

  void hand_out(const TracedObject& traced) {
    ClassPolygon object;
    object.polygon.outer = map_ring(traced.ring(0), grid_, area_);
    for (std::size_t i = 1; i < traced.ring_ends.size(); ++i) {
      object.polygon.holes.push_back(map_ring(traced.ring(i), grid_, area_));
    }
    object.window = traced.window;
    object.window.row += area_.row;
    object.window.col += area_.col;
    object.class_id = traced.value;
    object.pixels = traced.pixels;
    object.first_col = area_.col + traced.first_col;
    sink_(std::move(object));
  }

  geo::Grid grid_;
  geo::Window area_;
  Sink sink_;
  std::unique_ptr<ClassTracer<std::uint8_t>> tracer_;  ///< null once finished
  std::vector<std::uint8_t> classes_;
  std::int64_t next_row_ = 0;
};

}  // namespace

geo::Ring map_ring(std::span<const Corner> corners, const geo::Grid& grid, const geo::Window& offset) {
  geo::Ring ring;
  ring.reserve(corners.size() + 1);
  for (const Corner& corner : corners) {
    ring.push_back(grid.map_from_pixel(
        {static_cast<double>(offset.row + corner.row), static_cast<double>(offset.col + corner.col)}));
  }
  // A raster whose rows do not run downwards on the map mirrors the ring.
  const auto& g = grid.geotransform;
  if (g[1] * g[5] - g[2] * g[4] > 0) std::reverse(ring.begin() + 1, ring.end());
  ring.push_back(ring.front());
  return ring;
}

std::unique_ptr<Polygonizer> make_polygonizer(const geo::Grid& grid,
                                              const geo::Window& area,
                                              Polygonizer::Sink sink) {
  return std::make_unique<StreamingPolygonizer>(grid, area, std::move(sink));
}

}  // namespace scarp::vector
