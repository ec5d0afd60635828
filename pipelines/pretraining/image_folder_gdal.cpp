// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/image_folder_gdal.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <memory>
#include <set>

#include <cpl_conv.h>
#include <cpl_error.h>
#include <fmt/format.h>
#include <gdal_priv.h>

#include "geo/statistics.h"
#include "pipelines/error.h"
#include "pipelines/pretraining/whole_patches.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kNamedInWarning = 10;
constexpr int kDeepest = 16;       // folders below the one that is named
constexpr int kMeasuredSide = 64;  // statistics are of pictures brought to this size
constexpr float kOpaque = 254.5F;  // of a mask of 0 to 255 that was brought to another size

/// libjpeg's warnings (a file that ends early) are errors while it lives, and nothing is printed.
class StrictDecoding {
 public:
  StrictDecoding() {
    CPLPushErrorHandler(CPLQuietErrorHandler);
    CPLSetThreadLocalConfigOption("GDAL_ERROR_ON_LIBJPEG_WARNING", "TRUE");
    CPLErrorReset();
  }
  ~StrictDecoding() {
    CPLSetThreadLocalConfigOption("GDAL_ERROR_ON_LIBJPEG_WARNING", nullptr);
    CPLPopErrorHandler();
  }
  StrictDecoding(const StrictDecoding&) = delete;
  StrictDecoding& operator=(const StrictDecoding&) = delete;
};

[[noreturn]] void refuse_image(const std::string& path, const std::string& why) {
  const std::string reason = CPLGetLastErrorMsg();
  throw Error(Fault::contradiction, fmt::format("{}: {}", path, why.empty() ? reason : why));
}

using Dataset = std::unique_ptr<GDALDataset>;

Dataset open_image(const std::string& path) {
  const std::array<const char*, 4> drivers = {"JPEG", "PNG", "GTiff", nullptr};
  Dataset dataset(GDALDataset::Open(path.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY, drivers.data()));
  if (!dataset) refuse_image(path, CPLGetLastErrorMsg()[0] != 0 ? "" : "not a JPEG, PNG or TIFF picture");
  if (dataset->GetRasterCount() < 1) refuse_image(path, "it has no band");
  return dataset;
}

bool has_image_ending(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static const std::set<std::string> kEndings = {".jpg", ".jpeg", ".png", ".tif", ".tiff"};
  return kEndings.contains(ending);
}

void add_files(const std::string& root, ImageFolder& folder) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    throw Error(Fault::contradiction, fmt::format("{} is not a folder: give folders of pictures.", root));
  }
  constexpr auto kOptions =
      fs::directory_options::skip_permission_denied | fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator at(root, kOptions), end; at != end; ++at) {
    if (at.depth() == kDeepest) at.disable_recursion_pending();  // a link to a folder above it
    if (!at->is_regular_file(error) || !has_image_ending(at->path())) continue;
    folder.images.push_back({at->path().string()});
    const fs::path below = at->path().lexically_relative(root);  // links stay where they are
    if (std::distance(below.begin(), below.end()) > 1) folder.classes.push_back(below.begin()->string());
  }
}

void set_labels(std::span<const std::string> roots, ImageFolder& folder) {
  std::sort(folder.classes.begin(), folder.classes.end());
  folder.classes.erase(std::unique(folder.classes.begin(), folder.classes.end()), folder.classes.end());
  for (FolderImage& image : folder.images) {
    for (const std::string& root : roots) {
      const fs::path below = fs::path(image.path).lexically_relative(root);
      if (below.empty() || *below.begin() == ".." || std::distance(below.begin(), below.end()) < 2) continue;
      const auto found =
          std::lower_bound(folder.classes.begin(), folder.classes.end(), below.begin()->string());
      image.label = found - folder.classes.begin();
    }
  }
}

void warn_of_broken(const ImageFolder& folder, std::size_t all, Events& events) {
  if (folder.broken.empty()) return;
  std::string names;
  for (std::size_t i = 0; i < std::min(kNamedInWarning, folder.broken.size()); ++i)
    names += (i == 0 ? "" : "; ") + folder.broken[i];
  if (folder.broken.size() > kNamedInWarning)
    names += fmt::format("; and {} more", folder.broken.size() - kNamedInWarning);
  if (folder.images.empty()) {
    throw Error(Fault::contradiction, fmt::format("None of {} pictures can be used: {}.", all, names));
  }
  events.warning(fmt::format("{} of {} pictures cannot be used and are left out: {}.", folder.broken.size(),
                             all, names));
}

/// The colours of a palette, or none.
const GDALColorTable* palette_of(GDALDataset& dataset) {
  GDALRasterBand* band = dataset.GetRasterBand(1);
  return band->GetColorInterpretation() == GCI_PaletteIndex ? band->GetColorTable() : nullptr;
}

float palette_value(const GDALColorTable& table, float index, std::size_t band) {
  const auto entry = static_cast<int>(index);
  if (entry < 0 || entry >= table.GetColorEntryCount()) return 0;
  const GDALColorEntry* colour = table.GetColorEntry(entry);
  return static_cast<float>(band == 0 ? colour->c1 : band == 1 ? colour->c2 : colour->c3);
}

/// A square of a picture and the size that it is brought to.
struct Square {
  int left, top, edge, side;
  CPLErr read(GDALRasterBand& band, std::span<float> out, bool blend) const {
    GDALRasterIOExtraArg extra;
    INIT_RASTERIO_EXTRA_ARG(extra);
    if (blend) extra.eResampleAlg = edge > side ? GRIORA_Average : GRIORA_Bilinear;
    return band.RasterIO(GF_Read, left, top, edge, edge, out.data(), side, side, GDT_Float32, 0, 0, &extra);
  }
};

Square square_of(GDALDataset& dataset, int side, double along) {
  const int cols = dataset.GetRasterXSize(), rows = dataset.GetRasterYSize(), edge = std::min(rows, cols);
  return {cols > rows ? static_cast<int>(along * (cols - edge)) : 0,
          rows > cols ? static_cast<int>(along * (rows - edge)) : 0, edge, side};
}

void require_bands(const std::string& path, int count, std::size_t bands) {
  const bool grey = count < 3 && bands == 3;  // becomes three
  if (grey || static_cast<std::size_t>(count) >= bands) return;
  refuse_image(path, fmt::format("it has {} bands, fewer than {}", count, bands));
}

// Nothing is known of a pixel that a mask, a nodata value or transparency takes out, or that is no number. A
// last band that is itself asked for is data, whatever it is marked as.
void read_validity(GDALRasterBand& band,
                   const Square& square,
                   std::span<const float> values,
                   std::span<std::uint8_t> valid,
                   bool alpha_is_data,
                   const std::string& path) {
  for (std::size_t i = 0; i < valid.size(); ++i)
    if (!std::isfinite(values[i])) valid[i] = 0;
  const int flags = band.GetMaskFlags();
  if ((flags & GMF_ALL_VALID) != 0 || ((flags & GMF_ALPHA) != 0 && alpha_is_data)) return;
  std::vector<float> mask(valid.size());
  if (square.read(*band.GetMaskBand(), mask, true) != CE_None) refuse_image(path, "");
  for (std::size_t i = 0; i < valid.size(); ++i)
    if (mask[i] < kOpaque) valid[i] = 0;
}

// The middle is what is checked; it is where a square falls back to.
void require_data(const FolderImage& image, const PictureWindow& window) {
  const std::size_t pixels = static_cast<std::size_t>(window.side) * static_cast<std::size_t>(window.side);
  std::vector<float> values(pixels * window.bands);
  std::vector<std::uint8_t> valid(pixels);
  read_square(image, window.bands, window.side, 0.5, values, valid);
  const double share = whole_share(valid, window.side, window.patch);
  if (share > 0 && share >= window.valid_share) return;
  throw Error(Fault::contradiction, fmt::format("{}: {:.0f} % of its patches hold data, {:.0f} % are needed",
                                                image.path, 100 * share, 100 * window.valid_share));
}

}  // namespace

void read_square(const FolderImage& image,
                 std::size_t bands,
                 int side,
                 double along,
                 std::span<float> out,
                 std::span<std::uint8_t> valid) {
  const StrictDecoding strict;
  const Dataset dataset = open_image(image.path);
  const int count = dataset->GetRasterCount();
  require_bands(image.path, count, bands);
  const GDALColorTable* palette = palette_of(*dataset);
  const Square square = square_of(*dataset, side, along);
  std::fill(valid.begin(), valid.end(), std::uint8_t{1});
  for (std::size_t b = 0; b < bands; ++b) {
    const auto part = out.subspan(b * valid.size(), valid.size());
    GDALRasterBand& band = *dataset->GetRasterBand(count < 3 && bands == 3 ? 1 : static_cast<int>(b) + 1);
    if (square.read(band, part, palette == nullptr) != CE_None) refuse_image(image.path, "");
    read_validity(band, square, part, valid, static_cast<std::size_t>(count) == bands, image.path);
    if (palette == nullptr) continue;
    for (float& value : part) value = palette_value(*palette, value, b);
  }
}

ImageFolder open_image_folders(std::span<const std::string> folders,
                               std::span<const std::string> bands,
                               const PictureWindow& window,
                               Events& events,
                               const std::stop_token& stop) {
  ImageFolder folder;
  for (const std::string& root : folders) add_files(root, folder);
  std::sort(folder.images.begin(), folder.images.end(),
            [](const FolderImage& a, const FolderImage& b) { return a.path < b.path; });
  if (folder.images.empty()) {
    throw Error(
        Fault::contradiction,
        fmt::format("There is no picture (.jpg, .jpeg, .png, .tif, .tiff) in {}.", fmt::join(folders, ", ")));
  }
  set_labels(folders, folder);
  const std::vector<FolderImage> found = std::move(folder.images);
  folder.images.clear();
  std::vector<geo::RunningStatistics> statistics(bands.size());
  const std::size_t measured = std::size_t{kMeasuredSide} * kMeasuredSide;
  std::vector<float> values(bands.size() * measured);
  std::vector<std::uint8_t> valid(measured);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled while pictures were looked at.");
    if (i % 256 == 0)
      events.progress(static_cast<double>(i) / static_cast<double>(found.size()), "looking at pictures");
    try {
      read_square(found[i], bands.size(), kMeasuredSide, 0.5, values, valid);
      const bool whole = std::find(valid.begin(), valid.end(), std::uint8_t{0}) == valid.end();
      if (!whole) require_data(found[i], window);
      folder.images.push_back(found[i]);
    } catch (const Error& error) {
      folder.broken.emplace_back(error.what());
      continue;
    }
    for (std::size_t b = 0; b < bands.size(); ++b)
      statistics[b].add(std::span(values).subspan(b * valid.size(), valid.size()), valid);
  }
  warn_of_broken(folder, found.size(), events);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const double deviation = statistics[b].deviation() > 0 ? statistics[b].deviation() : 1;
    folder.channels.push_back({bands[b], "digital number", statistics[b].mean(), deviation});
  }
  return folder;
}

ImageWindows::ImageWindows(std::vector<FolderImage> images,
                           const PictureWindow& window,
                           std::int64_t per_pass,
                           std::uint64_t seed,
                           bool moving)
    : images_(std::move(images)),
      window_(window),
      size_(per_pass > 0 ? per_pass : static_cast<std::int64_t>(images_.size())),
      seed_(seed),
      moving_(moving) {}

// Every picture once where the pass is a multiple of them; else drawn.
const FolderImage& ImageWindows::image_of(std::int64_t epoch, std::int64_t index) const {
  const auto count = static_cast<std::int64_t>(images_.size());
  if (size_ % count == 0) return images_[static_cast<std::size_t>(index % count)];
  std::uint64_t state = seed_ * 0x9E3779B97F4A7C15ULL +
                        static_cast<std::uint64_t>(epoch) * 0xBF58476D1CE4E5B9ULL +
                        static_cast<std::uint64_t>(index) * 0x94D049BB133111EBULL;
  state ^= state >> 31;
  state *= 0xD6E8FEB86659FD93ULL;
  state ^= state >> 32;
  return images_[static_cast<std::size_t>(state % static_cast<std::uint64_t>(count))];
}

void ImageWindows::fill(std::int64_t epoch, std::int64_t index, const nn::WindowView& out) {
  std::uint64_t state = seed_ ^ (static_cast<std::uint64_t>(epoch) << 40) ^ static_cast<std::uint64_t>(index);
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9ULL;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EBULL;
  const double along = moving_ ? static_cast<double>((state ^ (state >> 31)) >> 11) * 0x1p-53 : 0.5;
  const FolderImage& image = image_of(epoch, index);
  read_square(image, window_.bands, window_.side, along, out.optical, out.valid);
  if (!moving_ || whole_share(out.valid, window_.side, window_.patch) >= window_.valid_share) return;
  read_square(image, window_.bands, window_.side, 0.5, out.optical, out.valid);
}

std::string ImageWindows::place(std::int64_t epoch, std::int64_t index) const {
  return image_of(epoch, index).path;
}

}  // namespace scarp::pipelines
