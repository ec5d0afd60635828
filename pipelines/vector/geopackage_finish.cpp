// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/geopackage_finish.h"

#include <filesystem>
#include <initializer_list>
#include <memory>

#include <fmt/format.h>
#include <sqlite3.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

// As QGIS itself makes it in a GeoPackage.
constexpr const char* kCreateStyles = R"(
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
  ui TEXT(30), update_time DATETIME DEFAULT CURRENT_TIMESTAMP))";

constexpr const char* kInsertStyle = R"(
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD,
                          useAsDefault, description, owner, ui, update_time)
VALUES ('', '', ?1, ?2, 'Scarp classes', ?3, '', 1, 'one colour a class', '', NULL,
        strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))";

constexpr const char* kCreateProvenance = R"(
CREATE TABLE scarp_provenance (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL))";

constexpr const char* kInsertProvenance = "INSERT INTO scarp_provenance (key, value) VALUES (?1, ?2)";

constexpr const char* kRegister = R"(
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
VALUES (?1, 'attributes', ?1, ?2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))";

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct CloseStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

class Database {
 public:
  explicit Database(const std::string& path) : path_(path) {
    sqlite3* opened = nullptr;
    const int status = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    database_.reset(opened);
    require(status == SQLITE_OK);
  }

  /// Runs one statement and returns its first value as text, "" if there is none.
  std::string run(const char* sql, std::initializer_list<std::string> values = {}) {
    sqlite3_stmt* prepared = nullptr;
    require(sqlite3_prepare_v2(database_.get(), sql, -1, &prepared, nullptr) == SQLITE_OK);
    const std::unique_ptr<sqlite3_stmt, CloseStatement> statement(prepared);
    int place = 0;
    for (const std::string& value : values) {
      require(sqlite3_bind_text(prepared, ++place, value.data(), static_cast<int>(value.size()),
                                SQLITE_TRANSIENT) == SQLITE_OK);
    }
    const int status = sqlite3_step(prepared);
    require(status == SQLITE_ROW || status == SQLITE_DONE);
    const unsigned char* text = status == SQLITE_ROW ? sqlite3_column_text(prepared, 0) : nullptr;
    return text == nullptr ? "" : reinterpret_cast<const char*>(text);
  }

 private:
  void require(bool succeeded) const {
    if (succeeded) return;
    const bool full = sqlite3_errcode(database_.get()) == SQLITE_FULL;
    throw Error(
        full ? Fault::out_of_space : Fault::unwritable,
        fmt::format("style and provenance cannot be written into '{}': {}; check the disk and its free space",
                    path_, sqlite3_errmsg(database_.get())));
  }

  std::string path_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
};

}  // namespace

void finish_geopackage(const std::string& path, const GeoPackageExtras& extras) {
  Database database(path);
  database.run("BEGIN");
  database.run(kCreateStyles);
  database.run(kInsertStyle, {extras.layer, extras.geometry_column, extras.qml});
  database.run(kRegister, {"layer_styles", "styles that QGIS loads with the layers"});
  database.run(kCreateProvenance);
  for (const auto& [key, value] : extras.provenance) database.run(kInsertProvenance, {key, value});
  database.run(kRegister, {"scarp_provenance", "how the polygons were made"});
  database.run("COMMIT");
  const std::string mode = database.run("PRAGMA journal_mode=DELETE");
  if (mode != "delete") {
    throw Error(
        Fault::unwritable,
        fmt::format("'{}' stays in journal mode '{}' and would need a second file beside it", path, mode));
  }
}

void settle_geopackage(const std::string& path) {
  const auto beside = [&](const char* ending) { return std::filesystem::exists(path + ending); };
  if (!std::filesystem::exists(path) || !(beside("-wal") || beside("-shm") || beside("-journal"))) return;
  sqlite3* opened = nullptr;
  const int status = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> database(opened);
  const auto run = [&](const char* sql) { return sqlite3_exec(opened, sql, nullptr, nullptr, nullptr); };
  int result = status == SQLITE_OK ? run("PRAGMA journal_mode=DELETE") : status;
  if (result == SQLITE_OK) result = run("BEGIN EXCLUSIVE");
  if (result == SQLITE_OK) result = run("ROLLBACK");
  if (result == SQLITE_NOTADB || (result == SQLITE_OK && !beside("-wal"))) return;
  throw Error(
      Fault::unwritable,
      fmt::format(
          "'{}' cannot be overwritten while another program has it open ({}); close it there, or choose "
          "another name",
          path, sqlite3_errmsg(opened)));
}

}  // namespace scarp::vector
