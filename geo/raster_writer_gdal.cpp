// SPDX-License-Identifier: Apache-2.0
#include "geo/raster_writer_gdal.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include <cpl_string.h>
#include <gdal_priv.h>

#include "geo/error.h"
#include "geo/gdal_messages.h"
#include "geo/output_file.h"

namespace scarp::geo {
namespace {

constexpr int kBlockPx = 512;

struct CloseWritten {
  void operator()(GDALDataset* dataset) const { GDALClose(dataset); }
};
using WrittenDataset = std::unique_ptr<GDALDataset, CloseWritten>;

GDALDataType gdal_type(PixelType type) {
  switch (type) {
    case PixelType::u8:
      return GDT_Byte;
    case PixelType::u16:
      return GDT_UInt16;
    case PixelType::i16:
      return GDT_Int16;
    case PixelType::u32:
      return GDT_UInt32;
    case PixelType::i32:
      return GDT_Int32;
    case PixelType::f32:
      return GDT_Float32;
    case PixelType::f64:
      return GDT_Float64;
    case PixelType::i8:
      break;
  }
  throw Error(Fault::bad_argument,
              "rasters of type " + to_string(type) + " cannot be written; use u8 or i16");
}

template <typename T>
constexpr PixelType pixel_type_of() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return PixelType::u8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return PixelType::u16;
  if constexpr (std::is_same_v<T, std::int16_t>) return PixelType::i16;
  return PixelType::f32;
}

void check_options(const std::string& path, const Grid& grid, const RasterWriterOptions& options) {
  const auto refuse = [&](const std::string& why) {
    throw Error(Fault::bad_argument, path + " cannot be written: " + why);
  };
  constexpr std::int64_t kMostPx = 0x7fffffff;
  if (grid.rows <= 0 || grid.cols <= 0 || grid.rows > kMostPx || grid.cols > kMostPx) {
    refuse("a raster of " + std::to_string(grid.rows) + " x " + std::to_string(grid.cols) +
           " pixels is not possible");
  }
  if (options.band_names.empty()) refuse("it has no bands; name at least one");
  if (options.driver != "COG" && options.driver != "GTiff") {
    refuse("the format \"" + options.driver + "\" is not one of COG, GTiff");
  }
  for (const std::string& option : options.creation) {
    if (option.find('=') == std::string::npos || option.front() == '=') {
      refuse("the creation option \"" + option + "\" is not KEY=VALUE");
    }
  }
  if (options.categories.empty()) return;
  if (options.type != PixelType::u8 || options.band_names.size() != 1) {
    refuse("categories need one band of u8, not " + std::to_string(options.band_names.size()) + " of " +
           to_string(options.type));
  }
  for (const RasterCategory& category : options.categories) {
    if (category.value < 0 || category.value > 255) {
      refuse("the category \"" + category.name + "\" has the value " + std::to_string(category.value) +
             ", not one of 0..255");
    }
  }
}

bool can_compress_with(const std::string& method) {
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName("GTiff");
  const char* list = driver->GetMetadataItem(GDAL_DMD_CREATIONOPTIONLIST);
  return list != nullptr && std::strstr(list, (">" + method + "<").c_str()) != nullptr;
}

/// Class numbers repeat: a predictor would only hide that.
std::string tiff_predictor(const RasterWriterOptions& options) {
  if (!options.categories.empty()) return "1";
  return options.type == PixelType::f32 || options.type == PixelType::f64 ? "3" : "2";
}

CPLStringList tiff_options(const RasterWriterOptions& options, bool final_file) {
  CPLStringList list;
  list.SetNameValue("TILED", "YES");
  list.SetNameValue("BLOCKXSIZE", std::to_string(kBlockPx).c_str());
  list.SetNameValue("BLOCKYSIZE", std::to_string(kBlockPx).c_str());
  list.SetNameValue("BIGTIFF", "IF_SAFER");
  list.SetNameValue("INTERLEAVE", "BAND");
  const bool zstd = !final_file && can_compress_with("ZSTD");
  // Every reader knows deflate; what is read only once more, here, may be quicker.
  list.SetNameValue("COMPRESS", zstd ? "ZSTD" : "DEFLATE");
  if (zstd) list.SetNameValue("ZSTD_LEVEL", "1");
  list.SetNameValue("PREDICTOR", tiff_predictor(options).c_str());
  if (!final_file) return list;
  for (const std::string& option : options.creation) {
    const std::size_t equals = option.find('=');
    list.SetNameValue(option.substr(0, equals).c_str(), option.substr(equals + 1).c_str());
  }
  return list;
}

CPLStringList cog_options(const RasterWriterOptions& options) {
  CPLStringList list;
  list.SetNameValue("COMPRESS", "DEFLATE");
  list.SetNameValue("PREDICTOR", options.categories.empty() ? "YES" : "NO");
  list.SetNameValue("BLOCKSIZE", std::to_string(kBlockPx).c_str());
  list.SetNameValue("BIGTIFF", "IF_SAFER");
  // The mean of two classes is no class.
  list.SetNameValue("OVERVIEW_RESAMPLING", options.categories.empty() ? "AVERAGE" : "NEAREST");
  for (const std::string& option : options.creation) {
    const std::size_t equals = option.find('=');
    list.SetNameValue(option.substr(0, equals).c_str(), option.substr(equals + 1).c_str());
  }
  return list;
}

GDALDriver& driver_named(const std::string& name) {
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName(name.c_str());
  if (driver == nullptr) {
    throw Error(Fault::bad_argument,
                "this GDAL has no driver " + name + "; " + (name == "COG" ? "write GTiff" : "install it"));
  }
  return *driver;
}

/// Refuses unknown creation options and values before anything is computed.
void check_creation(const std::string& path, GDALDriver& driver, const CPLStringList& list) {
  const GdalMessages messages;
  if (GDALValidateCreationOptions(&driver, list.List()) != 0) return;
  throw Error(Fault::bad_argument, path + " cannot be written: the " + driver.GetDescription() +
                                       " driver does not know one of the creation options" +
                                       messages.as_reason() + "; gdalinfo --format " +
                                       driver.GetDescription() + " lists them");
}

void describe_categories(GDALRasterBand& band, const std::vector<RasterCategory>& categories) {
  int last = 0;
  for (const RasterCategory& category : categories) last = std::max(last, category.value);
  std::vector<std::string> names(static_cast<std::size_t>(last) + 1);
  GDALColorTable colours;
  for (const RasterCategory& category : categories) {
    names[static_cast<std::size_t>(category.value)] = category.name;
    const GDALColorEntry entry = {category.colour[0], category.colour[1], category.colour[2], 255};
    colours.SetColorEntry(category.value, &entry);
  }
  CPLStringList list;
  for (const std::string& name : names) list.AddString(name.c_str());
  band.SetColorTable(&colours);
  band.SetCategoryNames(list.List());
}

void describe(GDALDataset& dataset, const Grid& grid, const RasterWriterOptions& options) {
  std::array<double, 6> geotransform = grid.geotransform;
  dataset.SetGeoTransform(geotransform.data());
  if (grid.crs.known()) {
    OGRSpatialReference reference;
    reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
    reference.importFromWkt(grid.crs.wkt().c_str());
    dataset.SetSpatialRef(&reference);
  }
  for (const auto& [key, value] : options.metadata) dataset.SetMetadataItem(key.c_str(), value.c_str());
  for (int number = 1; number <= dataset.GetRasterCount(); ++number) {
    GDALRasterBand& band = *dataset.GetRasterBand(number);
    band.SetDescription(options.band_names[static_cast<std::size_t>(number) - 1].c_str());
    if (options.nodata) band.SetNoDataValue(*options.nodata);
    if (options.scale != 1) band.SetScale(options.scale);
    if (options.offset != 0) band.SetOffset(options.offset);
  }
  if (!options.categories.empty()) describe_categories(*dataset.GetRasterBand(1), options.categories);
}

}  // namespace

struct RasterWriter::Impl {
  Impl(const std::string& path, const Grid& raster_grid, const RasterWriterOptions& writer_options)
      : options(writer_options), grid(raster_grid), file(path, writer_options.overwrite) {
    check_options(path, grid, options);
    ensure_gdal();
    const bool cog = options.driver == "COG";
    if (cog) check_creation(path, driver_named("COG"), cog_options(options));
    GDALDriver& driver = driver_named("GTiff");
    const CPLStringList list = tiff_options(options, !cog);
    check_creation(path, driver, list);
    written_name = cog ? file.scratch() : file.temporary();
    const GdalMessages messages;
    errno = 0;
    dataset.reset(driver.Create(written_name.c_str(), static_cast<int>(grid.cols),
                                static_cast<int>(grid.rows), bands(), gdal_type(options.type), list.List()));
    if (!dataset) refuse_write(path, messages, errno);
    describe(*dataset, grid, options);
    if (messages.failed()) refuse_write(path, messages, errno);
    pixel_bytes = static_cast<std::size_t>(GDALGetDataTypeSizeBytes(gdal_type(options.type)));
    strip.resize(static_cast<std::size_t>(bands()) * kBlockPx * row_bytes());
  }

  int bands() const { return static_cast<int>(options.band_names.size()); }
  std::size_t row_bytes() const { return static_cast<std::size_t>(grid.cols) * pixel_bytes; }

  void add_rows(const std::byte* values, std::int64_t rows);
  void write_strip();
  void close_written();
  void make_cog();

  RasterWriterOptions options;
  Grid grid;
  OutputFile file;
  std::string written_name;
  WrittenDataset dataset;
  std::size_t pixel_bytes = 1;
  std::vector<std::byte> strip;  ///< [bands, kBlockPx, cols]: a row of blocks is written when it is whole
  std::int64_t strip_rows = 0;
  std::int64_t written_rows = 0;
  bool finished = false;
};

void RasterWriter::Impl::add_rows(const std::byte* values, std::int64_t rows) {
  const std::size_t band_bytes = static_cast<std::size_t>(rows) * row_bytes();
  for (std::int64_t row = 0; row < rows;) {
    const std::int64_t count = std::min<std::int64_t>(rows - row, kBlockPx - strip_rows);
    const std::size_t bytes = static_cast<std::size_t>(count) * row_bytes();
    for (std::size_t band = 0; band < options.band_names.size(); ++band) {
      std::byte* target =
          strip.data() + (band * kBlockPx + static_cast<std::size_t>(strip_rows)) * row_bytes();
      std::memcpy(target, values + band * band_bytes + static_cast<std::size_t>(row) * row_bytes(), bytes);
    }
    strip_rows += count;
    row += count;
    if (strip_rows == kBlockPx || written_rows + strip_rows == grid.rows) write_strip();
  }
}

void RasterWriter::Impl::write_strip() {
  const GdalMessages messages;
  errno = 0;
  const CPLErr status = dataset->RasterIO(
      GF_Write, 0, static_cast<int>(written_rows), static_cast<int>(grid.cols), static_cast<int>(strip_rows),
      strip.data(), static_cast<int>(grid.cols), static_cast<int>(strip_rows), gdal_type(options.type),
      bands(), nullptr, static_cast<GSpacing>(pixel_bytes), static_cast<GSpacing>(row_bytes()),
      kBlockPx * static_cast<GSpacing>(row_bytes()), nullptr);
  // Blocks must reach the file now: a full disk shows at once, and memory stays bounded by a row of blocks.
  if (status == CE_None) dataset->FlushCache(false);
  if (status != CE_None || messages.failed()) refuse_write(file.path(), messages, errno);
  written_rows += strip_rows;
  strip_rows = 0;
}

void RasterWriter::Impl::close_written() {
  const GdalMessages messages;
  errno = 0;
  dataset.reset();
  if (messages.failed()) refuse_write(file.path(), messages, errno);
}

void RasterWriter::Impl::make_cog() {
  const GdalMessages messages;
  const WrittenDataset source(GDALDataset::Open(written_name.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY));
  if (!source) refuse_write(file.path(), messages, errno);
  errno = 0;
  GDALDriver& driver = driver_named("COG");
  const CPLStringList list = cog_options(options);
  WrittenDataset made(
      driver.CreateCopy(file.temporary().c_str(), source.get(), 1, list.List(), nullptr, nullptr));
  if (!made) refuse_write(file.path(), messages, errno);
  made.reset();
  if (messages.failed()) refuse_write(file.path(), messages, errno);
}

RasterWriter::RasterWriter(const std::string& path, const Grid& grid, const RasterWriterOptions& options)
    : impl_(std::make_unique<Impl>(path, grid, options)) {}
RasterWriter::~RasterWriter() {
  if (!impl_) return;
  // What GDAL has to say of a file that is being thrown away concerns nobody.
  const GdalMessages quiet;
  impl_.reset();
}
RasterWriter::RasterWriter(RasterWriter&&) noexcept = default;
RasterWriter& RasterWriter::operator=(RasterWriter&&) noexcept = default;

template <typename T>
void RasterWriter::write_rows(std::span<const T> values, std::int64_t rows) {
  const std::string& path = impl_->file.path();
  if (impl_->options.type != pixel_type_of<T>()) {
    throw Error(Fault::bad_argument, path + " holds " + to_string(impl_->options.type) + ", but rows of " +
                                         to_string(pixel_type_of<T>()) + " came");
  }
  const std::int64_t left = impl_->grid.rows - impl_->written_rows - impl_->strip_rows;
  const std::int64_t wanted = rows * impl_->grid.cols * impl_->bands();
  if (rows < 0 || rows > left || static_cast<std::int64_t>(values.size()) != wanted) {
    throw Error(Fault::bad_argument,
                path + ": " + std::to_string(rows) + " rows with " + std::to_string(values.size()) +
                    " values do not fit; " + std::to_string(left) + " rows of " +
                    std::to_string(impl_->grid.cols * impl_->bands()) + " values are left");
  }
  impl_->add_rows(reinterpret_cast<const std::byte*>(values.data()), rows);
}

template void RasterWriter::write_rows<std::uint8_t>(std::span<const std::uint8_t>, std::int64_t);
template void RasterWriter::write_rows<std::uint16_t>(std::span<const std::uint16_t>, std::int64_t);
template void RasterWriter::write_rows<std::int16_t>(std::span<const std::int16_t>, std::int64_t);
template void RasterWriter::write_rows<float>(std::span<const float>, std::int64_t);

void RasterWriter::finish() {
  if (impl_->finished) return;
  if (impl_->written_rows != impl_->grid.rows) {
    throw Error(Fault::bad_argument, impl_->file.path() + " cannot be finished: " +
                                         std::to_string(impl_->written_rows + impl_->strip_rows) + " of " +
                                         std::to_string(impl_->grid.rows) + " rows were written");
  }
  impl_->close_written();
  if (impl_->options.driver == "COG") impl_->make_cog();
  impl_->file.commit();
  impl_->finished = true;
}

const std::string& RasterWriter::path() const {
  return impl_->file.path();
}

}  // namespace scarp::geo
