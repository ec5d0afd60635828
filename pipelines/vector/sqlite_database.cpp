// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/sqlite_database.h"

#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "pipelines/vector/error.h"

namespace scarp::vector {

void SqliteDatabase::Close::operator()(sqlite3* database) const {
  sqlite3_close(database);
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteDatabase::SqliteDatabase(const std::string& path, std::string what) : what_(std::move(what)) {
  sqlite3* opened = nullptr;
  // One thread at a time uses it: SQLite need not lock at every call.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  const int status = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  database_.reset(opened);
  require(status == SQLITE_OK);
}

std::string SqliteDatabase::run(const std::string& sql, std::initializer_list<std::string_view> values) {
  SqliteStatement statement = prepare(sql);
  int place = 0;
  for (const std::string_view value : values) statement.bind(++place, value);
  std::string first = statement.step() ? statement.text(0) : "";
  while (sqlite3_stmt_busy(statement.statement_.get()) != 0 && statement.step()) {
  }
  return first;
}

SqliteStatement SqliteDatabase::prepare(const std::string& sql) {
  return {*this, sql};
}

void SqliteDatabase::close() {
  require(sqlite3_close(database_.get()) == SQLITE_OK);
  static_cast<void>(database_.release());  // closed above
}

void SqliteDatabase::require(bool succeeded) const {
  if (succeeded) return;
  // SQLite itself tells a full disk only; a write beyond the limits of a user or a file leaves errno.
  const int cause = errno;
  const int code = sqlite3_errcode(database_.get());
  const bool limited = code == SQLITE_IOERR && (cause == EDQUOT || cause == EFBIG);
  const bool full = code == SQLITE_FULL || limited;
  throw Error(full ? Fault::out_of_space : Fault::unwritable,
              fmt::format("{} cannot be written: {}; {}", what_, sqlite3_errmsg(database_.get()),
                          full ? "free some space or choose another disk"
                               : "check the disk and the permissions of the file"));
}

SqliteStatement::SqliteStatement(const SqliteDatabase& database, const std::string& sql)
    : database_(&database) {
  sqlite3_stmt* prepared = nullptr;
  const int status = sqlite3_prepare_v3(database.database_.get(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT,
                                        &prepared, nullptr);
  statement_.reset(prepared);
  database.require(status == SQLITE_OK);
}

void SqliteStatement::bind(int place, double value) {
  database_->require(sqlite3_bind_double(statement_.get(), place, value) == SQLITE_OK);
}

void SqliteStatement::bind(int place, std::int64_t value) {
  database_->require(sqlite3_bind_int64(statement_.get(), place, value) == SQLITE_OK);
}

void SqliteStatement::bind(int place, std::string_view text) {
  database_->require(sqlite3_bind_text64(statement_.get(), place, text.data(), text.size(), SQLITE_STATIC,
                                         SQLITE_UTF8) == SQLITE_OK);
}

void SqliteStatement::bind(int place, std::span<const std::uint8_t> blob) {
  database_->require(sqlite3_bind_blob64(statement_.get(), place, blob.data(), blob.size(), SQLITE_STATIC) ==
                     SQLITE_OK);
}

void SqliteStatement::run() {
  while (step()) {
  }
  sqlite3_reset(statement_.get());
}

bool SqliteStatement::step() {
  const int status = sqlite3_step(statement_.get());
  database_->require(status == SQLITE_ROW || status == SQLITE_DONE);
  return status == SQLITE_ROW;
}

std::string SqliteStatement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string quoted_name(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace scarp::vector
