// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pages/map_picture.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

std::uint8_t* pixel_of(geo::Picture& picture, std::int64_t row, std::int64_t col) {
  return picture.rgb.data() + 3 * (row * picture.cols + col);
}

void mix_colour(std::uint8_t* pixel, const Colour& colour, double share) {
  for (std::size_t c = 0; c < 3; ++c) {
    pixel[c] = static_cast<std::uint8_t>(std::lround(pixel[c] * (1 - share) + colour[c] * share));
  }
}

/// A line in picture coordinates: (x, y) from the upper left corner, pixel centres at halves.
struct Segment {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

double squared_distance(const Segment& s, double x, double y) {
  const double dx = s.x1 - s.x0;
  const double dy = s.y1 - s.y0;
  const double length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((x - s.x0) * dx + (y - s.y0) * dy) / length, 0.0, 1.0) : 0.0;
  const double ex = x - (s.x0 + t * dx);
  const double ey = y - (s.y0 + t * dy);
  return ex * ex + ey * ey;
}

/// Cuts a segment to the rectangle [-margin, cols + margin] x [-margin, rows + margin] (Liang & Barsky 1984).
/// @return false if nothing of it is inside
bool clip_segment(Segment& s, double cols, double rows, double margin) {
  const double dx = s.x1 - s.x0;
  const double dy = s.y1 - s.y0;
  const std::array<std::pair<double, double>, 4> borders = {
      {{-dx, s.x0 + margin}, {dx, cols + margin - s.x0}, {-dy, s.y0 + margin}, {dy, rows + margin - s.y0}}};
  double enter = 0;
  double leave = 1;
  for (const auto& [p, q] : borders) {
    if (p == 0) {
      if (q < 0) return false;
    } else if (p < 0) {
      enter = std::max(enter, q / p);
    } else {
      leave = std::min(leave, q / p);
    }
  }
  if (!(enter <= leave)) return false;
  s = {s.x0 + enter * dx, s.y0 + enter * dy, s.x0 + leave * dx, s.y0 + leave * dy};
  return true;
}

/// Colours pixels whose centre is nearer than half the thickness, walking along the longer axis.
void stroke_segment(geo::Picture& picture, Segment s, const Colour& colour, double thickness) {
  const double radius = 0.5 * thickness + 0.25;  // a line of one pixel leaves no gaps on a diagonal
  if (!clip_segment(s, picture.cols, picture.rows, radius)) return;
  const int steps = 1 + static_cast<int>(std::max(std::abs(s.x1 - s.x0), std::abs(s.y1 - s.y0)));
  for (int step = 0; step < steps; ++step) {
    const double t0 = static_cast<double>(step) / steps;
    const double t1 = static_cast<double>(step + 1) / steps;
    const auto [left, right] = std::minmax({s.x0 + t0 * (s.x1 - s.x0), s.x0 + t1 * (s.x1 - s.x0)});
    const auto [top, bottom] = std::minmax({s.y0 + t0 * (s.y1 - s.y0), s.y0 + t1 * (s.y1 - s.y0)});
    const int row_end = std::min(picture.rows - 1, static_cast<int>(std::floor(bottom + radius)));
    const int col_end = std::min(picture.cols - 1, static_cast<int>(std::floor(right + radius)));
    for (int row = std::max(0, static_cast<int>(std::floor(top - radius))); row <= row_end; ++row) {
      for (int col = std::max(0, static_cast<int>(std::floor(left - radius))); col <= col_end; ++col) {
        if (squared_distance(s, col + 0.5, row + 0.5) > radius * radius) continue;
        std::copy(colour.begin(), colour.end(), pixel_of(picture, row, col));
      }
    }
  }
}

geo::Picture white_picture(int rows, int cols) {
  return {
      rows, cols,
      std::vector<std::uint8_t>(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) * 3, 255)};
}

}  // namespace

std::pair<int, int> picture_size(const geo::Window& window, int max_side) {
  if (window.empty() || max_side < 1) {
    throw Error(Fault::usage,
                fmt::format("a picture of {} x {} pixels with at most {} a side cannot be drawn", window.rows,
                            window.cols, max_side));
  }
  const double scale = std::max(1.0, static_cast<double>(std::max(window.rows, window.cols)) / max_side);
  const auto side = [&](std::int64_t length) {
    return static_cast<int>(std::max(1.0, std::floor(static_cast<double>(length) / scale + 1e-9)));
  };
  return {side(window.rows), side(window.cols)};
}

void draw_outlines(geo::Picture& picture,
                   const geo::FeatureLayer& layer,
                   const geo::Grid& grid,
                   const geo::Window& window,
                   Colour colour,
                   double thickness) {
  const double per_row = static_cast<double>(picture.rows) / static_cast<double>(window.rows);
  const double per_col = static_cast<double>(picture.cols) / static_cast<double>(window.cols);
  const auto draw_ring = [&](const geo::Ring& ring) {
    for (std::size_t i = 1; i < ring.size(); ++i) {
      const geo::PixelPoint a = grid.pixel_from_map(ring[i - 1]);
      const geo::PixelPoint b = grid.pixel_from_map(ring[i]);
      const Segment segment = {(a.col - static_cast<double>(window.col)) * per_col,
                               (a.row - static_cast<double>(window.row)) * per_row,
                               (b.col - static_cast<double>(window.col)) * per_col,
                               (b.row - static_cast<double>(window.row)) * per_row};
      stroke_segment(picture, segment, colour, std::max(1.0, thickness));
    }
  };
  for (const geo::Feature& feature : layer.features) {
    for (const geo::Polygon& polygon : feature.parts) {
      draw_ring(polygon.outer);
      std::for_each(polygon.holes.begin(), polygon.holes.end(), draw_ring);
    }
  }
}

void draw_classes(geo::Picture& picture,
                  std::span<const std::uint8_t> classes,
                  std::int64_t rows,
                  std::int64_t cols,
                  std::span<const ClassColour> colours,
                  double opacity) {
  if (static_cast<std::int64_t>(classes.size()) != rows * cols || classes.empty()) {
    throw Error(Fault::usage, fmt::format("{} classes were given for a picture of {} x {} pixels",
                                          classes.size(), rows, cols));
  }
  std::array<const Colour*, 256> palette{};
  for (const ClassColour& entry : colours) {
    if (entry.class_id >= 0 && entry.class_id < 256)
      palette[static_cast<std::size_t>(entry.class_id)] = &entry.colour;
  }
  for (int row = 0; row < picture.rows; ++row) {
    const std::int64_t from_row = (2 * std::int64_t{row} + 1) * rows / (2 * std::int64_t{picture.rows});
    for (int col = 0; col < picture.cols; ++col) {
      const std::int64_t from_col = (2 * std::int64_t{col} + 1) * cols / (2 * std::int64_t{picture.cols});
      const Colour* colour = palette[classes[static_cast<std::size_t>(from_row * cols + from_col)]];
      if (colour != nullptr) mix_colour(pixel_of(picture, row, col), *colour, opacity);
    }
  }
}

geo::Picture side_by_side(std::span<const geo::Picture> pictures, int gap) {
  int rows = 0;
  int cols = pictures.empty() ? 0 : -gap;
  for (const geo::Picture& picture : pictures) {
    rows = std::max(rows, picture.rows);
    cols += picture.cols + gap;
  }
  geo::Picture out = white_picture(rows, cols);
  int left = 0;
  for (const geo::Picture& picture : pictures) {
    for (int row = 0; row < picture.rows; ++row) {
      const auto from = picture.rgb.begin() + 3 * static_cast<std::ptrdiff_t>(row) * picture.cols;
      std::copy(from, from + 3 * static_cast<std::ptrdiff_t>(picture.cols), pixel_of(out, row, left));
    }
    left += picture.cols + gap;
  }
  return out;
}

geo::Picture enlarged(const geo::Picture& picture, int min_side) {
  const int side = std::max({picture.rows, picture.cols, 1});
  const int factor = std::max(1, (min_side + side - 1) / side);
  return resized(picture, picture.rows * factor, picture.cols * factor);
}

geo::Picture resized(const geo::Picture& picture, int rows, int cols) {
  geo::Picture out = white_picture(rows, cols);
  for (int row = 0; row < rows; ++row) {
    const std::int64_t from_row = (2 * std::int64_t{row} + 1) * picture.rows / (2 * std::int64_t{rows});
    for (int col = 0; col < cols; ++col) {
      const std::int64_t from_col = (2 * std::int64_t{col} + 1) * picture.cols / (2 * std::int64_t{cols});
      const std::uint8_t* from = picture.rgb.data() + 3 * (from_row * picture.cols + from_col);
      std::copy(from, from + 3, pixel_of(out, row, col));
    }
  }
  return out;
}

}  // namespace scarp::pipelines
