// SPDX-License-Identifier: Apache-2.0
#include "geo/raster_source_gdal.h"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal_priv.h>

#include "geo/block_rows_gdal.h"
#include "geo/error.h"
#include "geo/gdal_messages.h"
#include "geo/raster_checks.h"

namespace scarp::geo {
namespace {

struct CloseDataset {
  void operator()(GDALDataset* dataset) const { GDALClose(dataset); }
};
using DatasetPtr = std::unique_ptr<GDALDataset, CloseDataset>;

[[noreturn]] void refuse_opening(const std::string& path, const GdalMessages& messages) {
  VSIStatBufL status;
  if (VSIStatExL(path.c_str(), &status, VSI_STAT_EXISTS_FLAG | VSI_STAT_NATURE_FLAG) != 0) {
    throw Error(Fault::missing_file, path + ": there is no such file; check the path");
  }
  if (VSI_ISDIR(status.st_mode)) {
    throw Error(Fault::unreadable, path + " is a folder, not a raster; name a file in it");
  }
  throw Error(
      Fault::unreadable,
      path + " is not a raster that can be read" + messages.as_reason() +
          "; check with gdalinfo that it is a whole file of a supported format and that you may read it");
}

DatasetPtr open_dataset(const std::string& path) {
  ensure_gdal();
  const GdalMessages messages;
  DatasetPtr dataset(
      GDALDataset::Open(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR));
  if (!dataset) refuse_opening(path, messages);
  if (dataset->GetRasterCount() > 0) return dataset;
  CSLConstList subdatasets = dataset->GetMetadata("SUBDATASETS");
  const char* first = CSLFetchNameValue(subdatasets, "SUBDATASET_1_NAME");
  throw Error(Fault::unreadable,
              path + " holds no raster bands itself; " +
                  (first != nullptr ? "name one of its subdatasets, e.g. " + std::string(first)
                                    : std::string("check with gdalinfo what it is")));
}

/// All but the CRS.
Grid grid_of(GDALDataset& dataset) {
  Grid grid;
  grid.rows = dataset.GetRasterYSize();
  grid.cols = dataset.GetRasterXSize();
  if (dataset.GetGeoTransform(grid.geotransform.data()) != CE_None) grid.geotransform = {0, 1, 0, 0, 0, 1};
  return grid;
}

Crs crs_of(GDALDataset& dataset) {
  const OGRSpatialReference* reference = dataset.GetSpatialRef();
  if (reference == nullptr || reference->IsEmpty()) return {};
  char* text = nullptr;
  const char* const options[] = {"FORMAT=WKT2_2019", nullptr};
  reference->exportToWkt(&text, options);
  const std::string wkt = text != nullptr ? text : "";
  CPLFree(text);
  return wkt.empty() ? Crs() : Crs::from_user_input(wkt);
}

/// Before 3.7 GDAL kept signed bytes as unsigned ones with a note.
bool is_signed_byte(GDALRasterBand& band) {
  const char* note = band.GetMetadataItem("PIXELTYPE", "IMAGE_STRUCTURE");
  return band.GetRasterDataType() == GDT_Byte && note != nullptr && std::string_view(note) == "SIGNEDBYTE";
}

PixelType pixel_type(GDALRasterBand& band, const std::string& path) {
  const GDALDataType type = band.GetRasterDataType();
  if (GDALDataTypeIsComplex(type) != 0) {
    throw Error(Fault::unreadable,
                path + " holds complex numbers, which cannot be mapped; export amplitude first");
  }
  if (is_signed_byte(band)) return PixelType::i8;
  switch (type) {
    case GDT_Byte:
      return PixelType::u8;
    case GDT_UInt16:
      return PixelType::u16;
    case GDT_Int16:
      return PixelType::i16;
    case GDT_UInt32:
      return PixelType::u32;
    case GDT_Int32:
      return PixelType::i32;
    case GDT_Float32:
      return PixelType::f32;
    default:
      break;
  }
  const std::string_view name = GDALGetDataTypeName(type);
  return name == "Int8" ? PixelType::i8 : PixelType::f64;
}

BandInfo band_info(GDALRasterBand& band, const std::string& path) {
  BandInfo info;
  info.type = pixel_type(band, path);
  info.description = band.GetDescription();
  int declared = 0;
  const double nodata = band.GetNoDataValue(&declared);
  if (declared != 0) info.nodata = nodata;
  return info;
}

class GdalSource final : public RasterSource {
 public:
  explicit GdalSource(std::string path) : path_(std::move(path)), dataset_(open_dataset(path_)) {
    grid_ = grid_of(*dataset_);
    for (int number = 1; number <= dataset_->GetRasterCount(); ++number) {
      GDALRasterBand& band = *dataset_->GetRasterBand(number);
      if (band.GetColorInterpretation() == GCI_AlphaBand) {
        alpha_.push_back(number);
        continue;
      }
      numbers_.push_back(number);
      bands_.push_back(band_info(band, path_));
    }
    if (bands_.empty()) throw Error(Fault::unreadable, path_ + " holds an alpha band and no other");
    if (BlockRows::suits(path_, *dataset_)) blocks_.emplace(*dataset_->GetRasterBand(1));
  }

  /// Its CRS is read when somebody asks: PROJ opens its database for it, which takes longer than reading a
  /// small raster.
  const Grid& grid() const override {
    std::call_once(crs_read_, [this] { grid_.crs = crs_of(*dataset_); });
    return grid_;
  }
  const std::vector<BandInfo>& bands() const override { return bands_; }
  const std::string& name() const override { return path_; }

  void read(const Window& window,
            std::span<const int> bands,
            std::span<float> values,
            std::span<std::uint8_t> valid) override {
    check_read(*this, window, bands, values.size(), valid.size());
    read_values(window, bands, values);
    std::fill(valid.begin(), valid.end(), std::uint8_t{1});
    const auto pixels = static_cast<std::size_t>(window.pixels());
    for (std::size_t i = 0; i < bands.size(); ++i) {
      const auto band = static_cast<std::size_t>(bands[i]);
      const std::span<float> plane = values.subspan(i * pixels, pixels);
      if (bands_[band].type == PixelType::i8) restore_sign(numbers_[band], plane);
      mark_nodata(bands_[band], plane, valid);
    }
    apply_masks(window, bands, valid);
  }

  std::unique_ptr<RasterSource> reopen() const override { return std::make_unique<GdalSource>(path_); }

 private:
  void read_values(const Window& window, std::span<const int> bands, std::span<float> values) {
    if (bands.empty()) return;
    file_bands_.clear();
    for (const int band : bands) file_bands_.push_back(numbers_[static_cast<std::size_t>(band)]);
    const GdalMessages messages;
    if (blocks_ && window.cols == grid_.cols && bands.size() == 1) {
      if (!read_rows(window, values)) refuse_block(window, messages);
      return;
    }
    const CPLErr status =
        dataset_->RasterIO(GF_Read, static_cast<int>(window.col), static_cast<int>(window.row),
                           static_cast<int>(window.cols), static_cast<int>(window.rows), values.data(),
                           static_cast<int>(window.cols), static_cast<int>(window.rows), GDT_Float32,
                           static_cast<int>(bands.size()), file_bands_.data(), 0, 0, 0, nullptr);
    if (status != CE_None) refuse_block(window, messages);
  }

  /// Whole rows of the only band.
  bool read_rows(const Window& window, std::span<float> values) {
    const GDALDataType type = dataset_->GetRasterBand(1)->GetRasterDataType();
    if (type == GDT_Float32) {
      return blocks_->read(window.row, window.rows, reinterpret_cast<std::byte*>(values.data()));
    }
    const int bytes = GDALGetDataTypeSizeBytes(type);
    stored_.resize(values.size() * static_cast<std::size_t>(bytes));
    if (!blocks_->read(window.row, window.rows, stored_.data())) return false;
    GDALCopyWords64(stored_.data(), type, bytes, values.data(), GDT_Float32, sizeof(float),
                    static_cast<GPtrDiff_t>(values.size()));
    return true;
  }

  [[noreturn]] void refuse_block(const Window& window, const GdalMessages& messages) const {
    throw Error(Fault::unreadable,
                path_ + " cannot be decoded at rows " + std::to_string(window.row) + ".." +
                    std::to_string(window.row_end()) + ", columns " + std::to_string(window.col) + ".." +
                    std::to_string(window.col_end()) + messages.as_reason() +
                    "; the file seems truncated or damaged: copy it again from its source");
  }

  void restore_sign(int number, std::span<float> plane) {
    if (!is_signed_byte(*dataset_->GetRasterBand(number))) return;
    for (float& value : plane) value = value > 127 ? value - 256 : value;
  }

  /// Mask bands and alpha. Nodata values were compared before: their masks would only read the band again.
  void apply_masks(const Window& window, std::span<const int> bands, std::span<std::uint8_t> valid) {
    for (const int number : alpha_) apply_mask(window, *dataset_->GetRasterBand(number), valid);
    bool shared_done = false;
    for (const int band : bands) {
      GDALRasterBand& raster = *dataset_->GetRasterBand(numbers_[static_cast<std::size_t>(band)]);
      const int flags = raster.GetMaskFlags();
      if ((flags & GMF_ALL_VALID) != 0 || flags == GMF_NODATA || (flags & GMF_ALPHA) != 0) continue;
      const bool shared = (flags & GMF_PER_DATASET) != 0;
      if (shared && shared_done) continue;
      shared_done = shared_done || shared;
      apply_mask(window, *raster.GetMaskBand(), valid);
    }
  }

  /// An alpha band of 16 bits or floats must not be squeezed into bytes: any value above 0 is data.
  void apply_mask(const Window& window, GDALRasterBand& mask, std::span<std::uint8_t> valid) {
    const GdalMessages messages;
    const bool bytes = mask.GetRasterDataType() == GDT_Byte;
    const auto cols = static_cast<int>(window.cols);
    const auto rows = static_cast<int>(window.rows);
    if (bytes) mask_.resize(valid.size());
    if (!bytes) wide_mask_.resize(valid.size());
    void* buffer = bytes ? static_cast<void*>(mask_.data()) : static_cast<void*>(wide_mask_.data());
    const CPLErr status =
        mask.RasterIO(GF_Read, static_cast<int>(window.col), static_cast<int>(window.row), cols, rows, buffer,
                      cols, rows, bytes ? GDT_Byte : GDT_Float32, 0, 0, nullptr);
    if (status != CE_None) refuse_block(window, messages);
    for (std::size_t i = 0; i < valid.size(); ++i) {
      const bool data = bytes ? mask_[i] != 0 : wide_mask_[i] > 0;
      valid[i] = static_cast<std::uint8_t>(valid[i] & (data ? 1 : 0));
    }
  }

  std::string path_;
  DatasetPtr dataset_;
  mutable std::once_flag crs_read_;
  mutable Grid grid_;
  std::vector<BandInfo> bands_;
  std::vector<int> numbers_;  ///< GDAL's number of each band
  std::vector<int> alpha_;
  std::optional<BlockRows> blocks_;  ///< empty where GDAL reads whole rows as well
  std::vector<std::byte> stored_;
  std::vector<int> file_bands_;
  std::vector<std::uint8_t> mask_;
  std::vector<float> wide_mask_;
};

}  // namespace

std::unique_ptr<RasterSource> open_raster(const std::string& path) {
  return std::make_unique<GdalSource>(path);
}

}  // namespace scarp::geo
