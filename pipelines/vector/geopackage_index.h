// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pipelines/vector/byte_buffer.h"
#include "pipelines/vector/shape.h"
#include "pipelines/vector/sqlite_database.h"

namespace scarp::vector {

/// Fills an empty R-tree of SQLite in bulk: its nodes are packed and written into the tables behind the
/// virtual one (SQLite, "The SQLite R*Tree Module", section 6.1), which costs a tenth of inserting box by
/// box.
///
/// Boxes come in the order of their rows' numbers, 1, 2, 3, ... A slab of them at a time is sorted along the
/// Hilbert curve (Kamel and Faloutsos 1994) and packed: memory is that of a slab and of half a byte a box.
/// Polygons that come row by row make slabs that are strips of the map.
class GeopackageIndex {
 public:
  /// @param table  the virtual table, of two dimensions and without a row
  GeopackageIndex(SqliteDatabase& database, const std::string& table);

  /// The box of the next row.
  void add(const Bounds& bounds);
  void finish();

 private:
  /// A box as the tree holds it, which contains the exact one.
  struct Box {
    float min_x, max_x, min_y, max_y;
  };
  struct Entry {
    std::int64_t id;  ///< row of the layer, or number of a node
    Box box;
  };

  using Place = std::pair<std::int64_t, std::int64_t>;  ///< an entry's id and its node

  std::vector<Entry> take_slab();
  void pack_slab();
  Box write_node(std::int64_t number, int depth, std::span<const Entry> entries);
  void write_places(std::vector<Place>& places, int depth);
  std::vector<Entry> write_level(std::span<const Entry> entries, int depth);

  SqliteStatement node_;
  SqliteStatement row_;
  SqliteStatement rows_;  ///< many at once
  SqliteStatement parent_;
  SqliteStatement parents_;
  std::size_t node_bytes_;
  std::size_t capacity_;  ///< entries of a node
  std::vector<Bounds> slab_;
  std::int64_t slab_row_ = 1;   ///< row of the slab's first box
  std::int64_t next_node_ = 2;  ///< 1 is the root
  std::vector<Entry> leaves_;   ///< nodes that hold rows
  ByteBuffer bytes_;
};

}  // namespace scarp::vector
