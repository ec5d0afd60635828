// SPDX-License-Identifier: Apache-2.0
#include "datasets/ground_split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <string>

#include "datasets/error.h"

namespace scarp::datasets {
namespace {

geo::Window bounding_window(const geo::Feature& feature, const geo::Grid& grid) {
  geo::Window window;
  for (const geo::Polygon& part : feature.parts) {
    double top = 1e300, left = 1e300, bottom = -1e300, right = -1e300;
    for (const geo::MapPoint& point : part.outer) {
      const geo::PixelPoint pixel = grid.pixel_from_map(point);
      top = std::min(top, pixel.row), bottom = std::max(bottom, pixel.row);
      left = std::min(left, pixel.col), right = std::max(right, pixel.col);
    }
    const auto row = std::llround(top), col = std::llround(left);
    window = geo::enclosing(window, {row, col, std::llround(bottom) - row, std::llround(right) - col});
  }
  return window;
}

void cut(const geo::Window& window, int side, std::vector<geo::Window>& blocks) {
  for (std::int64_t row = window.row; row < window.row_end(); row += side) {
    for (std::int64_t col = window.col; col < window.col_end(); col += side) {
      blocks.push_back({row, col, std::min<std::int64_t>(side, window.row_end() - row),
                        std::min<std::int64_t>(side, window.col_end() - col)});
    }
  }
}

/// Sets that are joined until they stand apart (Galler & Fischer 1964).
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t item) {
    while (parent_[item] != item) item = parent_[item] = parent_[parent_[item]];
    return item;
  }
  void join(std::size_t a, std::size_t b) {
    parent_[std::max(find(a), find(b))] = std::min(find(a), find(b));
  }

 private:
  std::vector<std::size_t> parent_;
};

// Blocks that share a corner touch.
bool touch(const geo::Window& a, const geo::Window& b) {
  return a.row <= b.row_end() && b.row <= a.row_end() && a.col <= b.col_end() && b.col <= a.col_end();
}

void number_groups(LabelledBlocks& labelled) {
  const std::size_t count = labelled.blocks.size();
  DisjointSets sets(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = i + 1; j < count; ++j) {
      if (touch(labelled.blocks[i], labelled.blocks[j])) sets.join(i, j);
    }
  }
  std::vector<int> number(count, -1);
  labelled.group.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    int& of_root = number[sets.find(i)];
    if (of_root < 0) of_root = labelled.groups++;
    labelled.group[i] = of_root;
  }
}

std::int64_t distance(const geo::Window& a, const geo::Window& b) {
  const std::int64_t rows = std::max({a.row - b.row_end(), b.row - a.row_end(), std::int64_t{0}});
  const std::int64_t cols = std::max({a.col - b.col_end(), b.col - a.col_end(), std::int64_t{0}});
  return std::max(rows, cols);
}

// Whole groups in an order drawn from the seed, as long as they do not overshoot.
std::vector<bool> choose_groups(const LabelledBlocks& blocks, double share, std::uint64_t seed) {
  std::vector<int> sizes(static_cast<std::size_t>(blocks.groups));
  for (const int group : blocks.group) ++sizes[static_cast<std::size_t>(group)];
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(random() % i)]);
  const double wanted = share * static_cast<double>(blocks.blocks.size());
  constexpr double kOvershoot = 1.25;
  std::vector<bool> chosen(sizes.size(), false);
  double taken = 0;
  for (const std::size_t group : order) {
    if (taken >= wanted || taken + sizes[group] > kOvershoot * wanted) continue;
    chosen[group] = true;
    taken += sizes[group];
  }
  return chosen;
}

// Blocks of one group only: a straight line across columns or rows, near the wanted share, where fewest
// blocks lie on or at it.
std::vector<bool> cut_straight(const LabelledBlocks& blocks, double share) {
  const std::size_t count = blocks.blocks.size();
  std::vector<bool> best(count, false);
  double best_cost = 1e300;
  for (const bool by_row : {false, true}) {
    for (const geo::Window& edge : blocks.blocks) {
      const std::int64_t line = by_row ? edge.row : edge.col;
      std::vector<bool> beyond(count);
      double taken = 0, at_line = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const geo::Window& b = blocks.blocks[i];
        const std::int64_t first = by_row ? b.row : b.col;
        const std::int64_t last = by_row ? b.row_end() : b.col_end();
        beyond[i] = first >= line;
        taken += beyond[i] ? 1 : 0;
        at_line += first <= line && last >= line ? 1 : 0;
      }
      const double off = std::abs(taken / static_cast<double>(count) - share) / std::max(share, 1e-9);
      const double cost = at_line / static_cast<double>(count) + off;
      if (taken > 0 && taken < static_cast<double>(count) && cost < best_cost) {
        best_cost = cost;
        best = beyond;
      }
    }
  }
  return best;
}

}  // namespace

LabelledBlocks labelled_blocks(const geo::FeatureLayer& area, const geo::Grid& grid, int block_px) {
  if (block_px <= 0)
    throw Error(Fault::bad_argument,
                "The side of a block must be positive, is " + std::to_string(block_px) + ".");
  LabelledBlocks labelled;
  for (const geo::Feature& feature : area.features) {
    const geo::Window window = geo::intersection(bounding_window(feature, grid), grid.window());
    if (!window.empty()) cut(window, block_px, labelled.blocks);
  }
  std::sort(labelled.blocks.begin(), labelled.blocks.end(), [](const geo::Window& a, const geo::Window& b) {
    return a.row != b.row ? a.row < b.row : a.col < b.col;
  });
  number_groups(labelled);
  return labelled;
}

GroundSplit split_by_groups(const LabelledBlocks& blocks, double share, int margin_px, std::uint64_t seed) {
  if (!(share > 0 && share < 1))
    throw Error(Fault::bad_argument,
                "The share of validation must lie between 0 and 1, is " + std::to_string(share) + ".");
  const std::size_t count = blocks.blocks.size();
  std::vector<bool> validates(count, false);
  const std::vector<bool> chosen = choose_groups(blocks, share, seed);
  for (std::size_t i = 0; i < count; ++i) validates[i] = chosen[static_cast<std::size_t>(blocks.group[i])];
  if (std::find(validates.begin(), validates.end(), true) == validates.end())
    validates = cut_straight(blocks, share);
  GroundSplit split;
  for (std::size_t i = 0; i < count; ++i) {
    if (validates[i]) split.validation.push_back(static_cast<int>(i));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const bool near = std::any_of(split.validation.begin(), split.validation.end(), [&](int v) {
      return distance(blocks.blocks[i], blocks.blocks[static_cast<std::size_t>(v)]) < margin_px;
    });
    if (!validates[i] && !near) split.training.push_back(static_cast<int>(i));
  }
  if (split.training.empty() || split.validation.empty()) {
    throw Error(
        Fault::empty_split,
        "The labelled ground (" + std::to_string(count) + " blocks in " + std::to_string(blocks.groups) +
            " groups) cannot be split into training and validation with a margin of " +
            std::to_string(margin_px) + " pixels: lower validation.margin, or set validation.share to 0.");
  }
  return split;
}

}  // namespace scarp::datasets
