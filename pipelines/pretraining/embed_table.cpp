// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/embed_table.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iterator>

#include <fmt/format.h>

#include "pipelines/error.h"

namespace scarp::pipelines {

EmbedTable::EmbedTable(const std::string& path, const geo::Grid& grid, std::int64_t width, bool overwrite)
    : path_(path), temporary_(path + ".partial"), grid_(grid), width_(width) {
  if (!overwrite && std::filesystem::exists(path))
    throw Error(Fault::already_exists, fmt::format("{} is already there: --overwrite replaces it.", path));
  out_.open(temporary_);
  if (!out_) throw Error(Fault::unwritable, fmt::format("{} cannot be written.", path));
  out_ << "row,col,x,y";
  for (std::int64_t f = 0; f < width; ++f) out_ << ",feature_" << f;
  out_ << '\n';
}

EmbedTable::~EmbedTable() {
  if (!temporary_.empty()) std::remove(temporary_.c_str());
}

void EmbedTable::write_rows(std::span<const float> values, std::int64_t first_row, std::int64_t rows) {
  const std::int64_t plane = rows * grid_.cols;
  std::string line;
  for (std::int64_t i = 0; i < plane; ++i) {
    if (std::isnan(values[static_cast<std::size_t>(i)])) continue;
    const std::int64_t row = first_row + i / grid_.cols, col = i % grid_.cols;
    const geo::MapPoint at =
        grid_.map_from_pixel({static_cast<double>(row) + 0.5, static_cast<double>(col) + 0.5});
    line.clear();
    fmt::format_to(std::back_inserter(line), "{},{},{},{}", row, col, at.x, at.y);
    for (std::int64_t f = 0; f < width_; ++f)
      fmt::format_to(std::back_inserter(line), ",{}", values[static_cast<std::size_t>(f * plane + i)]);
    out_ << line << '\n';
  }
  if (!out_) throw Error(Fault::unwritable, fmt::format("{} cannot be written: is the disk full?", path_));
}

void EmbedTable::finish() {
  out_.close();
  std::error_code error;
  if (out_) std::filesystem::rename(temporary_, path_, error);
  if (!out_ || error)
    throw Error(Fault::unwritable, fmt::format("{} cannot be written: is the disk full?", path_));
  temporary_.clear();
}

}  // namespace scarp::pipelines
