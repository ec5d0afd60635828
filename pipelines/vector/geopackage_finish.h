// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "pipelines/vector/sqlite_database.h"

namespace scarp::vector {

struct GeoPackageExtras {
  std::string layer;
  std::string geometry_column;
  std::string qml;                                ///< the style that QGIS loads with the layer
  std::map<std::string, std::string> provenance;  ///< into the table scarp_provenance
};

/// Adds QGIS's table layer_styles and the table scarp_provenance and registers both. All times in the file
/// become the same constant: its bytes depend on what was written alone.
/// @throws Error (unwritable, out_of_space)
void add_geopackage_extras(SqliteDatabase& database, const GeoPackageExtras& extras);

/// Journal mode DELETE: one file, whatever mode it was written in.
/// @throws Error (unwritable)
void leave_no_journal(SqliteDatabase& database, const std::string& path);

/// Both for a closed GeoPackage.
/// @throws Error (unwritable, out_of_space)
void finish_geopackage(const std::string& path, const GeoPackageExtras& extras);

/// Before a GeoPackage is replaced: brings what journals beside it hold into it and removes them, as SQLite
/// does when the last program closes it. Does nothing where there are no journals or the file is no database.
/// @throws Error (unwritable) if another program has it open: its edits would be lost without a word
void settle_geopackage(const std::string& path);

}  // namespace scarp::vector
