// SPDX-License-Identifier: Apache-2.0
#include "geo/block_rows_gdal.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

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
  blocks_ = (cols_ + block_cols_ - 1) / block_cols_;
  block_bytes_ = static_cast<std::size_t>(block_cols_ * block_rows_) * pixel_bytes_;
}

std::int64_t BlockRows::rows_of(std::int64_t block_row) const {
  return std::min(block_rows_, rows_ - block_row * block_rows_);
}

bool BlockRows::read(std::int64_t first_row, std::int64_t rows, std::byte* pixels) {
  const std::int64_t end = first_row + rows;
  for (std::int64_t row = first_row; row < end;) {
    const std::int64_t block_row = row / block_rows_;
    const std::int64_t skipped = row - block_row * block_rows_;
    const std::int64_t taken = std::min(rows_of(block_row) - skipped, end - row);
    if (taken == rows_of(block_row)) {
      if (!read_whole(block_row, pixels)) return false;
    } else {
      if (!keep(block_row)) return false;
      for (std::int64_t i = 0; i < blocks_; ++i) {
        copy_rows(last_.bytes.data() + static_cast<std::size_t>(i) * block_bytes_, i, skipped, taken, pixels);
      }
    }
    pixels += static_cast<std::size_t>(taken * cols_) * pixel_bytes_;
    row += taken;
  }
  return true;
}

bool BlockRows::read_block(std::int64_t block_row, std::int64_t block, std::byte* bytes) {
  return band_->ReadBlock(static_cast<int>(block), static_cast<int>(block_row), bytes) == CE_None;
}

/// Makes last_ the row of blocks.
bool BlockRows::keep(std::int64_t block_row) {
  if (last_.block_row == block_row) return true;
  std::swap(last_, before_last_);
  if (last_.block_row == block_row) return true;
  last_.block_row = -1;
  last_.bytes.resize(static_cast<std::size_t>(blocks_) * block_bytes_);
  for (std::int64_t i = 0; i < blocks_; ++i) {
    if (!read_block(block_row, i, last_.bytes.data() + static_cast<std::size_t>(i) * block_bytes_))
      return false;
  }
  last_.block_row = block_row;
  return true;
}

/// One block after the other, in place where they are as wide as the raster.
bool BlockRows::read_whole(std::int64_t block_row, std::byte* pixels) {
  const std::int64_t rows = rows_of(block_row);
  if (blocks_ == 1 && block_cols_ == cols_ && rows == block_rows_) return read_block(block_row, 0, pixels);
  block_.resize(block_bytes_);
  for (std::int64_t i = 0; i < blocks_; ++i) {
    if (!read_block(block_row, i, block_.data())) return false;
    copy_rows(block_.data(), i, 0, rows, pixels);
  }
  return true;
}

/// Some rows of a block to their places in rows of the raster.
void BlockRows::copy_rows(const std::byte* bytes,
                          std::int64_t block,
                          std::int64_t first_row,
                          std::int64_t rows,
                          std::byte* pixels) const {
  const std::int64_t first_col = block * block_cols_;
  const auto count = static_cast<std::size_t>(std::min(block_cols_, cols_ - first_col)) * pixel_bytes_;
  const std::byte* from = bytes + static_cast<std::size_t>(first_row * block_cols_) * pixel_bytes_;
  std::byte* to = pixels + static_cast<std::size_t>(first_col) * pixel_bytes_;
  for (std::int64_t row = 0; row < rows; ++row) {
    std::memcpy(to, from, count);
    from += static_cast<std::size_t>(block_cols_) * pixel_bytes_;
    to += static_cast<std::size_t>(cols_) * pixel_bytes_;
  }
}

}  // namespace scarp::geo
