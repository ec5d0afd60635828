// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/polygonizer.h"

#include <algorithm>
#include <cstring>
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
  options.rules.sums = true;
  return options;
}

/// A row of values that outlives the caller's.
struct KeptRow {
  std::vector<std::uint8_t> confidence, terrain_valid;
  std::vector<float> elevation, slope, east, north;

  PixelRow keep(const PixelRow& row) {
    const auto copy = [](auto& to, const auto& from) { to.assign(from.begin(), from.end()); };
    copy(confidence, row.confidence);
    copy(elevation, row.elevation_m);
    copy(slope, row.slope_deg);
    copy(east, row.gradient_east);
    copy(north, row.gradient_north);
    copy(terrain_valid, row.terrain_valid);
    return {confidence, elevation, slope, east, north, terrain_valid};
  }
};

/// The values of some rows, and which pixels lie beside nodata.
class RowValues final : public BandValues {
 public:
  /// @param classes  from the first row on; `rows_above` rows lie before it, and one more row behind the last
  ///                 that will be asked for unless that is the last of the area
  RowValues(std::int64_t first_row,
            std::int64_t cols,
            std::span<const std::uint8_t> classes,
            std::int64_t rows_above,
            std::span<const PixelRow> pixels)
      : first_row_(first_row), cols_(cols), classes_(classes), rows_above_(rows_above), pixels_(pixels) {}

  void add_run(std::int64_t row, std::int32_t begin, std::int32_t end, PixelSums& sums) override {
    const std::int64_t i = row - first_row_;
    if (!pixels_.empty()) {
      sums.add_run(pixels_[static_cast<std::size_t>(i)], static_cast<std::size_t>(begin),
                   static_cast<std::size_t>(end));
    }
    const std::int64_t own = i + rows_above_;
    if ((begin > 0 && holds_nodata(own, begin - 1, begin)) ||
        (end < cols_ && holds_nodata(own, end, end + 1)) || holds_nodata(own - 1, begin, end) ||
        holds_nodata(own + 1, begin, end)) {
      sums.set_at_edge();
    }
  }

 private:
  bool holds_nodata(std::int64_t row, std::int64_t begin, std::int64_t end) const {
    const auto from = static_cast<std::size_t>(row * cols_ + begin);
    if (row < 0 || from >= classes_.size()) return false;
    return std::memchr(classes_.data() + from, kNodata, static_cast<std::size_t>(end - begin)) != nullptr;
  }

  std::int64_t first_row_;
  std::int64_t cols_;
  std::span<const std::uint8_t> classes_;
  std::int64_t rows_above_;
  std::span<const PixelRow> pixels_;
};

class StreamingPolygonizer final : public Polygonizer {
 public:
  StreamingPolygonizer(const geo::Grid& grid, const geo::Window& area, Sink sink)
      : grid_(grid), area_(area), sink_(std::move(sink)) {
    require_area(grid, area);
    tracer_ = std::make_unique<ClassTracer<std::uint8_t>>(
        area.cols, tracer_options(), [this](const TracedObject& object) { hand_out(object); });
  }

  /// The last row waits until it is known what lies below it.
  void push(const ClassRows& rows) override {
    check(rows);
    if (rows.rows == 0) return;
    classes_.insert(classes_.end(), rows.classes.begin(), rows.classes.end());
    pixels_.insert(pixels_.end(), rows.pixels.begin(), rows.pixels.end());
    next_row_ += rows.rows;
    trace(next_row_ - 1);
    const auto kept = std::min<std::size_t>(classes_.size(), 2 * static_cast<std::size_t>(area_.cols));
    classes_.erase(classes_.begin(), classes_.end() - static_cast<std::ptrdiff_t>(kept));
    if (!pixels_.empty()) pixels_ = {last_row_.keep(pixels_.back())};
  }

  void finish() override {
    if (!tracer_ || next_row_ != area_.rows) {
      throw Error(Fault::bad_argument,
                  fmt::format("polygons can be finished once, after all rows: {} of {} rows came", next_row_,
                              area_.rows));
    }
    trace(next_row_);
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
    if (!rows.pixels.empty() && std::cmp_not_equal(rows.pixels.size(), rows.rows)) {
      throw Error(Fault::bad_argument, fmt::format("{} rows were announced, values of {} rows were given",
                                                   rows.rows, rows.pixels.size()));
    }
    if (next_row_ + rows.rows > area_.rows) {
      throw Error(Fault::bad_argument,
                  fmt::format("{} more rows after {} are more than the {} rows of the area", rows.rows,
                              next_row_, area_.rows));
    }
  }

  /// Traces the rows that were not traced yet, up to one of the area. `classes_` ends with the row before
  /// next_row_.
  void trace(std::int64_t end_row) {
    const std::int64_t rows = end_row - traced_rows_;
    if (rows <= 0) return;
    const std::int64_t rows_above =
        static_cast<std::int64_t>(classes_.size()) / area_.cols - (next_row_ - traced_rows_);
    const auto first = classes_.begin() + static_cast<std::ptrdiff_t>(rows_above * area_.cols);
    band_.resize(static_cast<std::size_t>(rows * area_.cols));
    std::transform(first, first + static_cast<std::ptrdiff_t>(band_.size()), band_.begin(),
                   [](std::uint8_t id) { return id == kBackground ? kNodata : id; });
    RowValues values(traced_rows_, area_.cols, classes_, rows_above, pixels_);
    tracer_->push(band_, &values);
    traced_rows_ = end_row;
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
    for (const Corner& corner : traced.ring(0)) {
      object.corners.push_back(
          {static_cast<double>(area_.row + corner.row), static_cast<double>(area_.col + corner.col)});
    }
    object.sums = *traced.sums;
    sink_(std::move(object));
  }

  geo::Grid grid_;
  geo::Window area_;
  Sink sink_;
  std::unique_ptr<ClassTracer<std::uint8_t>> tracer_;  ///< null once finished
  std::vector<std::uint8_t> classes_;  ///< rows as they came: one above those to be traced, and these
  std::vector<PixelRow> pixels_;       ///< of the rows to be traced
  KeptRow last_row_;
  std::vector<std::uint8_t> band_;  ///< background is nodata
  std::int64_t next_row_ = 0;
  std::int64_t traced_rows_ = 0;
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
