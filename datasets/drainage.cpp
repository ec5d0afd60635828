// SPDX-License-Identifier: Apache-2.0
#include "datasets/drainage.h"

#include <algorithm>
#include <array>
#include <numbers>

#include "datasets/random.h"

namespace scarp::datasets {
namespace {

constexpr int kBuckets = 1 << 14;
constexpr float kSqrt2 = std::numbers::sqrt2_v<float>;
constexpr std::array<std::array<int, 2>, 8> kNeighbours = {
    {{-1, 0}, {0, -1}, {0, 1}, {1, 0}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}}};

/// First-in first-out queues, one a bucket of height, as chains through one array.
class HeightQueue {
 public:
  explicit HeightQueue(std::size_t cells) : next_(cells, -1), head_(kBuckets, -1), tail_(kBuckets, -1) {}
  void push(std::int32_t cell, int bucket) {
    bucket = std::max(bucket, lowest_);
    if (head_[bucket] < 0) {
      head_[bucket] = cell;
    } else {
      next_[tail_[bucket]] = cell;
    }
    tail_[bucket] = cell;
  }
  /// The next cell of the lowest bucket; -1 when all are empty.
  std::int32_t pop() {
    while (lowest_ < kBuckets && head_[lowest_] < 0) ++lowest_;
    if (lowest_ == kBuckets) return -1;
    const std::int32_t cell = head_[lowest_];
    head_[lowest_] = next_[cell];
    return cell;
  }

 private:
  std::vector<std::int32_t> next_, head_, tail_;
  int lowest_ = 0;
};

class Flood {
 public:
  Flood(const HeightField& heights, std::uint64_t seed)
      : heights_(heights), seed_(seed), queue_(heights.values.size()), done_(heights.values.size(), 0) {
    const auto [low, high] = std::minmax_element(heights.values.begin(), heights.values.end());
    low_ = *low;
    scale_ = *high > *low ? static_cast<float>(kBuckets - 1) / (*high - *low) : 0;
    result_.receiver.assign(heights.values.size(), -1);
    result_.order.reserve(heights.values.size());
  }

  void start(std::int32_t cell) {
    result_.receiver[cell] = cell;
    queue_.push(cell, bucket(cell));
  }

  Drainage run() {
    for (std::int32_t cell = queue_.pop(); cell >= 0; cell = queue_.pop()) visit(cell);
    result_.area.assign(heights_.values.size(), 1);
    for (auto cell = result_.order.rbegin(); cell != result_.order.rend(); ++cell) {
      const std::int32_t to = result_.receiver[*cell];
      if (to != *cell) result_.area[to] += result_.area[*cell];
    }
    return std::move(result_);
  }

 private:
  int bucket(std::int32_t cell) const { return static_cast<int>((heights_.values[cell] - low_) * scale_); }

  // A cell is first given to the neighbour that reached it, which is right within depressions; elsewhere to
  // the steepest descent among neighbours that are already drained.
  void visit(std::int32_t cell) {
    const int row = cell / heights_.cols, col = cell % heights_.cols;
    const bool outlet = result_.receiver[cell] == cell;
    const std::uint64_t dice = mixed(seed_ ^ static_cast<std::uint64_t>(cell));
    float steepest = 0;
    for (std::size_t k = 0; k < kNeighbours.size(); ++k) {
      const int r = row + kNeighbours[k][0], c = col + kNeighbours[k][1];
      if (!heights_.inside(r, c)) continue;
      const std::int32_t neighbour = r * heights_.cols + c;
      if (result_.receiver[neighbour] < 0) {
        result_.receiver[neighbour] = cell;
        queue_.push(neighbour, bucket(neighbour));
      } else if (!outlet && done_[neighbour]) {
        const float sway = 0.8F + 0.4F / 256 * static_cast<float>((dice >> (8 * k)) & 255U);
        const float descent =
            (heights_.values[cell] - heights_.values[neighbour]) * sway / (k < 4 ? 1.0F : kSqrt2);
        if (descent > steepest) {
          steepest = descent;
          result_.receiver[cell] = neighbour;
        }
      }
    }
    done_[cell] = 1;
    result_.order.push_back(cell);
  }

  const HeightField& heights_;
  std::uint64_t seed_;
  HeightQueue queue_;
  std::vector<std::uint8_t> done_;
  Drainage result_;
  float low_ = 0;
  float scale_ = 0;
};

}  // namespace

Drainage drain(const HeightField& heights, const std::vector<std::uint8_t>& outlets, std::uint64_t seed) {
  Flood flood(heights, seed);
  for (int row = 0; row < heights.rows; ++row) {
    const bool edge_row = row == 0 || row == heights.rows - 1;
    for (int col = 0; col < heights.cols; ++col) {
      const std::size_t cell = heights.index(row, col);
      const bool border = edge_row || col == 0 || col == heights.cols - 1;
      if (outlets.empty() ? border : outlets[cell] != 0) flood.start(static_cast<std::int32_t>(cell));
    }
  }
  return flood.run();
}

float neighbour_distance(std::int32_t a, std::int32_t b, int cols) {
  const std::int32_t step = std::abs(a - b);
  return step == 1 || step == cols ? 1.0F : kSqrt2;
}

}  // namespace scarp::datasets
