// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "geo/grid.h"
#include "pipelines/pages/map_picture.h"
#include "pipelines/pages/report_html.h"

namespace scarp::pipelines {

/// A picture of hits and errors that is filled while rows go by. A pixel of the picture shows the mean of the
/// pixels under it.
class ErrorMap {
 public:
  ErrorMap(const geo::Window& window, int max_side);

  /// @param rows  a window as wide as that of the map; @param prediction, truth  class ids [rows, cols], 255
  /// unknown
  void add(const geo::Window& rows,
           std::span<const std::uint8_t> prediction,
           std::span<const std::uint8_t> truth);

  int rows() const { return rows_; }
  int cols() const { return cols_; }
  /// @param ground  what the map lies over, rows() x cols(); null: plain
  geo::Picture picture(const geo::Picture* ground) const;
  /// Hit, false alarm, missed: colours that are told apart with any kind of colour vision (after Okabe & Ito
  /// 2008).
  static std::vector<LegendEntry> legend(bool with_ground);

 private:
  struct Cell {
    std::int32_t hit = 0;
    std::int32_t false_alarm = 0;
    std::int32_t missed = 0;
    std::int32_t labelled = 0;
    std::int32_t pixels = 0;
  };

  geo::Window window_;
  int rows_ = 0;
  int cols_ = 0;
  std::vector<Cell> cells_;
};

/// What lies under the error map: an optical raster, or the relief of an elevation raster (one band that is
/// not of bytes), on the window's ground. Only for rasters in the grid's CRS.
/// @throws Error (contradiction) if the CRS is another one or no ground is shared, geo::Error
geo::Picture render_ground(const std::string& path,
                           const geo::Grid& grid,
                           const geo::Window& window,
                           int rows,
                           int cols);

}  // namespace scarp::pipelines
