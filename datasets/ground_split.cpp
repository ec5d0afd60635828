// SPDX-License-Identifier: Apache-2.0
#include "datasets/ground_split.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include "datasets/error.h"
#include "datasets/random.h"
#include "geo/feature_file_gdal.h"

namespace scarp::datasets {
namespace {

geo::Window window_of(const geo::Polygon& polygon, const geo::Grid& grid) {
  const auto [left, right] = std::minmax_element(polygon.outer.begin(), polygon.outer.end(),
                                                 [](const auto& a, const auto& b) { return a.x < b.x; });
  const auto [bottom, top] = std::minmax_element(polygon.outer.begin(), polygon.outer.end(),
                                                 [](const auto& a, const auto& b) { return a.y < b.y; });
  return geo::intersection(geo::window_of_box(grid, left->x, bottom->y, right->x, top->y), grid.window());
}

bool touch(const geo::Window& a, const geo::Window& b) {
  return !geo::intersection(a.grown(1), b).empty();
}

/// Adds the window in about equal pieces of at most `block_px` a side, those that hold a pixel of the
/// polygon.
void add_blocks(const geo::FeatureLayer& polygon,
                const geo::Grid& grid,
                const geo::Window& window,
                int block_px,
                std::vector<geo::Window>& blocks) {
  const std::int64_t down = (window.rows + block_px - 1) / block_px,
                     across = (window.cols + block_px - 1) / block_px;
  for (std::int64_t i = 0; i < down; ++i) {
    for (std::int64_t j = 0; j < across; ++j) {
      const std::int64_t row = window.rows * i / down, col = window.cols * j / across;
      const geo::Window block = {window.row + row, window.col + col, window.rows * (i + 1) / down - row,
                                 window.cols * (j + 1) / across - col};
      const std::vector<std::uint8_t> burnt = geo::burn(polygon, grid, block, 0);
      if (std::any_of(burnt.begin(), burnt.end(), [](std::uint8_t value) { return value != 0; }))
        blocks.push_back(block);
    }
  }
}

int root_of(std::vector<int>& parent, int block) {
  while (parent[block] != block) block = parent[block] = parent[parent[block]];
  return block;
}

/// Numbers the connected groups of blocks that are ordered by row.
void number_groups(LabelledBlocks& result) {
  const int count = static_cast<int>(result.blocks.size());
  std::vector<int> parent(result.blocks.size());
  std::iota(parent.begin(), parent.end(), 0);
  for (int i = 0; i < count; ++i) {
    for (int j = i + 1; j < count && result.blocks[j].row <= result.blocks[i].row_end(); ++j) {
      if (touch(result.blocks[i], result.blocks[j])) parent[root_of(parent, j)] = root_of(parent, i);
    }
  }
  std::map<int, int> number;
  for (int i = 0; i < count; ++i) {
    const auto known = number.try_emplace(root_of(parent, i), static_cast<int>(number.size())).first;
    result.group.push_back(known->second);
  }
  result.groups = static_cast<int>(number.size());
}

/// Whole groups in an order drawn from `seed`, as many as fit into `target` blocks.
std::vector<bool> choose_groups(const LabelledBlocks& blocks, double target, std::uint64_t seed) {
  std::vector<int> size(static_cast<std::size_t>(blocks.groups), 0), order(size.size());
  for (const int group : blocks.group) ++size[group];
  std::iota(order.begin(), order.end(), 0);
  Random random(seed);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::vector<bool> chosen(size.size(), false);
  int taken = 0;
  for (const int group : order) {
    if (taken >= target) break;
    if (taken + size[group] > std::max(1.0, 1.1 * target)) continue;
    chosen[group] = true;
    taken += size[group];
  }
  if (taken == 0) chosen[std::min_element(size.begin(), size.end()) - size.begin()] = true;
  return chosen;
}

/// Blocks before or behind a line along a row or a column; blocks that it crosses are on neither side.
struct Line {
  bool by_row = false;
  bool before = false;  // validation lies before the line
  std::int64_t place = 0;

  int side(const geo::Window& block) const {
    const std::int64_t begin = by_row ? block.row : block.col,
                       end = by_row ? block.row_end() : block.col_end();
    return end <= place ? -1 : begin >= place ? 1 : 0;
  }
  bool touches(const geo::Window& block) const {
    const std::int64_t begin = by_row ? block.row : block.col,
                       end = by_row ? block.row_end() : block.col_end();
    return begin <= place && place <= end;
  }
  bool validates(const geo::Window& block) const { return side(block) == (before ? -1 : 1); }
};

/// The line that fewest blocks touch among those that give from half to one and a half times the share; else
/// the nearest to it.
Line best_line(const LabelledBlocks& blocks, double target, std::uint64_t seed) {
  using Cost = std::tuple<bool, std::ptrdiff_t, double, std::uint64_t>;
  Line best;
  Cost least{true, std::numeric_limits<std::ptrdiff_t>::max(), 0, 0};
  for (const bool by_row : {false, true}) {
    for (const geo::Window& block : blocks.blocks) {
      for (const bool before : {false, true}) {
        const Line line{by_row, before, by_row ? block.row : block.col};
        const auto count = [&](auto rule) {
          return std::count_if(blocks.blocks.begin(), blocks.blocks.end(), rule);
        };
        const auto validating = count([&](const geo::Window& b) { return line.validates(b); });
        const auto training = count([&](const geo::Window& b) { return line.side(b) == (before ? 1 : -1); });
        if (validating == 0 || training == 0) continue;
        const double miss = std::abs(static_cast<double>(validating) - target);
        const bool poor = miss > 0.5 * target;
        const auto touched = poor ? 0 : count([&](const geo::Window& b) { return line.touches(b); });
        const std::uint64_t lot =
            mixed(seed ^ (static_cast<std::uint64_t>(line.place) * 4 + (by_row ? 2 : 0) + (before ? 1 : 0)));
        const Cost cost{poor, touched, miss, lot};
        if (cost < least) {
          least = cost;
          best = line;
        }
      }
    }
  }
  return best;
}

}  // namespace

LabelledBlocks labelled_blocks(const geo::FeatureLayer& area, const geo::Grid& grid, int block_px) {
  if (block_px < 1) {
    throw Error(Fault::bad_argument, "blocks of " + std::to_string(block_px) + " pixels; give at least 1");
  }
  LabelledBlocks result;
  for (const geo::Feature& feature : area.features) {
    for (const geo::Polygon& polygon : feature.parts) {
      if (polygon.outer.empty()) continue;
      const geo::Window window = window_of(polygon, grid);
      const geo::FeatureLayer alone = {area.name, area.crs, {{{polygon}, 1, ""}}};
      if (!window.empty()) add_blocks(alone, grid, window, block_px, result.blocks);
    }
  }
  std::sort(result.blocks.begin(), result.blocks.end(), [](const geo::Window& a, const geo::Window& b) {
    return std::tie(a.row, a.col, a.rows, a.cols) < std::tie(b.row, b.col, b.rows, b.cols);
  });
  number_groups(result);
  return result;
}

LabelledBlocks blocks_where(const LabelledBlocks& all,
                            const std::function<bool(const geo::Window&)>& wanted) {
  LabelledBlocks kept;
  std::copy_if(all.blocks.begin(), all.blocks.end(), std::back_inserter(kept.blocks), wanted);
  number_groups(kept);
  return kept;
}

std::vector<int> blocks_away_from(const LabelledBlocks& blocks,
                                  const std::vector<int>& chosen,
                                  int margin_px) {
  std::vector<int> away;
  for (int i = 0; i < static_cast<int>(blocks.blocks.size()); ++i) {
    const geo::Window reach = blocks.blocks[i].grown(margin_px);
    const bool near = std::any_of(chosen.begin(), chosen.end(), [&](int other) {
      return other == i || !geo::intersection(reach, blocks.blocks[other]).empty();
    });
    if (!near) away.push_back(i);
  }
  return away;
}

GroundSplit split_by_groups(const LabelledBlocks& blocks, double share, int margin_px, std::uint64_t seed) {
  if (!(share > 0 && share < 1) || margin_px < 0) {
    throw Error(Fault::bad_argument, "a share of " + std::to_string(share) +
                                         " for validation with a margin of " + std::to_string(margin_px) +
                                         " pixels; give a share between 0 and 1 and a margin from 0");
  }
  const int count = static_cast<int>(blocks.blocks.size());
  const double target = share * count;
  std::vector<int> side(blocks.blocks.size(), 0);  // 1 validates, -1 trains
  if (blocks.groups > 1) {
    const std::vector<bool> chosen = choose_groups(blocks, target, seed);
    for (int i = 0; i < count; ++i) side[i] = chosen[blocks.group[i]] ? 1 : -1;
  } else if (count > 1) {
    const Line line = best_line(blocks, target, seed);
    for (int i = 0; i < count; ++i) side[i] = line.side(blocks.blocks[i]) * (line.before ? -1 : 1);
  }
  GroundSplit split;
  for (int i = 0; i < count; ++i) {
    if (side[i] == 1) split.validation.push_back(i);
  }
  for (const int i : blocks_away_from(blocks, split.validation, margin_px)) {
    if (side[i] == -1) split.training.push_back(i);
  }
  if (split.training.empty() || split.validation.empty()) {
    throw Error(Fault::empty_split,
                "of " + std::to_string(count) + " labelled blocks " + std::to_string(split.training.size()) +
                    " are left to train and " + std::to_string(split.validation.size()) +
                    " to validate with a margin of " + std::to_string(margin_px) +
                    " pixels; use smaller blocks, a smaller margin, or a scene of its own for validation");
  }
  return split;
}

}  // namespace scarp::datasets
