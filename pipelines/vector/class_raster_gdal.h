// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "geo/grid.h"
#include "pipelines/vector/vector_writer.h"

namespace scarp::vector {

/// A raster of whole numbers, read in the narrowest type that holds them.
class ClassRaster {
 public:
  enum class Type : std::uint8_t { u8, u16, i32 };

  /// @param band  1-based; 0: the only one
  /// @throws geo::Error (missing_file, unreadable: floats, complex or 64-bit numbers; wrong_bands)
  explicit ClassRaster(const std::string& path, int band = 0);
  ~ClassRaster();
  ClassRaster(ClassRaster&&) noexcept;
  ClassRaster& operator=(ClassRaster&&) noexcept;

  std::int64_t rows() const;
  std::int64_t cols() const;
  const geo::Grid& grid() const;    ///< the first call reads the CRS
  std::int64_t block_rows() const;  ///< of the blocks in which the file holds its pixels
  Type type() const;
  int band() const;  ///< 1-based
  /// The declared nodata value; none if the type cannot hold it, for no pixel has it then.
  std::optional<std::int32_t> nodata() const;
  /// A mask or an alpha band says what is valid. `read` does not look at it.
  bool masked() const;
  /// Classes that have a name in the raster, with the colours of its colour table.
  const std::vector<StyleClass>& classes() const;

  /// @param pixels  room for [rows, cols] in the raster's type
  /// @throws geo::Error (unreadable): a block cannot be decoded, or a value is beyond 2^31 - 2
  template <typename T>
  void read(std::int64_t first_row, std::int64_t rows, T* pixels);

  /// The same raster for another thread.
  ClassRaster reopen() const;

 private:
  struct Impl;
  explicit ClassRaster(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// How many rows several threads had best read at a time: whole rows of blocks, so that none is decoded
/// twice, near the tracer's own choice; 0 where blocks are too high for that.
std::int64_t rows_of_blocks(const ClassRaster& raster);

/// The same raster for several threads: each that reads has one opened for itself.
class ClassRasterPool {
 public:
  /// @param most  readers at a time; others wait
  ClassRasterPool(ClassRaster first, int most);
  ~ClassRasterPool();
  template <typename T>
  void read(std::int64_t first_row, std::int64_t rows, T* pixels);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scarp::vector
