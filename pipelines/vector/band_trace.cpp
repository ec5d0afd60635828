// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/band_trace.h"

#include <bit>
#include <limits>

namespace scarp::vector {
namespace {

// In place of a row: not an edge but the end of a chain at the first row of a band, above or below.
constexpr std::int32_t kTopEnd = std::numeric_limits<std::int32_t>::min();

/// A raster may declare a nodata value that its type cannot hold: then no pixel has it.
template <typename T>
std::optional<T> nodata_of(const TraceRules& rules) {
  if (!rules.nodata) return std::nullopt;
  const auto value = static_cast<T>(*rules.nodata);
  if (static_cast<std::int32_t>(value) != *rules.nodata) return std::nullopt;
  return value;
}

template <typename Visit>
void for_each_bit(const std::vector<std::uint64_t>& words, const Visit& visit) {
  for (std::size_t k = 0; k < words.size(); ++k) {
    for (std::uint64_t word = words[k]; word != 0; word &= word - 1) {
      visit(static_cast<std::int32_t>(k * 64) + std::countr_zero(word));
    }
  }
}

}  // namespace

template <typename T>
BandTracer<T>::BandTracer(std::int32_t cols, const TraceRules& rules)
    : cols_(cols), rules_(rules), nodata_(nodata_of<T>(rules)) {
  const std::size_t words = edge_words(cols);
  up_.resize(words);
  down_.resize(words);
  flat_.resize(words);
  ends_.left.resize(static_cast<std::size_t>(cols) + 1);
  ends_.right.resize(static_cast<std::size_t>(cols) + 1);
  parts_above_.resize(cols);
}

template <typename T>
void BandTracer<T>::trace(const T* pixels,
                          std::int64_t first_row,
                          std::int64_t rows,
                          BandTrace& out,
                          BandValues* values) {
  out_ = &out;
  values_ = values;
  out.first_row = first_row;
  out.rows = rows;
  out.finished.reset(rules_.junctions);
  out.regions.clear(rules_.sums);
  out.rings.clear();
  out.pieces.clear();
  out.edges.clear();
  out.corners.clear();
  chains_.clear();

  find_vertical_edges(pixels, cols_, nodata_, down_.data());
  find_runs(pixels);
  above_.clear();
  label_runs(first_row);
  open_first_row(pixels);
  const T* row = pixels;
  for (std::int64_t i = 1; i < rows; ++i, row += cols_) next_line(row, row + cols_, first_row + i);
  leave_open(row);
}

template <typename T>
void BandTracer<T>::find_runs(const T* row) {
  below_.clear();
  std::int32_t begin = -1;
  for_each_bit(down_, [&](std::int32_t col) {
    if (begin >= 0) below_.push_back({begin, col, static_cast<std::int32_t>(row[begin]), kNone});
    begin = col < cols_ && row[col] != nodata_ ? col : -1;
  });
}

template <typename T>
void BandTracer<T>::label_runs(std::int64_t row) {
  out_->regions.label(above_, below_, row, rules_.eight_connected);
  if (!rules_.sums) return;
  for (const Run& run : below_) values_->add_run(row, run.begin, run.end, out_->regions.sums_of(run.part));
}

/// Every border that crosses the first row comes from above or goes there: a chain without edges yet.
template <typename T>
void BandTracer<T>::open_first_row(const T* row) {
  out_->top_values.assign(row, row + cols_);
  out_->top_edges = down_;
  top_nodes_.clear();
  for_each_bit(down_, [&](std::int32_t col) {
    const auto end = [&] { return chains_.add({col, col, kTopEnd}); };
    if (!empty(row, col - 1)) ends_.left[static_cast<std::size_t>(col)] = end();
    if (!empty(row, col)) {
      const std::uint32_t node = end();
      ends_.right[static_cast<std::size_t>(col)] = node;
      top_nodes_.push_back(node);
    }
  });
  out_->top_runs = below_;
}

template <typename T>
void BandTracer<T>::next_line(const T* above, const T* below, std::int64_t row) {
  up_.swap(down_);
  above_.swap(below_);
  find_vertical_edges(below, cols_, nodata_, down_.data());
  find_horizontal_edges(above, below, cols_, nodata_, flat_.data());
  find_runs(below);
  label_runs(row);
  if (rules_.junctions) out_->corners.emplace_back();
  const CornerLine<T> line{above,
                           below,
                           cols_,
                           static_cast<std::int32_t>(row),
                           nodata_,
                           up_.data(),
                           down_.data(),
                           flat_.data(),
                           rules_.junctions ? &out_->corners.back() : nullptr,
                           rules_.junctions};
  parts_above_.set(above_);
  trace_line(line, chains_, ends_, [&](std::uint32_t node, std::int32_t col, bool left) {
    close_ring(node, out_->regions.part_of(parts_above_.at(col, left)));
  });
}

template <typename T>
void BandTracer<T>::close_ring(std::uint32_t node, std::uint32_t part) {
  std::uint32_t first = node;
  std::int32_t marks = 0;
  std::size_t count = 0;
  std::uint32_t i = node;
  do {
    const BorderEdge& edge = chains_[i].edge;
    const BorderEdge& best = chains_[first].edge;
    marks |= edge.from | edge.to;
    const bool before = edge.row < best.row ||
                        (edge.row == best.row && std::min(edge.from, edge.to) < std::min(best.from, best.to));
    if (before) first = i;
    ++count;
    i = chains_[i].next;
  } while (i != node);
  const BandTrace::Ring ring{out_->edges.size(), count, (marks & BorderEdge::kSaddle) != 0};
  i = first;
  do {
    out_->edges.push_back(chains_[i].edge);
    const std::uint32_t next = chains_[i].next;
    chains_.release(i);
    i = next;
  } while (i != first);
  out_->rings.push_back(ring);
  out_->regions.add_ring(part, static_cast<std::uint32_t>(out_->rings.size() - 1));
  const BorderEdge& top = out_->edges[ring.first_edge];
  const bool outer = top.from > top.to;
  if (outer && out_->regions.close_part(part)) finish_object(part);
}

template <typename T>
void BandTracer<T>::finish_object(std::uint32_t part) {
  Regions& regions = out_->regions;
  ObjectBatch& batch = out_->finished;
  batch.begin(regions.part(part).value, rules_.sums ? &regions.sums_of(part) : nullptr);
  const std::uint32_t object = regions.object_of(part);
  for (std::uint32_t p = regions.object(object).first_closed; p != kNone; p = regions.part(p).next_closed) {
    for (std::uint32_t r = regions.part(p).first_ring; r != kNone; r = regions.next_ring(r)) {
      const BandTrace::Ring& ring = out_->rings[r];
      batch.add_ring(std::span(out_->edges).subspan(ring.first_edge, ring.edges), ring.saddles);
    }
    batch.end_part();
  }
  batch.end();
}

template <typename T>
void BandTracer<T>::leave_open(const T* row) {
  out_->bottom_values.assign(row, row + cols_);
  out_->bottom_edges = down_;
  out_->bottom_runs = below_;
  for (Run& run : out_->bottom_runs) run.part = out_->regions.part_of(run.part);
  for (Run& run : out_->top_runs) run.part = out_->regions.part_of(run.part);
  // Every piece is found by its first node; its last one has to know where it leaves.
  std::vector<std::uint32_t> firsts;
  for_each_bit(down_, [&](std::int32_t col) {
    const auto at = static_cast<std::size_t>(col);
    if (!empty(row, col)) chains_.name_last(ends_.right[at], static_cast<std::uint32_t>(col));
    if (!empty(row, col - 1)) firsts.push_back(ends_.left[at]);
  });
  std::size_t next = 0;
  for_each_bit(down_, [&](std::int32_t col) {
    if (!empty(row, col - 1)) add_piece(firsts[next++], col, false);
  });
  for (const std::uint32_t node : top_nodes_) add_piece(node, chains_[node].edge.from, true);
}

template <typename T>
void BandTracer<T>::add_piece(std::uint32_t first, std::int32_t enters, bool enters_above) {
  BandTrace::Piece piece;
  piece.first_edge = out_->edges.size();
  piece.enters = enters;
  piece.enters_above = enters_above;
  const std::uint32_t last = chains_[first].partner;
  for (std::uint32_t i = first;; i = chains_[i].next) {
    if (chains_[i].edge.row != kTopEnd) out_->edges.push_back(chains_[i].edge);
    if (i == last) break;
  }
  piece.edges = out_->edges.size() - piece.first_edge;
  piece.leaves_above = chains_[last].edge.row == kTopEnd && !(enters_above && last == first);
  piece.leaves = piece.leaves_above ? chains_[last].edge.from : static_cast<std::int32_t>(chains_[last].next);
  out_->pieces.push_back(piece);
}

template class BandTracer<std::uint8_t>;
template class BandTracer<std::uint16_t>;
template class BandTracer<std::int32_t>;

}  // namespace scarp::vector
