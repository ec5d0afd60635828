// SPDX-License-Identifier: Apache-2.0
#include "geo/block_rows_gdal.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <cpl_vsi.h>
#include <gdal_priv.h>

namespace scarp::geo {
namespace {

/// What may be kept beside the rows that were asked for.
constexpr std::int64_t kMostKeptBytes = std::int64_t{1} << 26;

}  // namespace

bool BlockRows::suits(const std::string& path, GDALDataset& dataset) {
  if (dataset.GetRasterCount() != 1 || !VSIIsLocal(path.c_str())) return false;
  if (dataset.GetDriver() == nullptr || std::string_view(dataset.GetDriver()->GetDescription()) != "GTiff") {
    return false;
  }
  GDALRasterBand& band = *dataset.GetRasterBand(1);
  int cols = 0;
  int rows = 0;
  band.GetBlockSize(&cols, &rows);
  const std::int64_t pixel_bytes = GDALGetDataTypeSizeBytes(band.GetRasterDataType());
  return std::int64_t{std::max(cols, band.GetXSize())} * rows * pixel_bytes <= kMostKeptBytes;
}

BlockRows::BlockRows(GDALRasterBand& band)
    : band_(&band),
      cols_(band.GetXSize()),
      rows_(band.GetYSize()),
      pixel_bytes_(static_cast<std::size_t>(GDALGetDataTypeSizeBytes(band.GetRasterDataType()))) {
  int cols = 0;
  int rows = 0;
  band.GetBlockSize(&cols, &rows);
  block_cols_ = cols;
  block_rows_ = rows;
  block_.resize(static_cast<std::size_t>(block_cols_ * block_rows_) * pixel_bytes_);
}

std::int64_t BlockRows::rows_of(std::int64_t block_row) const {
  return std::min(block_rows_, rows_ - block_row * block_rows_);
}

bool BlockRows::read(std::int64_t first_row, std::int64_t rows, std::byte* pixels) {
  const std::size_t row_bytes = static_cast<std::size_t>(cols_) * pixel_bytes_;
  const std::int64_t end = first_row + rows;
  for (std::int64_t row = first_row; row < end;) {
    const std::int64_t block_row = row / block_rows_;
    const std::int64_t skipped = row - block_row * block_rows_;
    const std::int64_t taken = std::min(rows_of(block_row) - skipped, end - row);
    if (taken == rows_of(block_row)) {
      if (!decode(block_row, pixels)) return false;
    } else {
      if (!keep(block_row)) return false;
      std::memcpy(pixels, kept_.data() + static_cast<std::size_t>(skipped) * row_bytes,
                  static_cast<std::size_t>(taken) * row_bytes);
    }
    pixels += static_cast<std::size_t>(taken) * row_bytes;
    row += taken;
  }
  return true;
}

bool BlockRows::keep(std::int64_t block_row) {
  if (kept_row_ == block_row) return true;
  kept_row_ = -1;
  kept_.resize(static_cast<std::size_t>(block_rows_ * cols_) * pixel_bytes_);
  if (!decode(block_row, kept_.data())) return false;
  kept_row_ = block_row;
  return true;
}

/// A whole row of blocks, as far as it lies in the raster.
bool BlockRows::decode(std::int64_t block_row, std::byte* pixels) {
  const std::size_t row_bytes = static_cast<std::size_t>(cols_) * pixel_bytes_;
  const std::size_t block_row_bytes = static_cast<std::size_t>(block_cols_) * pixel_bytes_;
  const std::int64_t rows = rows_of(block_row);
  const bool in_place = block_cols_ == cols_ && rows == block_rows_;
  for (std::int64_t col = 0; col < cols_; col += block_cols_) {
    if (band_->ReadBlock(static_cast<int>(col / block_cols_), static_cast<int>(block_row),
                         in_place ? pixels : block_.data()) != CE_None) {
      return false;
    }
    if (in_place) continue;
    const std::size_t bytes = static_cast<std::size_t>(std::min(block_cols_, cols_ - col)) * pixel_bytes_;
    std::byte* to = pixels + static_cast<std::size_t>(col) * pixel_bytes_;
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto i = static_cast<std::size_t>(row);
      std::memcpy(to + i * row_bytes, block_.data() + i * block_row_bytes, bytes);
    }
  }
  return true;
}

}  // namespace scarp::geo
