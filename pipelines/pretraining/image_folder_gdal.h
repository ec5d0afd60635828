// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "nn/pretrainer.h"
#include "pipelines/events.h"

namespace scarp::pipelines {

/// A picture in a folder of folders.
struct FolderImage {
  std::string path;
  std::int64_t label = -1;  ///< place of its first folder below the root among those, by name; -1: none
};

/// Pictures that could be decoded, and what could not.
struct ImageFolder {
  std::vector<FolderImage> images;        ///< by path
  std::vector<std::string> classes;       ///< folders below the root, by name
  std::vector<std::string> broken;        ///< paths, with the reason
  std::vector<nn::ChannelSpec> channels;  ///< mean and deviation over all images
};

/// How pictures are looked at: as squares of `side` pixels of which a share of the patches must hold data.
struct PictureWindow {
  std::size_t bands = 3;
  int side = 0;
  std::int64_t patch = 1;
  double valid_share = 0.5;
};

/// Finds .jpg, .jpeg, .png, .tif, .tiff files (any case) in the folders and all below, decodes each once for
/// its statistics and leaves out those that are broken, have too few bands or hold too little data: told as
/// one warning that counts and names them.
/// @param bands  names; three bands are made of a grey or palette picture, a fourth band (alpha) is left out
/// @throws Error (contradiction) if there is none, or none can be used
ImageFolder open_image_folders(std::span<const std::string> folders,
                               std::span<const std::string> bands,
                               const PictureWindow& window,
                               Events& events,
                               const std::stop_token& stop);

/// Reads a square of a picture, brought to `side` pixels (mean of what falls together, else bilinear).
/// @param along  0 to 1: where the square lies along the longer edge; 0.5: the middle
/// @param out    [bands, side, side]
/// @param valid  [side, side]: 0 where a pixel is nodata, masked, transparent or not a number, in part or
/// whole
/// @throws Error (contradiction) naming the picture
void read_square(const FolderImage& image,
                 std::size_t bands,
                 int side,
                 double along,
                 std::span<float> out,
                 std::span<std::uint8_t> valid);

/// Squares of pictures as windows.
class ImageWindows final : public nn::WindowSource {
 public:
  /// @param per_pass  windows of a pass; 0: every picture once
  /// @param moving    the square lies anywhere along the longer edge; false: in the middle
  ImageWindows(std::vector<FolderImage> images,
               const PictureWindow& window,
               std::int64_t per_pass,
               std::uint64_t seed,
               bool moving);
  int side() const override { return window_.side; }
  std::int64_t size() const override { return size_; }
  void fill(std::int64_t epoch, std::int64_t index, const nn::WindowView& out) override;
  std::string place(std::int64_t epoch, std::int64_t index) const override;

 private:
  const FolderImage& image_of(std::int64_t epoch, std::int64_t index) const;

  std::vector<FolderImage> images_;
  PictureWindow window_;
  std::int64_t size_;
  std::uint64_t seed_;
  bool moving_;
};

}  // namespace scarp::pipelines
