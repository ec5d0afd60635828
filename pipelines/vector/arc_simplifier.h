// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "geo/grid.h"
#include "pipelines/vector/corner_rows.h"
#include "pipelines/vector/object_batch.h"

namespace scarp::vector {

enum class SimplifyMethod : std::uint8_t {
  douglas_peucker,     ///< what stays within the tolerance of a straight line goes (Douglas and Peucker 1973)
  visvalingam_whyatt,  ///< the least triangles go, up to the tolerance squared (Visvalingam and Whyatt 1993)
};

struct SimplifyOptions {
  double tolerance = 0;  ///< map units; 0: lines stay as they are
  SimplifyMethod method = SimplifyMethod::douglas_peucker;
  bool smooth = false;  ///< corners are cut twice (Chaikin 1974)
};

/// Simplifies borders arc by arc: an arc is the border between two objects from one junction to the next. Its
/// answer depends on the arc and on the corners around it alone, so that the objects on both sides get the
/// same points, bit for bit, though neither knows of the other.
///
/// A point goes only if the triangle of it and its neighbours holds no other corner of the raster's borders,
/// whether that one is kept itself or not. So every new segment can be moved to the line it stands for
/// without passing a corner; segments of two such lines cannot cross, nor can a ring flip or meet itself:
/// straight segments are the shortest of their kind, and those of paths that do not cross do not cross. Where
/// the triangle is not empty, the border keeps its point. Junctions, corners on the raster's frame and one
/// point of every arc that bulges to one side stay: no object vanishes.
class ArcSimplifier {
 public:
  /// @param corners  of the same raster, with all rows that an object to be simplified reaches
  ArcSimplifier(const geo::Grid& grid, const SimplifyOptions& options, const CornerRows& corners);

  /// A ring of an object that was traced with junctions.
  /// @param points  the ring's points on the map are added: in its direction, the first one again at the end
  void add_ring(std::span<const Corner> ring,
                std::span<const std::uint8_t> junctions,
                std::vector<geo::MapPoint>& points);

 private:
  struct Point {
    double row = 0;
    double col = 0;
  };
  struct Link {
    std::uint32_t before = 0;
    std::uint32_t after = 0;
    bool gone = false;
  };

  void simplify_arc(std::vector<Corner> arc, bool reversed);
  void rank_by_distance();
  void drop_by_distance();
  void drop_by_area();
  bool may_go(std::uint32_t i) const;
  void drop(std::uint32_t i);
  double triangle_area(std::uint32_t i) const;
  /// A corner that is no point of the arc between two of its points lies in the triangle, whose points are
  /// given in `unit`s of a pixel.
  bool holds_corner(const std::array<Corner, 3>& triangle,
                    std::int64_t unit,
                    std::uint32_t from,
                    std::uint32_t to) const;
  void emit_arc(bool reversed);
  void cut_corner(const Corner& a, const Corner& v, const Corner& b);

  geo::Grid grid_;
  SimplifyOptions options_;
  const CornerRows& corners_;

  std::vector<Point> ring_;  ///< under construction
  std::vector<Corner> arc_;
  std::vector<Link> links_;
  std::vector<double> ranks_;
  std::vector<std::uint32_t> places_;  ///< of the arc's points, sorted by corner
  std::uint32_t inner_ = 0;            ///< points between the ends that are left
  std::uint32_t least_inner_ = 0;
  std::vector<Point> line_;
};

}  // namespace scarp::vector
