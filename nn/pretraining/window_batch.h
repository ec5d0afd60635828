// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <future>
#include <optional>
#include <random>
#include <vector>

#include <ATen/core/Tensor.h>

#include "nn/pretrainer.h"
#include "nn/training/augmentation.h"

namespace scarp::nn {

/// One view of each image of a batch: normalised planes, 0 where there is no data.
struct ViewBatch {
  at::Tensor optical;        ///< [N, C, S, S]; no channels: [N, 0, S, S]
  at::Tensor terrain;        ///< [N, C, S, S]
  at::Tensor valid;          ///< [N, S, S] bool
  at::Tensor terrain_valid;  ///< [N, S, S] bool

  at::Tensor all_channels() const;  ///< [N, optical + terrain, S, S]
  at::Tensor all_valid() const;     ///< pixels that every channel has data of
};

/// Patches all of whose pixels are valid. [N, H, W] bool -> [N, L] bool
at::Tensor whole_patches_of(const at::Tensor& valid_pixels, std::int64_t patch);

/// Side of a focal view of msn, a multiple of the patch.
int focal_side_of(const BackboneCard& card, const PretrainOptions& resolved);

/// The views of a batch: of mae and hpm one, of msn the target, the random and the focal ones.
struct PretrainBatch {
  std::vector<ViewBatch> views;
  std::vector<std::int64_t> indices;
};

/// Cuts, turns and recolours windows. The views of (epoch, index) are the same whoever asks, whenever.
class ViewMaker {
 public:
  ViewMaker(const BackboneCard& card, const PretrainOptions& resolved);
  /// Views of one window, each a batch of one.
  std::vector<ViewBatch> views(const ViewBatch& window, std::mt19937_64& random) const;
  /// Source units to normalised planes; what is not valid becomes 0.
  ViewBatch normalised(const ViewBatch& window) const;

 private:
  ViewBatch view(const ViewBatch& window, double smallest, double largest, int side, std::mt19937_64&) const;
  ViewBatch crop(const ViewBatch& window, double smallest, double largest, int side, std::mt19937_64&) const;
  ViewBatch wide_or_whole(const ViewBatch& window, int side, std::mt19937_64& random) const;
  void turn(ViewBatch& view, std::mt19937_64& random) const;
  void recolour(ViewBatch& view, std::mt19937_64& random) const;

  PretrainOptions options_;
  BackboneCard card_;
  int focal_side_;
  std::optional<TerrainTurner> turner_;
  at::Tensor optical_mean_, optical_deviation_, terrain_mean_, terrain_deviation_;
};

/// Loads one batch ahead in the background; one at a time, so that the source is never asked twice at once.
class WindowLoader {
 public:
  WindowLoader(WindowSource& source, const BackboneCard& card, const PretrainOptions& resolved);
  ~WindowLoader() { drop(); }
  WindowLoader(const WindowLoader&) = delete;
  WindowLoader& operator=(const WindowLoader&) = delete;

  void start(std::int64_t epoch, std::vector<std::int64_t> indices);
  PretrainBatch take() { return pending_.get(); }
  void drop();  ///< waits for what was started and forgets it
  PretrainBatch load(std::int64_t epoch, std::vector<std::int64_t> indices);
  /// Window as the source gave it, in source units, a batch of one.
  ViewBatch window(std::int64_t epoch, std::int64_t index);
  const ViewMaker& maker() const { return maker_; }

 private:
  WindowSource& source_;
  std::int64_t optical_, terrain_;
  std::uint64_t seed_;
  ViewMaker maker_;
  std::future<PretrainBatch> pending_;
};

}  // namespace scarp::nn
