// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/geopackage_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "pipelines/vector/hilbert.h"

namespace scarp::vector {
namespace {

constexpr std::size_t kSlab = 1 << 17;
/// Each statement costs as much as some rows.
constexpr std::size_t kRowsAtOnce = 64;
constexpr std::int64_t kRoot = 1;
constexpr std::size_t kNodeHeaderBytes = 4;
constexpr std::size_t kEntryBytes = 8 + 4 * sizeof(float);

constexpr float kInfinity = std::numeric_limits<float>::infinity();

float not_above(double value) {
  const auto rounded = static_cast<float>(value);
  return rounded > value ? std::nextafter(rounded, -kInfinity) : rounded;
}

float not_below(double value) {
  const auto rounded = static_cast<float>(value);
  return rounded < value ? std::nextafter(rounded, kInfinity) : rounded;
}

std::string insert_sql(const std::string& table, std::size_t rows) {
  std::string sql = "INSERT INTO " + quoted_name(table) + " VALUES (?, ?)";
  for (std::size_t i = 1; i < rows; ++i) sql += ", (?, ?)";
  return sql;
}

std::size_t node_size(SqliteDatabase& database, const std::string& table) {
  return std::stoul(
      database.run("SELECT length(data) FROM " + quoted_name(table + "_node") + " WHERE nodeno = 1"));
}

/// Nodes are filled alike: the last one is not left with a single entry.
struct Shares {
  std::size_t entries;
  std::size_t nodes;
  std::size_t begin(std::size_t node) const { return node * entries / nodes; }
};

template <class Number>
void put_big_endian(ByteBuffer& bytes, Number value) {
  std::uint8_t* room = bytes.grow(sizeof(value));
  for (std::size_t i = 0; i < sizeof(value); ++i) {
    room[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(value) - 1 - i)));
  }
}

}  // namespace

GeopackageIndex::GeopackageIndex(SqliteDatabase& database, const std::string& table)
    : node_(database.prepare("INSERT OR REPLACE INTO " + quoted_name(table + "_node") + " VALUES (?1, ?2)")),
      row_(database.prepare(insert_sql(table + "_rowid", 1))),
      rows_(database.prepare(insert_sql(table + "_rowid", kRowsAtOnce))),
      parent_(database.prepare(insert_sql(table + "_parent", 1))),
      parents_(database.prepare(insert_sql(table + "_parent", kRowsAtOnce))),
      node_bytes_(node_size(database, table)),
      capacity_((node_bytes_ - kNodeHeaderBytes) / kEntryBytes) {}

void GeopackageIndex::add(const Bounds& bounds) {
  slab_.push_back(bounds);
  if (slab_.size() == kSlab) pack_slab();
}

/// The slab's rows along the curve; empties it.
std::vector<GeopackageIndex::Entry> GeopackageIndex::take_slab() {
  if (slab_.empty()) return {};
  Bounds extent = slab_.front();
  for (const Bounds& bounds : slab_) extent.include(bounds);
  std::vector<std::uint64_t> order(slab_.size());
  for (std::size_t i = 0; i < slab_.size(); ++i) {
    order[i] = std::uint64_t{hilbert_of(slab_[i], extent)} << 32 | i;
  }
  std::sort(order.begin(), order.end());
  std::vector<Entry> entries;
  entries.reserve(slab_.size());
  for (const std::uint64_t place : order) {
    const auto i = static_cast<std::uint32_t>(place);
    const Bounds& exact = slab_[i];
    entries.push_back(
        {slab_row_ + i,
         {not_above(exact.min_x), not_below(exact.max_x), not_above(exact.min_y), not_below(exact.max_y)}});
  }
  slab_row_ += static_cast<std::int64_t>(slab_.size());
  slab_.clear();
  return entries;
}

void GeopackageIndex::pack_slab() {
  const std::vector<Entry> leaves = write_level(take_slab(), 0);
  leaves_.insert(leaves_.end(), leaves.begin(), leaves.end());
}

GeopackageIndex::Box GeopackageIndex::write_node(std::int64_t number,
                                                 int depth,
                                                 std::span<const Entry> entries) {
  Box all = entries.empty() ? Box{} : entries.front().box;
  bytes_.clear();
  put_big_endian(bytes_, static_cast<std::uint16_t>(number == kRoot ? depth : 0));
  put_big_endian(bytes_, static_cast<std::uint16_t>(entries.size()));
  for (const Entry& entry : entries) {
    put_big_endian(bytes_, static_cast<std::uint64_t>(entry.id));
    for (const float side : {entry.box.min_x, entry.box.max_x, entry.box.min_y, entry.box.max_y}) {
      put_big_endian(bytes_, std::bit_cast<std::uint32_t>(side));
    }
    all = {std::min(all.min_x, entry.box.min_x), std::max(all.max_x, entry.box.max_x),
           std::min(all.min_y, entry.box.min_y), std::max(all.max_y, entry.box.max_y)};
  }
  const std::size_t unused = node_bytes_ - bytes_.size();
  std::fill_n(bytes_.grow(unused), unused, std::uint8_t{0});
  node_.bind(1, number);
  node_.bind(2, bytes_.bytes());
  node_.run();
  return all;
}

/// Says in which node each entry is.
void GeopackageIndex::write_places(std::vector<Place>& places, int depth) {
  // In the order of their keys, rows are only appended.
  std::sort(places.begin(), places.end());
  const auto write = [](SqliteStatement& statement, std::span<const Place> some) {
    int column = 0;
    for (const auto& [id, node] : some) {
      statement.bind(++column, id);
      statement.bind(++column, node);
    }
    statement.run();
  };
  const std::span<const Place> all(places);
  const std::size_t whole = all.size() - all.size() % kRowsAtOnce;
  for (std::size_t i = 0; i < whole; i += kRowsAtOnce) {
    write(depth == 0 ? rows_ : parents_, all.subspan(i, kRowsAtOnce));
  }
  for (std::size_t i = whole; i < all.size(); ++i) write(depth == 0 ? row_ : parent_, all.subspan(i, 1));
}

/// @return the nodes of the level, entries of the one above
std::vector<GeopackageIndex::Entry> GeopackageIndex::write_level(std::span<const Entry> entries, int depth) {
  const Shares shares{entries.size(), (entries.size() + capacity_ - 1) / capacity_};
  std::vector<Entry> nodes;
  std::vector<Place> places;
  for (std::size_t node = 0; node < shares.nodes; ++node) {
    const auto own = entries.subspan(shares.begin(node), shares.begin(node + 1) - shares.begin(node));
    for (const Entry& entry : own) places.emplace_back(entry.id, next_node_);
    nodes.push_back({next_node_, write_node(next_node_, depth, own)});
    ++next_node_;
  }
  write_places(places, depth);
  return nodes;
}

void GeopackageIndex::finish() {
  int depth = 0;
  std::vector<Entry> top;
  if (leaves_.empty() && slab_.size() <= capacity_) {
    top = take_slab();
  } else {
    pack_slab();
    top = std::move(leaves_);
    for (depth = 1; top.size() > capacity_; ++depth) top = write_level(top, depth);
  }
  write_node(kRoot, depth, top);
  std::vector<Place> places;
  for (const Entry& entry : top) places.emplace_back(entry.id, kRoot);
  write_places(places, depth);
}

}  // namespace scarp::vector
