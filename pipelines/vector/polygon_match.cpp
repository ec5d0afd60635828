// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/polygon_match.h"

#include <algorithm>
#include <map>
#include <utility>

#include "geo/grid.h"
#include "pipelines/vector/shape.h"

namespace scarp::vector {
namespace {

/// A greatest matching of the pairs: each predicted polygon in turn takes a free partner, or one whose owner
/// can go elsewhere.
class Matching {
 public:
  /// @param pairs  best first
  explicit Matching(const std::vector<PolygonPair>& pairs) {
    // Those with the best pairs begin.
    std::vector<std::size_t> order;
    for (const PolygonPair& pair : pairs) {
      std::vector<std::size_t>& partners = partners_[pair.predicted];
      if (partners.empty()) order.push_back(pair.predicted);
      partners.push_back(pair.labelled);
    }
    for (const std::size_t predicted : order) {
      ++turn_;
      settle(predicted);
    }
  }

  bool holds(const PolygonPair& pair) const {
    const auto owner = owner_.find(pair.labelled);
    return owner != owner_.end() && owner->second == pair.predicted;
  }

 private:
  bool settle(std::size_t predicted) {
    for (const std::size_t labelled : partners_[predicted]) {
      if (std::exchange(seen_[labelled], turn_) == turn_) continue;
      const auto owner = owner_.find(labelled);
      if (owner == owner_.end() || settle(owner->second)) {
        owner_[labelled] = predicted;
        return true;
      }
    }
    return false;
  }

  std::map<std::size_t, std::vector<std::size_t>> partners_;  ///< of a predicted polygon, best first
  std::map<std::size_t, std::size_t> owner_;                  ///< of a labelled polygon
  std::map<std::size_t, int> seen_;                           ///< in which turn
  int turn_ = 0;
};

/// Metres of a map unit in the middle of a polygon.
MetresPerUnit metres_at(const geo::Feature& feature, const geo::Crs& crs) {
  const Bounds bounds = bounds_of(feature.parts.front().outer);
  geo::Grid grid{1, 1, {bounds.min_x, 1, 0, bounds.max_y, 0, -1}, crs};
  if (crs.geographic()) {
    constexpr double kDegrees = 1e-6;
    grid.geotransform = {(bounds.min_x + bounds.max_x) / 2, kDegrees, 0,
                         (bounds.min_y + bounds.max_y) / 2, 0,        -kDegrees};
    const geo::Grid::PixelSize pixel = grid.pixel_size();
    return {pixel.x_m / kDegrees, pixel.y_m / kDegrees};
  }
  const geo::Grid::PixelSize pixel = grid.pixel_size();
  return {pixel.x_m, pixel.y_m};
}

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::vector<PolygonPair> best_pairs(std::span<const PolygonPair> pairs, double least_iou) {
  std::vector<PolygonPair> good;
  std::copy_if(pairs.begin(), pairs.end(), std::back_inserter(good),
               [&](const PolygonPair& pair) { return pair.iou >= least_iou; });
  std::stable_sort(good.begin(), good.end(),
                   [](const PolygonPair& a, const PolygonPair& b) { return a.iou > b.iou; });
  const Matching matching(good);
  std::erase_if(good, [&](const PolygonPair& pair) { return !matching.holds(pair); });
  return good;
}

double PolygonScores::precision() const {
  return share(matched, predicted);
}

double PolygonScores::recall() const {
  return share(matched, labelled);
}

double PolygonScores::f1() const {
  return share(2 * matched, predicted + labelled);
}

PolygonScores scores_of(std::span<const PolygonPair> matched,
                        double least_iou,
                        std::int64_t predicted,
                        std::int64_t labelled) {
  PolygonScores scores{least_iou, predicted, labelled, std::ssize(matched), {}, {}};
  if (matched.empty()) return scores;
  double iou = 0;
  for (const PolygonPair& pair : matched) iou += pair.iou;
  scores.mean_iou = iou / static_cast<double>(matched.size());
  return scores;
}

std::vector<PolygonScores> match_polygons(std::span<const geo::Feature> predicted,
                                          std::span<const geo::Feature> labelled,
                                          std::span<const double> thresholds,
                                          const geo::Crs& crs) {
  const std::vector<PolygonPair> pairs = overlapping_pairs(predicted, labelled);
  std::map<std::pair<std::size_t, std::size_t>, double> distances;
  const auto distance_of = [&](const PolygonPair& pair) {
    const auto [found, fresh] = distances.try_emplace({pair.predicted, pair.labelled}, 0);
    const geo::Feature& label = labelled[pair.labelled];
    if (fresh) found->second = boundary_distance_m(predicted[pair.predicted], label, metres_at(label, crs));
    return found->second;
  };
  std::vector<PolygonScores> scores;
  for (const double threshold : thresholds) {
    const std::vector<PolygonPair> matched = best_pairs(pairs, threshold);
    PolygonScores& at =
        scores.emplace_back(scores_of(matched, threshold, std::ssize(predicted), std::ssize(labelled)));
    if (matched.empty()) continue;
    double distance = 0;
    for (const PolygonPair& pair : matched) distance += distance_of(pair);
    at.boundary_m = distance / static_cast<double>(matched.size());
  }
  return scores;
}

}  // namespace scarp::vector
