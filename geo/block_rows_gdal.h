// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

class GDALDataset;
class GDALRasterBand;

namespace scarp::geo {

/// Rows of a band that are read from top to bottom, block by block, without GDAL's block cache: its pages
/// would be touched for the first time, filled, copied and dropped, which costs four times what decoding
/// does. What is kept is one row of blocks, for rows that end within it.
class BlockRows {
 public:
  /// GeoTIFF files with a single band and blocks of a moderate size, on this machine: remote ones are read
  /// better by GDAL, which asks for several blocks at once.
  static bool suits(const std::string& path, GDALDataset& dataset);

  explicit BlockRows(GDALRasterBand& band);

  /// @param pixels  room for [rows, columns] in the band's own type
  /// @return false if a block cannot be decoded; GDAL has said why
  bool read(std::int64_t first_row, std::int64_t rows, std::byte* pixels);

 private:
  std::int64_t rows_of(std::int64_t block_row) const;
  bool decode(std::int64_t block_row, std::byte* pixels);
  bool keep(std::int64_t block_row);

  GDALRasterBand* band_;
  std::int64_t cols_, rows_;
  std::int64_t block_cols_ = 0, block_rows_ = 0;
  std::size_t pixel_bytes_;
  std::vector<std::byte> block_;
  std::vector<std::byte> kept_;
  std::int64_t kept_row_ = -1;  ///< row of blocks in kept_; -1: none
};

}  // namespace scarp::geo
