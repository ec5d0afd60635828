// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "datasets/ground_split.h"
#include "datasets/scene.h"
#include "nn/learner.h"
#include "pipelines/training/chunk_cache.h"
#include "pipelines/training/run_settings.h"

namespace scarp::pipelines {

/// A scene that is open for training: pixels, labels, and which labelled blocks train and which validate.
struct TrainingScene {
  std::string name;
  datasets::SceneLabels labels;
  datasets::LabelledBlocks blocks;
  datasets::GroundSplit split;
  std::unique_ptr<ChunkCache> pixels;
  double gsd_m = 0;
};

/// Opens the scenes of a run and splits their labelled ground.
/// @throws Error, geo::Error, datasets::Error
std::vector<TrainingScene> open_training_scenes(const RunSettings& settings);

/// Mean and deviation of every channel over the valid pixels of the training blocks.
/// @param optical, terrain  channels with names and units; mean and deviation are filled in
void measure_channels(std::vector<TrainingScene>& scenes,
                      std::vector<nn::ChannelSpec>& optical,
                      std::vector<nn::ChannelSpec>& terrain);

/// Whether any pixel of a block has another label than background.
bool holds_landslide(const TrainingScene& scene, int block);

/// Leaves only settings.labelled_share of the training blocks of all scenes together, drawn by training.seed:
/// the blocks of a smaller share lie within those of a larger one. The first holds a landslide, where any
/// does.
void keep_labelled_share(std::vector<TrainingScene>& scenes, const RunSettings& settings);

/// Windows of `side` pixels around labelled blocks. Only pixels of its own blocks have labels: others may be
/// seen, never learnt.
class BlockSamples final : public nn::SampleSource {
 public:
  enum class Purpose { training, validation };
  /// @param per_block  windows around each block in a pass, training only
  /// @param seed       of the windows' places; validation windows are centred
  BlockSamples(std::vector<TrainingScene>& scenes, const RunSettings& settings, Purpose purpose);

  int side() const override { return side_; }
  std::int64_t size() const override;
  void fill(std::int64_t epoch, std::int64_t index, const nn::SampleView& out) override;
  std::string place(std::int64_t epoch, std::int64_t index) const override;
  /// Whether any pixel of the blocks has another label than background. Looks at all of them.
  /// @throws Error (contradiction) at a class id that the run file does not name
  bool hold_landslides() const;
  /// Scene and number of the block in the middle of a sample.
  std::pair<std::string, int> block(std::int64_t index) const;

 private:
  struct Block {
    std::size_t scene;
    int block;
  };
  geo::Window window(std::int64_t epoch, std::int64_t index) const;
  void fill_labels(const Block& block, const geo::Window& window, std::span<std::uint8_t> labels) const;
  std::uint8_t index_of(const TrainingScene& scene, std::uint8_t class_id) const;
  std::vector<geo::Window> counted_before(const Block& block) const;

  std::vector<TrainingScene>& scenes_;
  Purpose purpose_;
  int side_;
  int per_block_;
  std::uint64_t seed_;
  std::vector<std::uint8_t> class_index_;  ///< class id -> index, kIgnoreLabel where there is none
  std::vector<Block> blocks_;
  geo::StackTile tile_;
};

}  // namespace scarp::pipelines
