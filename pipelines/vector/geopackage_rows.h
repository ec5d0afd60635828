// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pipelines/vector/attribute_fields.h"
#include "pipelines/vector/byte_buffer.h"
#include "pipelines/vector/sqlite_database.h"

namespace scarp::vector {

/// Appends rows to the empty table of a layer, numbered from 1 on, several of them in one statement: what a
/// statement costs by itself is as much as two rows.
class GeopackageRows {
 public:
  /// The database must outlive it. @param geometry  the column of geometries
  GeopackageRows(SqliteDatabase& database, std::string layer, std::string geometry);

  /// Begins the next row. @return where put_geopackage_geometry is to append its geometry, before `end_row`
  ByteBuffer& begin_row(const ObjectAttributes& attributes);
  void end_row();
  /// Writes what still waits, and lets go of the database.
  void finish();
  std::int64_t count() const { return written_ + static_cast<std::int64_t>(waiting_); }

 private:
  static constexpr std::size_t kRowsAtOnce = 32;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;  ///< of geometries that wait for more rows

  struct Row {
    ObjectAttributes attributes;  ///< with clean names
    std::size_t geometry_end = 0;
  };

  void write_all();
  void write(std::size_t first, std::size_t rows);
  void bind(std::size_t row, SqliteStatement& insert, int& place);
  SqliteStatement& insert_of(std::size_t rows);

  SqliteDatabase* database_;
  std::string layer_;
  std::string geometry_;
  std::map<std::pair<std::uint32_t, std::size_t>, SqliteStatement> inserts_;  ///< by fields and rows
  std::vector<Row> rows_;
  std::size_t waiting_ = 0;
  std::uint32_t known_ = 0;  ///< fields of the rows that wait (see known_fields); others stay NULL
  ByteBuffer geometries_;
  CleanName class_name_;
  CleanName model_id_;
  std::int64_t written_ = 0;
};

}  // namespace scarp::vector
