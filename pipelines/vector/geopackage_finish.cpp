// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/geopackage_finish.h"

#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <sqlite3.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

/// No clock: the same input makes the same file. When it was made, the file system knows.
constexpr const char* kTime = "1970-01-01T00:00:00.000Z";

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
VALUES ('', '', ?1, ?2, 'Scarp classes', ?3, '', 1, 'one colour a class', '', NULL, ?4))";

constexpr const char* kCreateProvenance = R"(
CREATE TABLE scarp_provenance (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL))";

constexpr const char* kInsertProvenance = "INSERT INTO scarp_provenance (key, value) VALUES (?1, ?2)";

constexpr const char* kRegister = R"(
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
VALUES (?1, 'attributes', ?1, ?2, ?3))";

constexpr const char* kSetTimes = "UPDATE gpkg_contents SET last_change = ?1";

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};

}  // namespace

void add_geopackage_extras(SqliteDatabase& database, const GeoPackageExtras& extras) {
  database.run(kCreateStyles);
  database.run(kInsertStyle, {extras.layer, extras.geometry_column, extras.qml, kTime});
  database.run(kRegister, {"layer_styles", "styles that QGIS loads with the layers", kTime});
  database.run(kCreateProvenance);
  for (const auto& [key, value] : extras.provenance) database.run(kInsertProvenance, {key, value});
  database.run(kRegister, {"scarp_provenance", "how the polygons were made", kTime});
  database.run(kSetTimes, {kTime});
}

void leave_no_journal(SqliteDatabase& database, const std::string& path) {
  const std::string mode = database.run("PRAGMA journal_mode=DELETE");
  if (mode == "delete") return;
  throw Error(
      Fault::unwritable,
      fmt::format("'{}' stays in journal mode '{}' and would need a second file beside it", path, mode));
}

void finish_geopackage(const std::string& path, const GeoPackageExtras& extras) {
  SqliteDatabase database(path, fmt::format("style and provenance of '{}'", path));
  database.run("BEGIN");
  add_geopackage_extras(database, extras);
  database.run("COMMIT");
  leave_no_journal(database, path);
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
