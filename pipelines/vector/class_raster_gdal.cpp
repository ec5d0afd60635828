// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/class_raster_gdal.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <span>
#include <type_traits>

#include <fmt/format.h>
#include <gdal_priv.h>

#include "geo/block_rows_gdal.h"
#include "geo/error.h"
#include "geo/raster_source_gdal.h"
#include "pipelines/vector/class_tracer.h"
#include "pipelines/vector/error_scope_gdal.h"

namespace scarp::vector {
namespace {

using PixelType = geo::PixelType;

int chosen_band(const geo::RasterSource& raster, int band) {
  const int bands = static_cast<int>(raster.bands().size());
  if (band == 0 && bands == 1) return 1;
  if (band >= 1 && band <= bands) return band;
  throw geo::Error(geo::Fault::wrong_bands,
                   band == 0 ? fmt::format("{} has {} bands, a class raster has one: is it an image? If not, "
                                           "choose with -b",
                                           raster.name(), bands)
                             : fmt::format("{} has {} bands, there is no band {}: choose from 1 to {}",
                                           raster.name(), bands, band, bands));
}

ClassRaster::Type type_of(const geo::RasterSource& raster, GDALDataType stored, PixelType type) {
  switch (type) {
    case PixelType::u8:
      return ClassRaster::Type::u8;
    case PixelType::u16:
      return ClassRaster::Type::u16;
    case PixelType::i8:
    case PixelType::i16:
    case PixelType::i32:
    case PixelType::u32:
      return ClassRaster::Type::i32;
    default:
      break;
  }
  throw geo::Error(
      geo::Fault::unreadable,
      fmt::format("{} holds numbers of type {}, classes are whole numbers of up to 32 bits: choose "
                  "the class raster, or round it with gdal_translate -ot Int32",
                  raster.name(), GDALGetDataTypeName(stored)));
}

template <typename T>
constexpr GDALDataType kGdalType = std::is_same_v<T, std::uint8_t>    ? GDT_Byte
                                   : std::is_same_v<T, std::uint16_t> ? GDT_UInt16
                                                                      : GDT_Int32;

std::vector<StyleClass> named_classes(GDALDataset& dataset, GDALRasterBand& band) {
  std::vector<StyleClass> classes;
  double unused[6];
  dataset.GetGeoTransform(unused);  // GDAL's GeoTIFF driver reads the .aux.xml with its names now, not before
  char** names = band.GetCategoryNames();
  const GDALColorTable* colours = band.GetColorTable();
  for (int value = 0; names != nullptr && names[value] != nullptr; ++value) {
    if (*names[value] == '\0') continue;
    StyleClass named{value, names[value], {0, 0, 0}};
    if (colours != nullptr && value < colours->GetColorEntryCount()) {
      const GDALColorEntry& entry = *colours->GetColorEntry(value);
      named.colour = {static_cast<std::uint8_t>(entry.c1), static_cast<std::uint8_t>(entry.c2),
                      static_cast<std::uint8_t>(entry.c3)};
    }
    classes.push_back(named);
  }
  return classes;
}

GDALDatasetUniquePtr opened(const std::string& path) {
  const GdalErrorScope errors;
  GDALDatasetUniquePtr dataset(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY));
  if (!dataset) throw geo::Error(geo::Fault::unreadable, path + " cannot be opened: " + errors.text());
  return dataset;
}

}  // namespace

struct ClassRaster::Impl {
  std::string path;
  std::shared_ptr<geo::RasterSource> source;  ///< knows the grid
  int band = 1;
  Type type = Type::u8;
  bool checks_range = false;   ///< unsigned 32 bits are read as signed ones
  bool restores_sign = false;  ///< signed bytes, which GDAL before 3.7 reads as unsigned ones
  std::optional<std::int32_t> nodata;
  std::vector<StyleClass> classes;
  GDALDatasetUniquePtr dataset;
  std::optional<geo::BlockRows> blocks;  ///< empty where GDAL reads the rows itself

  void open() {
    dataset = opened(path);
    if (geo::BlockRows::suits(path, *dataset)) blocks.emplace(*dataset->GetRasterBand(band));
  }
  /// False if they cannot be decoded.
  bool read(std::int64_t first_row, std::int64_t rows, void* pixels, GDALDataType wanted) {
    GDALRasterBand& stored = *dataset->GetRasterBand(band);
    if (blocks && stored.GetRasterDataType() == wanted) {
      return blocks->read(first_row, rows, static_cast<std::byte*>(pixels));
    }
    const int width = dataset->GetRasterXSize();
    const auto height = static_cast<int>(rows);
    return stored.RasterIO(GF_Read, 0, static_cast<int>(first_row), width, height, pixels, width, height,
                           wanted, 0, 0, nullptr) == CE_None;
  }
};

ClassRaster::ClassRaster(const std::string& path, int band) : impl_(std::make_unique<Impl>()) {
  Impl& raster = *impl_;
  raster.path = path;
  raster.source = geo::open_raster(path);
  raster.band = chosen_band(*raster.source, band);
  const geo::BandInfo& info = raster.source->bands()[static_cast<std::size_t>(raster.band - 1)];
  raster.open();
  GDALRasterBand& stored = *raster.dataset->GetRasterBand(raster.band);
  raster.type = type_of(*raster.source, stored.GetRasterDataType(), info.type);
  raster.checks_range = info.type == PixelType::u32;
  raster.restores_sign = info.type == PixelType::i8 && stored.GetRasterDataType() == GDT_Byte;
  const bool whole = info.nodata && std::nearbyint(*info.nodata) == *info.nodata;
  if (whole && std::abs(*info.nodata) <= std::numeric_limits<std::int32_t>::max()) {
    raster.nodata = static_cast<std::int32_t>(*info.nodata);
  }
  raster.classes = named_classes(*raster.dataset, stored);
}

ClassRaster::~ClassRaster() = default;
ClassRaster::ClassRaster(ClassRaster&&) noexcept = default;
ClassRaster& ClassRaster::operator=(ClassRaster&&) noexcept = default;

std::int64_t ClassRaster::rows() const {
  return impl_->dataset->GetRasterYSize();
}
std::int64_t ClassRaster::cols() const {
  return impl_->dataset->GetRasterXSize();
}
const geo::Grid& ClassRaster::grid() const {
  return impl_->source->grid();
}
std::int64_t ClassRaster::block_rows() const {
  int cols = 0;
  int rows = 0;
  impl_->dataset->GetRasterBand(impl_->band)->GetBlockSize(&cols, &rows);
  return rows;
}
ClassRaster::Type ClassRaster::type() const {
  return impl_->type;
}
int ClassRaster::band() const {
  return impl_->band;
}
std::optional<std::int32_t> ClassRaster::nodata() const {
  return impl_->nodata;
}
bool ClassRaster::masked() const {
  return (impl_->dataset->GetRasterBand(impl_->band)->GetMaskFlags() & (GMF_PER_DATASET | GMF_ALPHA)) != 0;
}
const std::vector<StyleClass>& ClassRaster::classes() const {
  return impl_->classes;
}

template <typename T>
void ClassRaster::read(std::int64_t first_row, std::int64_t rows, T* pixels) {
  const GdalErrorScope errors;
  if (!impl_->read(first_row, rows, pixels, kGdalType<T>)) {
    throw geo::Error(geo::Fault::unreadable,
                     fmt::format("rows {} to {} of {} cannot be read ({}); the file may be damaged",
                                 first_row, first_row + rows - 1, impl_->path, errors.text()));
  }
  const std::span<T> values(pixels, static_cast<std::size_t>(rows * cols()));
  if (impl_->restores_sign) {
    for (T& value : values) value = static_cast<T>(value > 127 ? value - 256 : value);
  }
  if (!impl_->checks_range) return;
  constexpr T kBeyond = std::numeric_limits<T>::max();  // what GDAL makes of larger values
  if (std::find(values.begin(), values.end(), kBeyond) == values.end()) return;
  throw geo::Error(
      geo::Fault::unreadable,
      fmt::format("{} holds a class beyond {}: more than a 32-bit number can tell apart; give its "
                  "classes smaller numbers",
                  impl_->path, std::numeric_limits<std::int32_t>::max() - 1));
}

ClassRaster::ClassRaster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ClassRaster ClassRaster::reopen() const {
  auto copy = std::make_unique<Impl>();
  copy->path = impl_->path;
  copy->source = impl_->source;
  copy->band = impl_->band;
  copy->type = impl_->type;
  copy->checks_range = impl_->checks_range;
  copy->restores_sign = impl_->restores_sign;
  copy->nodata = impl_->nodata;
  copy->classes = impl_->classes;
  copy->open();
  return ClassRaster(std::move(copy));
}

std::int64_t rows_of_blocks(const ClassRaster& raster) {
  constexpr std::int64_t kMostPixels = std::int64_t{1} << 25;
  const std::int64_t wanted = default_band_rows(raster.cols(), false);
  const std::int64_t block = raster.block_rows();
  const std::int64_t rows = std::max<std::int64_t>(1, wanted / block) * block;
  return rows * raster.cols() <= kMostPixels ? rows : 0;
}

struct ClassRasterPool::Impl {
  /// Waits until there is one for this thread.
  ClassRaster& take() {
    std::unique_lock lock(mutex);
    returned.wait(lock, [&] { return !idle.empty() || all.size() < most; });
    if (idle.empty()) return all.emplace_back(all.front().reopen());
    ClassRaster& reader = *idle.back();
    idle.pop_back();
    return reader;
  }
  void give_back(ClassRaster& reader) {
    {
      const std::lock_guard lock(mutex);
      idle.push_back(&reader);
    }
    returned.notify_one();
  }

  std::size_t most = 1;
  std::deque<ClassRaster> all;
  std::vector<ClassRaster*> idle;
  std::mutex mutex;
  std::condition_variable returned;
};

ClassRasterPool::ClassRasterPool(ClassRaster first, int most) : impl_(std::make_unique<Impl>()) {
  impl_->most = static_cast<std::size_t>(most);
  impl_->idle.push_back(&impl_->all.emplace_back(std::move(first)));
}

ClassRasterPool::~ClassRasterPool() = default;

template <typename T>
void ClassRasterPool::read(std::int64_t first_row, std::int64_t rows, T* pixels) {
  ClassRaster& reader = impl_->take();
  try {
    reader.read(first_row, rows, pixels);
  } catch (...) {
    impl_->give_back(reader);  // others may wait for it
    throw;
  }
  impl_->give_back(reader);
}

template void ClassRasterPool::read(std::int64_t, std::int64_t, std::uint8_t*);
template void ClassRasterPool::read(std::int64_t, std::int64_t, std::uint16_t*);
template void ClassRasterPool::read(std::int64_t, std::int64_t, std::int32_t*);

template void ClassRaster::read(std::int64_t, std::int64_t, std::uint8_t*);
template void ClassRaster::read(std::int64_t, std::int64_t, std::uint16_t*);
template void ClassRaster::read(std::int64_t, std::int64_t, std::int32_t*);

}  // namespace scarp::vector
