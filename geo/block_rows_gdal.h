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
  /// A row of blocks, one block behind the other.
  struct Kept {
    std::int64_t block_row = -1;  ///< none
    std::vector<std::byte> bytes;
  };

  std::int64_t rows_of(std::int64_t block_row) const;
  bool read_block(std::int64_t block_row, std::int64_t block, std::byte* bytes);
  bool read_whole(std::int64_t block_row, std::byte* pixels);
  bool keep(std::int64_t block_row);
  void copy_rows(const std::byte* bytes,
                 std::int64_t block,
                 std::int64_t first_row,
                 std::int64_t rows,
                 std::byte* pixels) const;

  GDALRasterBand* band_;
  std::int64_t cols_, rows_;
  std::int64_t block_cols_ = 0, block_rows_ = 0;
  std::int64_t blocks_ = 0;  ///< side by side
  std::size_t pixel_bytes_;
  std::size_t block_bytes_ = 0;
  std::vector<std::byte> block_;
  Kept last_, before_last_;
};

}  // namespace scarp::geo
