// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/input_hashes_gdal.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include <cpl_vsi.h>
#include <fmt/format.h>
#include <gdal_priv.h>
#include <openssl/evp.h>

#include "geo/feature_file_gdal.h"
#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20U;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void add(const void* bytes, std::size_t size) { EVP_DigestUpdate(context_.get(), bytes, size); }
  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

struct CloseVsi {
  void operator()(VSILFILE* file) const { VSIFCloseL(file); }
};
using VsiFile = std::unique_ptr<VSILFILE, CloseVsi>;

std::int64_t size_of(const std::string& path) {
  VSIStatBufL status = {};
  if (VSIStatExL(path.c_str(), &status, VSI_STAT_EXISTS_FLAG | VSI_STAT_NATURE_FLAG | VSI_STAT_SIZE_FLAG) !=
      0)
    return -1;
  return VSI_ISDIR(status.st_mode) != 0 ? -1 : static_cast<std::int64_t>(status.st_size);
}

/// Of the file and what GDAL counts to it; the file alone where GDAL does not open it.
std::vector<std::string> parts_of(const std::string& file) {
  std::vector<std::string> parts = {file};
  const std::unique_ptr<GDALDataset> dataset(GDALDataset::Open(file.c_str(), GDAL_OF_READONLY));
  if (!dataset) return parts;
  char** list = dataset->GetFileList();
  for (char** each = list; each != nullptr && *each != nullptr; ++each) parts.emplace_back(*each);
  CSLDestroy(list);
  return parts;
}

bool made_by_lookers(const std::string& file) {
  return file.ends_with(".aux.xml") || file.ends_with(".ovr");
}

/// Tells how far all files together are.
class Progress {
 public:
  Progress(std::span<const std::string> files, Events& events) : events_(events) {
    for (const std::string& file : files)
      if (VSIIsLocal(file.c_str())) all_ += std::max<std::int64_t>(0, size_of(file));
  }
  void add(std::size_t bytes) {
    done_ += static_cast<std::int64_t>(bytes);
    events_.progress(all_ == 0 ? 1.0 : std::min(1.0, static_cast<double>(done_) / static_cast<double>(all_)));
  }

 private:
  Events& events_;
  std::int64_t all_ = 0;
  std::int64_t done_ = 0;
};

[[noreturn]] void refuse_file(const std::string& path) {
  throw Error(Fault::contradiction,
              fmt::format("{} cannot be read, so that what it holds cannot be noted: check its name and "
                          "permissions",
                          path));
}

FileHash hash_file(const std::string& path, Progress& progress, const std::stop_token& stop) {
  const VsiFile file(VSIFOpenL(path.c_str(), "rb"));
  if (!file) refuse_file(path);
  Sha256 hash;
  FileHash out{path, 0, {}};
  std::vector<char> chunk(kChunk);
  for (std::size_t read = kChunk; read == kChunk;) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled while the inputs were read.");
    read = VSIFReadL(chunk.data(), 1, kChunk, file.get());
    hash.add(chunk.data(), read);
    out.bytes += static_cast<std::int64_t>(read);
    progress.add(read);
    if (read < kChunk && VSIFEofL(file.get()) == 0) refuse_file(path);  // not its end, but a failure
  }
  out.sha256 = hash.finish();
  return out;
}

}  // namespace

std::vector<std::string> files_of_inputs(std::span<const std::string> inputs) {
  std::vector<std::string> files;
  for (const std::string& input : inputs) {
    if (input.empty()) continue;
    const std::string file = size_of(input) >= 0 ? input : geo::parse_layer_path(input).file;
    for (const std::string& part : parts_of(file)) {
      if (size_of(part) < 0 || made_by_lookers(part)) continue;
      if (std::find(files.begin(), files.end(), part) == files.end()) files.push_back(part);
    }
  }
  return files;
}

std::vector<FileHash> hash_files(std::span<const std::string> files, Events& events, std::stop_token stop) {
  Progress progress(files, events);
  std::vector<FileHash> hashes;
  std::size_t elsewhere = 0;
  for (const std::string& file : files) {
    const bool here = VSIIsLocal(file.c_str());
    hashes.push_back(here ? hash_file(file, progress, stop) : FileHash{file, size_of(file), {}});
    elsewhere += here ? 0 : 1;
  }
  if (elsewhere > 0) {
    events.info(
        fmt::format("{} inputs lie on other machines: their sizes are noted, not their SHA-256, for "
                    "which they would have to be fetched whole",
                    elsewhere));
  }
  return hashes;
}

std::string sha256_of(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.finish();
}

}  // namespace scarp::pipelines
