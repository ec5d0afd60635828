// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/geopackage_rows.h"

#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace scarp::vector {
namespace {

/// A column that is not named costs less than one that is bound to NULL, and most are known for all objects
/// or for none. The id is not named either: SQLite counts rows from 1 on by itself.
std::string insert_sql(const std::string& layer,
                       const std::string& geometry,
                       std::uint32_t known,
                       std::size_t rows) {
  std::string names = quoted_name(geometry);
  std::string places = "(?";
  for (std::size_t i = 0; i < kAttributeFields.size(); ++i) {
    if ((known >> i & 1) == 0) continue;
    names += ", " + quoted_name(kAttributeFields[i].name);
    places += ", ?";
  }
  places += ")";
  std::string sql = fmt::format("INSERT INTO {} ({}) VALUES {}", quoted_name(layer), names, places);
  for (std::size_t i = 1; i < rows; ++i) sql += ", " + places;
  return sql;
}

}  // namespace

GeopackageRows::GeopackageRows(SqliteDatabase& database, std::string layer, std::string geometry)
    : database_(&database), layer_(std::move(layer)), geometry_(std::move(geometry)), rows_(kRowsAtOnce) {}

ByteBuffer& GeopackageRows::begin_row(const ObjectAttributes& attributes) {
  const std::uint32_t known = known_fields(attributes);
  if (known != known_) write_all();
  known_ = known;
  ObjectAttributes& kept = rows_[waiting_].attributes;
  kept = attributes;
  kept.class_name = class_name_.of(attributes.class_name);
  kept.model_id = model_id_.of(attributes.model_id);
  return geometries_;
}

void GeopackageRows::end_row() {
  rows_[waiting_++].geometry_end = geometries_.size();
  if (waiting_ == kRowsAtOnce || geometries_.size() > kMostBytes) write_all();
}

void GeopackageRows::finish() {
  write_all();
  inserts_.clear();
}

void GeopackageRows::write_all() {
  if (waiting_ == kRowsAtOnce) {
    write(0, kRowsAtOnce);
  } else {
    for (std::size_t row = 0; row < waiting_; ++row) write(row, 1);
  }
  written_ += static_cast<std::int64_t>(waiting_);
  waiting_ = 0;
  geometries_.clear();
}

void GeopackageRows::write(std::size_t first, std::size_t rows) {
  SqliteStatement& insert = insert_of(rows);
  int place = 0;
  for (std::size_t row = first; row < first + rows; ++row) bind(row, insert, place);
  insert.run();
}

void GeopackageRows::bind(std::size_t row, SqliteStatement& insert, int& place) {
  const std::size_t begin = row == 0 ? 0 : rows_[row - 1].geometry_end;
  insert.bind(++place, geometries_.bytes().subspan(begin, rows_[row].geometry_end - begin));
  const ObjectAttributes& a = rows_[row].attributes;
  visit_fields(a, a.class_name, a.model_id, [&](const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, std::string>) {
      insert.bind(++place, std::string_view(value));
    } else if constexpr (std::is_same_v<Value, std::optional<double>>) {
      if (value) insert.bind(++place, *value);
    } else {
      insert.bind(++place, static_cast<std::int64_t>(value));
    }
  });
}

SqliteStatement& GeopackageRows::insert_of(std::size_t rows) {
  const std::pair key{known_, rows};
  const auto found = inserts_.find(key);
  if (found != inserts_.end()) return found->second;
  return inserts_.emplace(key, database_->prepare(insert_sql(layer_, geometry_, known_, rows))).first->second;
}

}  // namespace scarp::vector
