// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "geo/window.h"
#include "nn/pretrainer.h"
#include "pipelines/events.h"
#include "pipelines/pretraining/pretrain_settings.h"
#include "pipelines/training/chunk_cache.h"

namespace scarp::pipelines {

/// Windows drawn from the valid ground of rasters of any size: only windows are read, and memory is bounded.
/// Valid ground is found on a lattice of windows side by side, or, where there are more than
/// windows.surveyed, on so many drawn at random; a training window lies up to half its side beside one of
/// those. The same (epoch, index) always gives the same pixels.
class SceneWindows final : public nn::WindowSource {
 public:
  /// Looks for valid ground and measures every channel there.
  /// @throws Error (usage, contradiction) for a scene without enough valid ground; geo::Error, cancelled
  SceneWindows(const PretrainSettings& settings, Events& events, const std::stop_token& stop);

  int side() const override { return side_; }
  std::int64_t size() const override { return size_; }
  void fill(std::int64_t epoch, std::int64_t index, const nn::WindowView& out) override;
  std::string place(std::int64_t epoch, std::int64_t index) const override;

  const std::vector<nn::ChannelSpec>& optical() const { return optical_; }
  const std::vector<nn::ChannelSpec>& terrain() const { return terrain_; }
  double gsd_min_m() const { return gsd_min_m_; }
  double gsd_max_m() const { return gsd_max_m_; }
  std::int64_t valid_windows() const { return static_cast<std::int64_t>(cells_.size()); }

 private:
  struct Scene {
    std::string name;
    std::unique_ptr<ChunkCache> pixels;
  };
  struct Cell {
    std::size_t scene;
    geo::Window window;
  };

  void survey(std::size_t scene, Events& events, const std::stop_token& stop);
  double whole_share(const geo::StackTile& tile) const;
  geo::Window jittered(const Cell& cell, std::int64_t epoch, std::int64_t index, int attempt) const;
  const Cell& cell_of(std::int64_t epoch, std::int64_t index) const;

  int side_;
  std::int64_t patch_, size_ = 0;
  bool grouped_;
  double valid_share_;
  int surveyed_;
  std::uint64_t seed_;
  std::vector<Scene> scenes_;
  std::vector<Cell> cells_;
  std::vector<nn::ChannelSpec> optical_, terrain_;
  double gsd_min_m_ = 0, gsd_max_m_ = 0;
  struct Measured;
  std::shared_ptr<Measured> measured_;
  geo::StackTile tile_;
};

}  // namespace scarp::pipelines
