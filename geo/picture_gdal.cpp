// SPDX-License-Identifier: Apache-2.0
#include "geo/picture_gdal.h"

#include <atomic>
#include <cerrno>
#include <memory>

#include <cpl_vsi.h>
#include <gdal_priv.h>

#include "geo/error.h"
#include "geo/gdal_messages.h"
#include "geo/output_file.h"

namespace scarp::geo {
namespace {

struct ClosePicture {
  void operator()(GDALDataset* dataset) const { GDALClose(dataset); }
};
using PictureDataset = std::unique_ptr<GDALDataset, ClosePicture>;

void check_picture(const Picture& picture) {
  const auto wanted = static_cast<std::size_t>(picture.rows) * static_cast<std::size_t>(picture.cols) * 3;
  if (picture.rows > 0 && picture.cols > 0 && picture.rgb.size() == wanted) return;
  throw Error(Fault::bad_argument, "a picture of " + std::to_string(picture.rows) + " x " +
                                       std::to_string(picture.cols) + " pixels cannot have " +
                                       std::to_string(picture.rgb.size()) + " bytes");
}

PictureDataset in_memory(const Picture& picture) {
  ensure_gdal();
  GDALDriver* memory = GetGDALDriverManager()->GetDriverByName("MEM");
  PictureDataset dataset(memory->Create("", picture.cols, picture.rows, 3, GDT_Byte, nullptr));
  const GdalMessages messages;
  const CPLErr status =
      dataset == nullptr
          ? CE_Failure
          : dataset->RasterIO(GF_Write, 0, 0, picture.cols, picture.rows,
                              const_cast<std::uint8_t*>(picture.rgb.data()), picture.cols, picture.rows,
                              GDT_Byte, 3, nullptr, 3, GSpacing{3} * picture.cols, 1, nullptr);
  if (status != CE_None)
    throw Error(Fault::unwritable, "a picture cannot be held in memory" + messages.as_reason());
  return dataset;
}

/// Writes the PNG; the picture has no place on the map, so no side file is made.
void write_to(const std::string& path, const std::string& name, const Picture& picture) {
  check_picture(picture);
  const PictureDataset source = in_memory(picture);
  GDALDriver* png = GetGDALDriverManager()->GetDriverByName("PNG");
  if (png == nullptr) throw Error(Fault::unwritable, "this GDAL cannot write PNG; install one with libpng");
  const GdalMessages messages;
  errno = 0;
  PictureDataset made(png->CreateCopy(path.c_str(), source.get(), 1, nullptr, nullptr, nullptr));
  const bool failed = made == nullptr;
  made.reset();
  if (failed || messages.failed()) refuse_write(name, messages, errno);
}

}  // namespace

std::vector<std::uint8_t> encode_png(const Picture& picture) {
  static std::atomic<std::uint64_t> counter{0};
  const std::string path = "/vsimem/scarp-picture-" + std::to_string(counter++) + ".png";
  write_to(path, "a picture", picture);
  vsi_l_offset size = 0;
  GByte* bytes = VSIGetMemFileBuffer(path.c_str(), &size, 0);
  std::vector<std::uint8_t> encoded(bytes, bytes + size);
  VSIUnlink(path.c_str());
  return encoded;
}

void write_png(const std::string& path, const Picture& picture) {
  OutputFile file(path, true);
  write_to(file.temporary(), path, picture);
  file.commit();
}

}  // namespace scarp::geo
