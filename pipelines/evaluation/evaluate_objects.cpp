// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_objects.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace scarp::pipelines {
namespace {

double object_ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

void count_pixels(std::span<const std::uint32_t> row,
                  std::size_t highest,
                  std::vector<std::int64_t>& pixels) {
  pixels.resize(highest + 1, 0);
  for (const std::uint32_t number : row) ++pixels[number];
}

/// Pixels of final objects, by final number.
std::map<std::uint32_t, std::int64_t> merged(ObjectLabeller& labeller,
                                             const std::vector<std::int64_t>& pixels) {
  std::map<std::uint32_t, std::int64_t> objects;
  for (std::uint32_t number = 1; number < pixels.size(); ++number)
    objects[labeller.object_of(number)] += pixels[number];
  return objects;
}

}  // namespace

std::uint32_t ObjectLabeller::object_of(std::uint32_t provisional) {
  while (parent_[provisional] != provisional) {
    parent_[provisional] = parent_[parent_[provisional]];
    provisional = parent_[provisional];
  }
  return provisional;
}

std::span<const std::uint32_t> ObjectLabeller::push(std::span<const std::uint8_t> mask) {
  std::uint32_t left = 0;
  for (std::size_t col = 0; col < above_.size(); ++col) {
    if (mask[col] == 0) {
      left = above_[col] = 0;
      continue;
    }
    const std::uint32_t up = above_[col];
    if (up != 0 && left != 0) {
      const std::uint32_t a = object_of(up);
      const std::uint32_t b = object_of(left);
      parent_[std::max(a, b)] = std::min(a, b);
    } else if (up == 0 && left == 0) {
      left = static_cast<std::uint32_t>(parent_.size());
      parent_.push_back(left);
    }
    if (left == 0) left = up;
    above_[col] = left;
  }
  return above_;
}

double ObjectScores::precision() const {
  return object_ratio(matched, predicted);
}
double ObjectScores::recall() const {
  return object_ratio(matched, labelled);
}
double ObjectScores::f1() const {
  return object_ratio(2 * matched, predicted + labelled);
}

void ObjectMatcher::push(std::span<const std::uint8_t> predicted, std::span<const std::uint8_t> labelled) {
  const auto predicted_row = predicted_.push(predicted);
  const auto labelled_row = labelled_.push(labelled);
  count_pixels(predicted_row, predicted_.provisional_count(), predicted_pixels_);
  count_pixels(labelled_row, labelled_.provisional_count(), labelled_pixels_);
  for (std::size_t col = 0; col < predicted_row.size(); ++col) {
    if (predicted_row[col] == 0 || labelled_row[col] == 0) continue;
    ++shared_pixels_[std::uint64_t{predicted_row[col]} << 32 | labelled_row[col]];
  }
}

ObjectMatcher::Overlaps ObjectMatcher::overlaps() {
  Overlaps all{merged(predicted_, predicted_pixels_), merged(labelled_, labelled_pixels_), {}};
  for (const auto& [key, pixels] : shared_pixels_) {
    all.shared[{predicted_.object_of(static_cast<std::uint32_t>(key >> 32)),
                labelled_.object_of(static_cast<std::uint32_t>(key & 0xFFFFFFFFU))}] += pixels;
  }
  return all;
}

ObjectScores ObjectMatcher::scores() {
  const Overlaps all = overlaps();
  ObjectScores scores;
  scores.predicted = static_cast<std::int64_t>(all.predicted.size());
  scores.labelled = static_cast<std::int64_t>(all.labelled.size());
  std::set<std::uint32_t> taken_predicted;
  std::set<std::uint32_t> taken_labelled;
  for (const auto& [pair, pixels] : all.shared) {
    const std::int64_t together = all.predicted.at(pair.first) + all.labelled.at(pair.second) - pixels;
    if (2 * pixels < together || taken_predicted.contains(pair.first) || taken_labelled.contains(pair.second))
      continue;
    taken_predicted.insert(pair.first);
    taken_labelled.insert(pair.second);
    ++scores.matched;
  }
  return scores;
}

std::vector<vector::PolygonScores> ObjectMatcher::scores_at(std::span<const double> least_ious) {
  const Overlaps all = overlaps();
  std::vector<vector::PolygonPair> pairs;
  for (const auto& [pair, pixels] : all.shared) {
    const std::int64_t together = all.predicted.at(pair.first) + all.labelled.at(pair.second) - pixels;
    pairs.push_back({pair.first, pair.second, static_cast<double>(pixels) / static_cast<double>(together)});
  }
  std::vector<vector::PolygonScores> scores;
  for (const double least_iou : least_ious) {
    const std::vector<vector::PolygonPair> matched = vector::best_pairs(pairs, least_iou);
    scores.push_back(
        vector::scores_of(matched, least_iou, std::ssize(all.predicted), std::ssize(all.labelled)));
  }
  return scores;
}

}  // namespace scarp::pipelines
