// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/image_folder_gdal.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <memory>
#include <set>

#include <cpl_conv.h>
#include <cpl_error.h>
#include <fmt/format.h>
#include <gdal_priv.h>

#include "geo/statistics.h"
#include "pipelines/error.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kNamedInWarning = 10;
constexpr int kDeepest = 16;       // folders below the one that is named
constexpr int kMeasuredSide = 64;  // statistics are of pictures brought to this size

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
  const std::string sentence = fmt::format("{} of {} pictures cannot be decoded and are left out: {}",
                                           folder.broken.size(), all, names);
  if (folder.images.empty()) {
    throw Error(Fault::contradiction, fmt::format("All {} pictures are broken: {}.", all, names));
  }
  events.warning(sentence + ".");
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

}  // namespace

void read_square(const FolderImage& image, std::size_t bands, int side, double along, std::span<float> out) {
  const StrictDecoding strict;
  const Dataset dataset = open_image(image.path);
  const int cols = dataset->GetRasterXSize(), rows = dataset->GetRasterYSize(), edge = std::min(rows, cols);
  const int count = dataset->GetRasterCount();
  const GDALColorTable* palette = palette_of(*dataset);
  const bool one_for_three = count < 3 && bands == 3;  // grey, or a palette
  if (!one_for_three && static_cast<std::size_t>(count) < bands)
    refuse_image(image.path, fmt::format("it has {} bands, fewer than {}", count, bands));
  const int left = cols > rows ? static_cast<int>(along * (cols - edge)) : 0;
  const int top = rows > cols ? static_cast<int>(along * (rows - edge)) : 0;
  GDALRasterIOExtraArg extra;
  INIT_RASTERIO_EXTRA_ARG(extra);
  if (palette == nullptr) extra.eResampleAlg = edge > side ? GRIORA_Average : GRIORA_Bilinear;
  const std::size_t pixels = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  for (std::size_t b = 0; b < bands; ++b) {
    const auto part = out.subspan(b * pixels, pixels);
    const int band = one_for_three ? 1 : static_cast<int>(b) + 1;
    const CPLErr failed = dataset->GetRasterBand(band)->RasterIO(GF_Read, left, top, edge, edge, part.data(),
                                                                 side, side, GDT_Float32, 0, 0, &extra);
    if (failed != CE_None) refuse_image(image.path, "");
    if (palette == nullptr) continue;
    for (float& value : part) value = palette_value(*palette, value, b);
  }
}

ImageFolder open_image_folders(std::span<const std::string> folders,
                               std::span<const std::string> bands,
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
  std::vector<float> values(bands.size() * kMeasuredSide * kMeasuredSide);
  const std::vector<std::uint8_t> all(kMeasuredSide * kMeasuredSide, 1);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled while pictures were looked at.");
    if (i % 256 == 0)
      events.progress(static_cast<double>(i) / static_cast<double>(found.size()), "looking at pictures");
    try {
      read_square(found[i], bands.size(), kMeasuredSide, 0.5, values);
      folder.images.push_back(found[i]);
    } catch (const Error& error) {
      folder.broken.emplace_back(error.what());
      continue;
    }
    for (std::size_t b = 0; b < bands.size(); ++b)
      statistics[b].add(std::span(values).subspan(b * all.size(), all.size()), all);
  }
  warn_of_broken(folder, found.size(), events);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const double deviation = statistics[b].deviation() > 0 ? statistics[b].deviation() : 1;
    folder.channels.push_back({bands[b], "digital number", statistics[b].mean(), deviation});
  }
  return folder;
}

ImageWindows::ImageWindows(std::vector<FolderImage> images,
                           std::size_t bands,
                           int side,
                           std::int64_t per_pass,
                           std::uint64_t seed,
                           bool moving)
    : images_(std::move(images)),
      bands_(bands),
      side_(side),
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
  read_square(image_of(epoch, index), bands_, side_, along, out.optical);
  std::fill(out.valid.begin(), out.valid.end(), std::uint8_t{1});
}

std::string ImageWindows::place(std::int64_t epoch, std::int64_t index) const {
  return image_of(epoch, index).path;
}

}  // namespace scarp::pipelines
