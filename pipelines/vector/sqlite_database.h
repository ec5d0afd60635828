// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace scarp::vector {

class SqliteStatement;

/// An SQLite file that is there, open to read and write. Whatever fails throws Error (unwritable,
/// out_of_space) with SQLite's own words.
class SqliteDatabase {
 public:
  /// @param what  what is written, for messages: "style and provenance of 'slides.gpkg'"
  SqliteDatabase(const std::string& path, std::string what);

  /// Runs one statement and returns its first value as text, "" if there is none.
  std::string run(const std::string& sql, std::initializer_list<std::string_view> values = {});
  SqliteStatement prepare(const std::string& sql);
  /// Closes the file, once all statements are gone; nothing can be run after it.
  void close();

 private:
  friend class SqliteStatement;
  struct Close {
    void operator()(sqlite3* database) const;
  };
  void require(bool succeeded) const;

  std::string what_;
  std::unique_ptr<sqlite3, Close> database_;
};

/// A statement that is run many times. Values stay bound until they are bound anew; texts and blobs are not
/// copied, they must live until `step`.
class SqliteStatement {
 public:
  void bind(int place, double value);
  void bind(int place, std::int64_t value);
  void bind(int place, std::string_view text);
  void bind(int place, std::span<const std::uint8_t> blob);
  /// Runs it to its end, to be run again.
  void run();
  /// Takes one step. @return whether there is a row
  bool step();
  std::string text(int column) const;
  std::int64_t integer(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  SqliteStatement(const SqliteDatabase& database, const std::string& sql);

  const SqliteDatabase* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// A name between double quotes, as SQL wants it whatever is in it.
std::string quoted_name(std::string_view name);

}  // namespace scarp::vector
