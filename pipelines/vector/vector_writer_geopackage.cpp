// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "pipelines/vector/geopackage_finish.h"
#include "pipelines/vector/geopackage_geometry.h"
#include "pipelines/vector/geopackage_index.h"
#include "pipelines/vector/geopackage_rows.h"
#include "pipelines/vector/geopackage_template_ogr.h"
#include "pipelines/vector/writer_checks.h"

namespace scarp::vector {
namespace {

/// Larger pages than SQLite's usual 4096 bytes cost a third less to write; readers take any.
constexpr const char* kPageBytes = "16384";
/// Pages in memory while the file is written: few, for most are written once, and these stay near the
/// processor.
constexpr const char* kCacheKibibytes = "-2048";

/// The file has a temporary name and is thrown away if anything fails: no journal protects it.
void write_without_journal(SqliteDatabase& database) {
  database.run("PRAGMA journal_mode=DELETE");
  database.run("PRAGMA journal_mode=OFF");
  database.run("PRAGMA synchronous=OFF");
  database.run("PRAGMA locking_mode=EXCLUSIVE");
  database.run(std::string("PRAGMA cache_size=") + kCacheKibibytes);
}

/// While there is next to nothing in the file; a size that was asked for otherwise stays.
void enlarge_pages(SqliteDatabase& database) {
  if (database.run("PRAGMA page_size") != "4096") return;
  database.run(std::string("PRAGMA page_size=") + kPageBytes);
  database.run("VACUUM");
}

/// Triggers keep index and counts up to date when others edit the layer; in bulk, both are written once.
class SuspendedTriggers {
 public:
  SuspendedTriggers(SqliteDatabase& database, const std::string& layer) {
    {
      SqliteStatement triggers = database.prepare(
          "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?1)");
      triggers.bind(1, std::string_view(layer));
      while (triggers.step()) triggers_.emplace_back(triggers.text(0), triggers.text(1));
    }
    for (const auto& trigger : triggers_) database.run("DROP TRIGGER " + quoted_name(trigger.first));
  }

  void restore(SqliteDatabase& database) const {
    for (const auto& trigger : triggers_) database.run(trigger.second);
  }

 private:
  std::vector<std::pair<std::string, std::string>> triggers_;  ///< name, SQL
};

/// The open file and what is written into it row by row.
class Package {
 public:
  Package(const std::string& path,
          const std::string& target,
          const std::string& geometry,
          const VectorWriterOptions& options)
      : options_(options),
        geometry_(geometry),
        database_(path, fmt::format("polygons of '{}'", target)),
        rows_(database_, options.layer, geometry) {
    write_without_journal(database_);
    enlarge_pages(database_);
    database_.run("BEGIN");
    triggers_.emplace(database_, options.layer);
    srs_id_ = std::stoi(
        database_.run("SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = ?1", {options.layer}));
    const std::string index = fmt::format("rtree_{}_{}", options.layer, geometry);
    if (database_.run("SELECT count(*) FROM sqlite_master WHERE name = ?1", {index}) == "1") {
      index_.emplace(database_, index);
    }
  }

  void add(const ShapeView& shape, const ObjectAttributes& attributes) {
    const Bounds bounds = bounds_of(shape.points);
    if (rows_.count() == 0) extent_ = bounds;
    extent_.include(bounds);
    put_geopackage_geometry(rows_.begin_row(attributes), shape, bounds, srs_id_, options_.several_parts);
    rows_.end_row();
    if (index_) index_->add(bounds);
  }

  void finish(const std::string& target) {
    rows_.finish();
    if (index_) index_->finish();
    index_.reset();
    write_summary();
    triggers_->restore(database_);
    add_geopackage_extras(database_,
                          {options_.layer, geometry_, qml_style(options_.classes), options_.provenance});
    database_.run("COMMIT");
    leave_no_journal(database_, target);
    database_.close();
  }

 private:
  void write_summary() {
    if (rows_.count() > 0) {
      SqliteStatement extent = database_.prepare(
          "UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5 WHERE table_name = ?1");
      extent.bind(1, std::string_view(options_.layer));
      int place = 1;
      for (const double side : {extent_.min_x, extent_.min_y, extent_.max_x, extent_.max_y}) {
        extent.bind(++place, side);
      }
      extent.run();
    }
    if (database_.run("SELECT count(*) FROM sqlite_master WHERE name = 'gpkg_ogr_contents'") == "0") return;
    SqliteStatement count =
        database_.prepare("UPDATE gpkg_ogr_contents SET feature_count = ?2 WHERE table_name = ?1");
    count.bind(1, std::string_view(options_.layer));
    count.bind(2, rows_.count());
    count.run();
  }

  const VectorWriterOptions& options_;
  std::string geometry_;  ///< its column
  SqliteDatabase database_;
  std::optional<SuspendedTriggers> triggers_;
  GeopackageRows rows_;
  std::optional<GeopackageIndex> index_;  ///< empty if the layer has none
  Bounds extent_;
  std::int32_t srs_id_ = 0;
};

class GeopackageWriter final : public VectorWriter {
 public:
  GeopackageWriter(const std::string& path, const geo::Crs& crs, const VectorWriterOptions& options)
      : target_(path), options_(cleaned(options)), file_(path, options.overwrite) {
    if (options.overwrite) settle_geopackage(path);
    const std::string geometry = make_empty_geopackage(path, file_, crs, options_);
    package_.emplace(file_.path(), path, geometry, options_);
  }

  using VectorWriter::add;
  void add(const ShapeView& shape, const ObjectAttributes& attributes) override {
    require_open(package_.has_value(), target_);
    require_parts(shape, options_.several_parts, target_);
    package_->add(shape, attributes);
    ++count_;
  }

  void finish() override {
    require_open(package_.has_value(), target_);
    package_->finish(target_);
    package_.reset();
    if (options_.overwrite) settle_geopackage(target_);
    file_.publish();
  }

  std::int64_t count() const override { return count_; }

 private:
  std::string target_;
  VectorWriterOptions options_;
  PartialFile file_;  ///< before the package, which is closed first
  std::optional<Package> package_;
  std::int64_t count_ = 0;
};

}  // namespace

std::unique_ptr<VectorWriter> make_geopackage_writer(const std::string& path,
                                                     const geo::Crs& crs,
                                                     const VectorWriterOptions& options) {
  return std::make_unique<GeopackageWriter>(path, crs, options);
}

}  // namespace scarp::vector
