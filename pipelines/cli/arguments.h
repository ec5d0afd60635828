// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace scarp::cli {

/// What an argument's value is. Forms and shell completion choose their widget by it; the help shows it in
/// capitals.
namespace value {
inline constexpr const char* kRaster = "RASTER";      ///< anything GDAL reads
inline constexpr const char* kVector = "VECTOR";      ///< FILE[:LAYER]
inline constexpr const char* kMap = "RASTER|VECTOR";  ///< either
inline constexpr const char* kModel = "MODEL";        ///< name of a model, or a file
inline constexpr const char* kFile = "FILE";
inline constexpr const char* kNewRaster = "NEW_RASTER";  ///< outputs
inline constexpr const char* kNewVector = "NEW_VECTOR";
inline constexpr const char* kNewFile = "NEW_FILE";
inline constexpr const char* kNewFolder = "NEW_FOLDER";
inline constexpr const char* kText = "TEXT";
inline constexpr const char* kCrs = "CRS";
inline constexpr const char* kInteger = "INTEGER";
inline constexpr const char* kNumber = "NUMBER";
inline constexpr const char* kKeyValue = "KEY=VALUE";
}  // namespace value

// Validators say their rule in a form that --json-usage reads back: their name is one of these.
inline constexpr const char* kChoiceRule = "choice";  ///< description "fill|mask"
inline constexpr const char* kRangeRule = "range";    ///< description "1..64"

/// One of a few words.
CLI::Validator one_of(std::vector<std::string> choices);
/// lowest <= value <= highest
CLI::Validator between(double lowest, double highest);
/// KEY=VALUE with a key
CLI::Validator key_value();

/// A number or a text, optional, its default shown in the help.
template <typename T>
CLI::Option* add_value(CLI::App& app,
                       const std::string& flags,
                       T& member,
                       const char* type,
                       const std::string& help) {
  return app.add_option(flags, member, help)->type_name(type)->capture_default_str();
}

/// May be said several times; takes one value each time, or several with commas between. Never swallows the
/// positionals after it.
template <typename T>
CLI::Option* add_list(CLI::App& app,
                      const std::string& flags,
                      std::vector<T>& member,
                      const char* type,
                      const std::string& help) {
  return app.add_option(flags, member, help)
      ->type_name(type)
      ->delimiter(',')
      ->allow_extra_args(false)
      ->default_str("");
}

/// KEY=VALUE, one each time: values may hold commas.
CLI::Option* add_key_values(CLI::App& app,
                            const std::string& flags,
                            std::vector<std::string>& member,
                            const std::string& help);

/// --overwrite
void add_overwrite(CLI::App& app, bool& member);
/// -j
void add_workers(CLI::App& app, int& member);

/// Refuses an output that is one of the inputs: --overwrite would destroy it.
/// @throws pipelines::Error (usage)
void require_other_file(const std::string& output, const std::vector<std::string>& inputs);

}  // namespace scarp::cli
