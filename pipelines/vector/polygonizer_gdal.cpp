// SPDX-License-Identifier: Apache-2.0
// GDALPolygonize on the whole mask in pixel units. What it returns is brought into one normal form, so that
// the answer does not depend on how a version of GDAL traces rings.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <gdal_alg.h>
#include <gdal_priv.h>
#include <ogrsf_frmts.h>

#include "pipelines/vector/error.h"
#include "pipelines/vector/error_scope_gdal.h"
#include "pipelines/vector/pixel_rings.h"
#include "pipelines/vector/polygonizer.h"

namespace scarp::vector {
namespace {

constexpr std::uint8_t kBackground = 0;
constexpr std::uint8_t kNodata = 255;

struct TracedObject {
  PixelOutline outline;
  int class_id = 0;
};

/// A ring that was traced in an area, in pixels of the scene.
PixelRing scene_ring(const OGRLinearRing& ring, const geo::Window& area) {
  PixelRing corners;
  for (int i = 0; i + 1 < ring.getNumPoints(); ++i) {
    corners.push_back({area.row + std::llround(ring.getY(i)), area.col + std::llround(ring.getX(i))});
  }
  return corners;
}

PixelOutline outline_of(const OGRPolygon& polygon, const geo::Window& area) {
  std::vector<PixelRing> rings;
  for (const OGRLinearRing* ring : polygon) rings.push_back(scene_ring(*ring, area));
  return normal_outline(std::move(rings));
}

geo::Ring map_ring(const PixelRing& corners, const geo::Grid& grid) {
  geo::Ring ring;
  ring.reserve(corners.size() + 1);
  for (const PixelCorner& corner : corners) {
    ring.push_back(grid.map_from_pixel({static_cast<double>(corner.row), static_cast<double>(corner.col)}));
  }
  // A raster whose rows do not run downwards on the map mirrors the ring.
  const auto& g = grid.geotransform;
  if (g[1] * g[5] - g[2] * g[4] > 0) std::reverse(ring.begin() + 1, ring.end());
  ring.push_back(ring.front());
  return ring;
}

void require_valid(const ClassPolygon& object) {
  OGRPolygon polygon;
  const auto add = [&](const geo::Ring& ring) {
    OGRLinearRing points;
    points.setNumPoints(static_cast<int>(ring.size()));
    for (std::size_t i = 0; i < ring.size(); ++i) points.setPoint(static_cast<int>(i), ring[i].x, ring[i].y);
    polygon.addRing(&points);
  };
  add(object.polygon.outer);
  for (const geo::Ring& hole : object.polygon.holes) add(hole);
  const GdalErrorScope errors;
  if (polygon.IsValid()) return;
  throw Error(
      Fault::invalid,
      fmt::format("the polygon of class {} at pixel row {}, column {} ({} pixels) is not valid: {}; "
                  "this is a defect of Scarp, please report it with the class raster",
                  object.class_id, object.window.row, object.first_col, object.pixels, errors.text()));
}

ClassPolygon class_polygon(const TracedObject& traced, const geo::Grid& grid) {
  ClassPolygon object;
  object.polygon.outer = map_ring(traced.outline.outer, grid);
  for (const PixelRing& hole : traced.outline.holes) object.polygon.holes.push_back(map_ring(hole, grid));
  object.window = bounding_window(traced.outline.outer);
  object.class_id = traced.class_id;
  object.pixels = pixel_count(traced.outline);
  object.first_col = traced.outline.outer.front().col;
  require_valid(object);
  return object;
}

void require_area(const geo::Grid& grid, const geo::Window& area) {
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  if (area.empty() || !grid.window().contains(area) || area.rows > kMost || area.cols > kMost) {
    throw Error(
        Fault::bad_argument,
        fmt::format("{} x {} pixels from row {}, column {} of a scene of {} x {} pixels cannot be made "
                    "polygons; choose an area inside the scene with sides of 1 to {} pixels",
                    area.rows, area.cols, area.row, area.col, grid.rows, grid.cols, kMost));
  }
}

/// Bands of the mask in memory: the classes, and which pixels become polygons.
GDALDatasetUniquePtr make_mask(const geo::Window& area) {
  GDALAllRegister();
  const GdalErrorScope errors;
  GDALDriver* memory = GetGDALDriverManager()->GetDriverByName("MEM");
  GDALDatasetUniquePtr mask(memory == nullptr
                                ? nullptr
                                : memory->Create("", static_cast<int>(area.cols), static_cast<int>(area.rows),
                                                 2, GDT_Byte, nullptr));
  if (!mask) {
    throw Error(Fault::out_of_space,
                fmt::format("no memory for a mask of {} x {} pixels ({}); choose a smaller area", area.rows,
                            area.cols, errors.text()));
  }
  return mask;
}

class GdalPolygonizer final : public Polygonizer {
 public:
  GdalPolygonizer(const geo::Grid& grid, const geo::Window& area, Sink sink)
      : grid_(grid), area_(area), sink_(std::move(sink)) {
    require_area(grid, area);
    mask_ = make_mask(area);
  }

  void push(const ClassRows& rows) override {
    check(rows);
    std::vector<std::uint8_t> wanted(rows.classes.size());
    std::transform(rows.classes.begin(), rows.classes.end(), wanted.begin(),
                   [](std::uint8_t id) -> std::uint8_t { return id != kBackground && id != kNodata; });
    // The pixels are only read: RasterIO's pointer is not const because it serves both directions.
    write(1, rows.rows, const_cast<std::uint8_t*>(rows.classes.data()));
    write(2, rows.rows, wanted.data());
    next_row_ += rows.rows;
  }

  void finish() override {
    if (!mask_ || next_row_ != area_.rows) {
      throw Error(Fault::bad_argument,
                  fmt::format("polygons can be finished once, after all rows: {} of {} rows came", next_row_,
                              area_.rows));
    }
    std::vector<TracedObject> objects = trace();
    mask_.reset();
    std::sort(objects.begin(), objects.end(), [](const TracedObject& a, const TracedObject& b) {
      return a.outline.outer.front() < b.outline.outer.front();
    });
    for (const TracedObject& object : objects) sink_(class_polygon(object, grid_));
  }

 private:
  void check(const ClassRows& rows) const {
    if (!mask_) throw Error(Fault::bad_argument, "rows were pushed after the polygons had been finished");
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

  void write(int band, std::int64_t rows, std::uint8_t* pixels) {
    if (rows == 0) return;
    const int width = static_cast<int>(area_.cols);
    const int height = static_cast<int>(rows);
    const GdalErrorScope errors;
    if (mask_->GetRasterBand(band)->RasterIO(GF_Write, 0, static_cast<int>(next_row_), width, height, pixels,
                                             width, height, GDT_Byte, 0, 0, nullptr) != CE_None) {
      throw Error(Fault::bad_argument, "rows of the mask cannot be kept: " + errors.text());
    }
  }

  std::vector<TracedObject> trace() {
    const GdalErrorScope errors;
    GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("Memory");
    if (driver == nullptr) driver = GetGDALDriverManager()->GetDriverByName("MEM");
    const GDALDatasetUniquePtr traced(driver->Create("", 0, 0, 0, GDT_Unknown, nullptr));
    OGRLayer* layer = traced ? traced->CreateLayer("objects", nullptr, wkbPolygon, nullptr) : nullptr;
    OGRFieldDefn class_field("class_id", OFTInteger);
    if (layer == nullptr || layer->CreateField(&class_field) != OGRERR_NONE ||
        GDALPolygonize(mask_->GetRasterBand(1), mask_->GetRasterBand(2), OGRLayer::ToHandle(layer), 0,
                       nullptr, nullptr, nullptr) != CE_None) {
      throw Error(Fault::invalid, "the mask cannot be polygonized: " + errors.text());
    }
    std::vector<TracedObject> objects;
    for (const auto& feature : *layer) {
      objects.push_back(
          {outline_of(*feature->GetGeometryRef()->toPolygon(), area_), feature->GetFieldAsInteger(0)});
    }
    return objects;
  }

  geo::Grid grid_;
  geo::Window area_;
  Sink sink_;
  GDALDatasetUniquePtr mask_;  ///< null once finished
  std::int64_t next_row_ = 0;
};

}  // namespace

std::unique_ptr<Polygonizer> make_gdal_polygonizer(const geo::Grid& grid,
                                                   const geo::Window& area,
                                                   Polygonizer::Sink sink) {
  return std::make_unique<GdalPolygonizer>(grid, area, std::move(sink));
}

}  // namespace scarp::vector
