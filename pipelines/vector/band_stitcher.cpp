// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/band_stitcher.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

// In place of a row: not an edge but a stretch of edges, whose number is in place of `from`.
constexpr std::int32_t kStretch = std::numeric_limits<std::int32_t>::min() + 1;

bool lies_before(const BorderEdge& a, const BorderEdge& b) {
  if (a.row != b.row) return a.row < b.row;
  return std::min(a.from, a.to) < std::min(b.from, b.to);
}

}  // namespace

BandStitcher::BandStitcher(std::int32_t cols,
                           const TraceRules& rules,
                           std::size_t most_open_bytes,
                           Sink sink,
                           CornerRows* corner_rows,
                           std::function<void(std::int64_t)> rows_done)
    : cols_(cols),
      rules_(rules),
      most_open_bytes_(most_open_bytes),
      sink_(std::move(sink)),
      corner_rows_(corner_rows),
      rows_done_(std::move(rows_done)),
      finished_(rules.junctions) {
  regions_.clear(rules.sums);
  const auto places = static_cast<std::size_t>(cols) + 1;
  ends_.left.resize(places);
  ends_.right.resize(places);
  parts_above_.resize(cols);
  enters_above_.resize(places);
  leaves_above_.resize(places);
  flat_.resize(edge_words(cols));
  up_.resize(edge_words(cols));
}

void BandStitcher::add(BandTrace& band) {
  stretches_.begin_band(band.edges);
  take_regions(band);
  regions_.label(runs_above_, band.top_runs, band.first_row, rules_.eight_connected);
  trace_seam(band.top_values.data(), band.top_edges, band.first_row);
  if (corner_rows_ != nullptr) {
    for (std::vector<std::int32_t>& row : band.corners) corner_rows_->add(std::move(row));
  }
  join_pieces(band);
  above_.swap(band.bottom_values);
  up_.swap(band.bottom_edges);
  runs_above_.swap(band.bottom_runs);
  next_row_ = band.first_row + band.rows;
  hand_out(band.finished);
  stretches_.end_band();
  require_room();
  regions_.forget_all_but(runs_above_);
  const std::int64_t first_open = corner_rows_ != nullptr || rows_done_ ? first_open_row() : 0;
  if (corner_rows_ != nullptr) corner_rows_->forget_above(first_open);
  if (rows_done_) rows_done_(first_open);
}

void BandStitcher::finish() {
  if (!above_.empty()) {
    trace_seam(nullptr, std::vector<std::uint64_t>(edge_words(cols_)), next_row_);
    above_.clear();
    runs_above_.clear();
    hand_out(ObjectBatch());
  }
}

std::int64_t BandStitcher::first_open_row() {
  std::int64_t first = next_row_;
  for (const Run& run : runs_above_) {
    first = std::min(first, regions_.object(regions_.object_of(run.part)).first_row);
  }
  return first;
}

std::size_t BandStitcher::open_bytes() const {
  return stretches_.kept_bytes() + chains_.open() * sizeof(BorderChains::Node);
}

bool BandStitcher::empty(const std::vector<std::int32_t>& row, std::int64_t col) const {
  return col < 0 || col >= cols_ || row[static_cast<std::size_t>(col)] == rules_.nodata;
}

/// The parts of the band that touch its first or last row become parts of the whole.
void BandStitcher::take_regions(BandTrace& band) {
  part_of_band_.assign(band.regions.parts(), kNone);
  object_of_band_.assign(band.regions.parts(), kNone);  // no more objects than parts
  for (std::vector<Run>* runs : {&band.top_runs, &band.bottom_runs}) {
    for (Run& run : *runs) {
      const std::uint32_t part = run.part;
      run.part = part_of_band_[part] != kNone ? part_of_band_[part] : take_part(band, part);
    }
  }
}

std::uint32_t BandStitcher::take_part(BandTrace& band, std::uint32_t part) {
  const auto take = [&](std::uint32_t from) {
    const std::uint32_t to = regions_.add(band.regions.part(from).value,
                                          band.regions.object(band.regions.object_of(from)).first_row);
    for (std::uint32_t r = band.regions.part(from).first_ring; r != kNone; r = band.regions.next_ring(r)) {
      const BandTrace::Ring& ring = band.rings[r];
      regions_.add_ring(to, stretches_.add_of_band(ring.first_edge, ring.edges, ring.saddles));
    }
    return to;
  };
  const std::uint32_t taken = take(part);
  part_of_band_[part] = taken;
  const std::uint32_t object = band.regions.object_of(part);
  const bool first_part = object_of_band_[object] == kNone;
  if (first_part && rules_.sums) regions_.sums_of(taken) = band.regions.sums_of(part);
  if (!rules_.eight_connected) return taken;
  if (!first_part) {
    regions_.unite_objects(object_of_band_[object], taken);
    return taken;
  }
  object_of_band_[object] = taken;
  const Regions& regions = band.regions;
  for (std::uint32_t p = regions.object(object).first_closed; p != kNone; p = regions.part(p).next_closed) {
    const std::uint32_t closed = take(p);
    regions_.unite_objects(taken, closed);
    regions_.close_part(closed);
  }
  return taken;
}

void BandStitcher::trace_seam(const std::int32_t* below,
                              const std::vector<std::uint64_t>& down,
                              std::int64_t row) {
  const std::int32_t* above = above_.empty() ? nullptr : above_.data();
  find_horizontal_edges(above, below, cols_, rules_.nodata, flat_.data());
  std::vector<std::int32_t> corners;
  const CornerLine<std::int32_t> line{above,
                                      below,
                                      cols_,
                                      static_cast<std::int32_t>(row),
                                      rules_.nodata,
                                      up_.data(),
                                      down.data(),
                                      flat_.data(),
                                      corner_rows_ != nullptr ? &corners : nullptr,
                                      rules_.junctions};
  parts_above_.set(runs_above_);
  trace_line(line, chains_, ends_, [&](std::uint32_t node, std::int32_t col, bool left) {
    close_ring(node, regions_.part_of(parts_above_.at(col, left)));
  });
  if (corner_rows_ != nullptr) corner_rows_->add(std::move(corners));
}

/// Borders that go down through the first row of the band go on in its pieces, which lead to its last row or
/// up again.
void BandStitcher::join_pieces(BandTrace& band) {
  std::vector<std::uint32_t> nodes;
  nodes.reserve(band.pieces.size());
  for (const BandTrace::Piece& piece : band.pieces) {
    std::uint32_t node = kNone;  // straight through the band: the border above ends where it did
    if (piece.edges > 0) {
      const std::uint32_t stretch = stretches_.add_of_band(piece.first_edge, piece.edges, false);
      node = chains_.add({static_cast<std::int32_t>(stretch), 0, kStretch});
    }
    nodes.push_back(node);
    if (piece.enters_above) enters_above_[static_cast<std::size_t>(piece.enters)] = node;
    if (piece.leaves_above) leaves_above_[static_cast<std::size_t>(piece.leaves)] = node;
  }
  const auto join = [&](std::uint32_t last, std::uint32_t first, std::int32_t col) {
    if (last == kNone || first == kNone) return;
    if (chains_.join(last, first)) close_ring(first, regions_.part_of(run_at(band.top_runs, col).part));
  };
  for (std::size_t k = 0; k < band.top_edges.size(); ++k) {
    for (std::uint64_t word = band.top_edges[k]; word != 0; word &= word - 1) {
      const std::size_t at = k * 64 + static_cast<std::size_t>(std::countr_zero(word));
      const auto col = static_cast<std::int32_t>(at);
      if (!empty(band.top_values, col - 1)) join(leaves_above_[at], ends_.left[at], col - 1);
      if (!empty(band.top_values, col)) join(ends_.right[at], enters_above_[at], col);
    }
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const BandTrace::Piece& piece = band.pieces[i];
    if (nodes[i] == kNone) continue;
    if (!piece.enters_above) ends_.left[static_cast<std::size_t>(piece.enters)] = nodes[i];
    if (!piece.leaves_above) ends_.right[static_cast<std::size_t>(piece.leaves)] = nodes[i];
  }
}

void BandStitcher::close_ring(std::uint32_t node, std::uint32_t part) {
  ring_.clear();
  std::uint32_t i = node;
  do {
    const BorderEdge& edge = chains_[i].edge;
    if (edge.row == kStretch) {
      const auto stretch = static_cast<std::uint32_t>(edge.from);
      const auto edges = stretches_.edges_of(stretch);
      ring_.insert(ring_.end(), edges.begin(), edges.end());
      stretches_.release(stretch);
    } else {
      ring_.push_back(edge);
    }
    const std::uint32_t next = chains_[i].next;
    chains_.release(i);
    i = next;
  } while (i != node);
  const auto first = std::min_element(ring_.begin(), ring_.end(), lies_before);
  const bool outer = first->from > first->to;
  const bool saddles = std::any_of(ring_.begin(), ring_.end(), [](const BorderEdge& edge) {
    return ((edge.from | edge.to) & BorderEdge::kSaddle) != 0;
  });
  const auto begin = static_cast<std::size_t>(first - ring_.begin());
  regions_.add_ring(part, stretches_.add_ring(ring_, begin, saddles));
  if (outer && regions_.close_part(part)) finish_object(part);
}

void BandStitcher::finish_object(std::uint32_t part) {
  finished_.begin(regions_.part(part).value, rules_.sums ? &regions_.sums_of(part) : nullptr);
  const std::uint32_t object = regions_.object_of(part);
  for (std::uint32_t p = regions_.object(object).first_closed; p != kNone; p = regions_.part(p).next_closed) {
    for (std::uint32_t r = regions_.part(p).first_ring; r != kNone; r = regions_.next_ring(r)) {
      finished_.add_ring(stretches_.edges_of(r), stretches_.saddles(r));
      stretches_.release(r);
    }
    finished_.end_part();
  }
  finished_.end();
}

void BandStitcher::require_room() const {
  if (open_bytes() <= most_open_bytes_) return;
  throw Error(Fault::too_complex,
              fmt::format("the outlines of objects that are still open at row {} need more than {} MiB: the "
                          "raster holds very large and ragged objects; filter it (a median or a sieve), "
                          "choose its background as nodata, or cut it into parts",
                          next_row_, most_open_bytes_ >> 20));
}

void BandStitcher::hand_out(const ObjectBatch& of_band) {
  const std::vector<std::uint32_t> inside = of_band.order();
  const std::vector<std::uint32_t> across = finished_.order();
  auto i = inside.begin();
  auto j = across.begin();
  while (i != inside.end() || j != across.end()) {
    const bool take_inside = j == across.end() || (i != inside.end() && of_band.key(*i) < finished_.key(*j));
    sink_(take_inside ? of_band[*i++] : finished_[*j++]);
  }
  finished_.clear();
}

}  // namespace scarp::vector
