// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "nn/backbone_card.h"
#include "nn/device.h"

namespace scarp::nn {

/// Where one window's planes are to be written, each row-major. Values of pixels that are not valid are never
/// looked at.
struct WindowView {
  std::span<float> optical;               ///< [optical channels, side, side], source units
  std::span<float> terrain;               ///< [terrain channels, side, side], units of the card
  std::span<std::uint8_t> valid;          ///< [side, side]
  std::span<std::uint8_t> terrain_valid;  ///< [side, side]
};

/// Where unlabelled images come from; implemented above nn. Called from one thread at a time, not always the
/// same.
class WindowSource {
 public:
  virtual ~WindowSource() = default;
  virtual int side() const = 0;           ///< pixels
  virtual std::int64_t size() const = 0;  ///< windows of one pass
  /// Fills window `index` of pass `epoch`. The same (epoch, index) always gives the same window.
  virtual void fill(std::int64_t epoch, std::int64_t index, const WindowView& out) = 0;
  /// For messages: where it lies, e.g. "scene valles, row 512, column 1024" or a file's name.
  virtual std::string place(std::int64_t epoch, std::int64_t index) const = 0;
};

enum class PretrainMethod : std::uint8_t {
  mae,  ///< He et al., CVPR 2022; optical and terrain in groups of their own (Cong et al., NeurIPS 2022)
  hpm,  ///< Wang et al., CVPR 2023; all channels through one patch projection
  msn,  ///< Assran et al., ECCV 2022; all channels through one patch projection
};
const char* name_of(PretrainMethod method);

/// How attention is computed: the ways differ in speed, and in the last bits of what is learnt.
enum class AttentionChoice : std::uint8_t {
  automatic,  ///< the way that a probe at the start finds faster; a resumed run keeps what was found
  explicit_formula,
  fused,
};

/// Which patches a hard patches miner hides.
enum class HpmMasks : std::uint8_t {
  easy_to_hard,  ///< the hardest, 0 at the start to a share of half at the end; the others at random
  random,        ///< at random; only the task of loss prediction is added
};
/// What a hard patches miner predicts.
enum class HpmTargets : std::uint8_t {
  pixels,
  features,  ///< of the teacher's encoder: squared distance of vectors of length 1
};

struct PretrainOptions {
  PretrainMethod method = PretrainMethod::mae;
  std::string backbone = "vit-t8";      ///< by name: vit-t8 to vit-l16
  int width = 0, depth = 0, heads = 0;  ///< other sizes than the name's; 0: as the name says
  double mask_ratio = 0;                ///< 0: 0.75 of mae and hpm, 0.3 of msn
  std::uint64_t seed = 1;
  int epochs = 100;
  int batch = 64;
  double learning_rate = 0;  ///< at the end of warm-up; 0: 1.5e-4 batch / 256 (msn: 1e-3 batch / 1024)
  double warmup = 0.05;      ///< share of all steps
  double weight_decay = 0;   ///< 0: 0.05 (msn: 0.04, which rises tenfold)
  double clip_norm = 0;      ///< of the encoder's gradient; 0: none (msn: 3)
  double smallest_crop = 0;  ///< area share of random crops; 1: whole windows; 0: 0.2 (msn: 0.3)
  bool flips = true;         ///< with terrain, quarter turns too, and what points somewhere turns along
  double ground_ratio = 1;   ///< of the position table, see nn/torch/positions.h

  int decoder_width = 512, decoder_depth = 8, decoder_heads = 16;  ///< mae and hpm
  bool normalise_targets = true;                                   ///< each patch to mean 0, deviation 1
  double drop_modality = 0.1;    ///< mae of two groups: share of windows that lose a whole one
  double terrain_noise_m = 0.1;  ///< of elevations: flat ground is not blown up to unit variance

  HpmMasks hpm_masks = HpmMasks::easy_to_hard;
  HpmTargets hpm_targets = HpmTargets::pixels;
  double hardest_share = 0.5;  ///< of the hidden patches, at the end
  bool relative_loss = true;   ///< which of two patches is harder, instead of how hard
  double teacher_decay = 0;    ///< 0: as published, at most so slow that it forgets in a twentieth of the run

  int random_views = 1, focal_views = 10;  ///< msn
  int focal_side = 0;                      ///< pixels; 0: 3/7 of the window
  int prototypes = 1024;
  int head_hidden = 2048, head_outputs = 256;
  double temperature = 0.1, sharpening = 0.25;
  double me_max_weight = 1;  ///< of mean entropy maximisation; without it embeddings collapse
  int sinkhorn_rounds = 0;
  double photometric = 0.5;  ///< strength of colour changes

  int threads = 1;
  std::string device = "auto";
  Precision precision = Precision::fp32;  ///< automatic: bf16 if a probe finds its steps faster; a resumed
                                          ///< run keeps what was found
  AttentionChoice attention = AttentionChoice::automatic;

  void check() const;  ///< @throws std::invalid_argument naming the first field out of range, Error
                       ///< (bad_argument) for a backbone of no known name
  PretrainOptions resolved() const;  ///< every 0 that stands for a rule replaced by its value
};

/// A few steps or the end of a pass, for logs and progress bars.
struct PretrainEvent {
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  std::int64_t steps = 0;  ///< in all
  double learning_rate = 0;
  double seconds_a_step = 0;
  double images_a_second = 0;
  Precision precision = Precision::fp32;
  bool pass_ended = false;
  /// Means since the last event. Always "loss". mae: "optical", "terrain" of two groups. hpm:
  /// "reconstruction", "predictor", "pair_accuracy", "hard_share". msn: "cross_entropy", "me_max", "entropy"
  /// (mean entropy of the assignments), "mean_entropy" (entropy of the mean assignment), "spread" (deviation
  /// of embeddings of length 1 times the root of their width: 1 evenly spread, 0 all alike),
  /// "prototypes_used".
  std::vector<std::pair<std::string, double>> values;
  bool collapsed = false;  ///< msn: embeddings are nearly all alike, or nearly all on one prototype
  double value(const std::string& name) const;  ///< 0 where there is none
};

struct PretrainFiles {
  std::string last;  ///< checkpoint after every pass and where it was stopped
  bool resume = false;
};

/// The card of what such a run makes; its channels are filled in by the caller.
BackboneCard backbone_card_for(const PretrainOptions& options, int side);

/// Pretrains from the start, or resumes. The same options, windows and threads give the same weights, bit for
/// bit, on the same path of attention: which of the two is faster is measured at the start, and kept by a
/// resumed run. Patches with a pixel that is not valid are never seen and never targets.
/// @param card  with channels and statistics; written into the checkpoint
/// @throws Error (not_finite, bad_argument, mismatch ...); the last checkpoint stays. Stops cleanly on
/// `stop`.
void pretrain(const BackboneCard& card,
              const PretrainOptions& options,
              WindowSource& windows,
              const PretrainFiles& files,
              const std::function<void(const PretrainEvent&)>& on_event,
              std::stop_token stop);

/// A file for others: the network alone under native names (msn: the target encoder), with the card.
/// @param half  2-D and larger weights in half precision
/// @throws Error (missing_file, unreadable, unwritable; not_finite for weights that half precision does not
/// hold)
void export_backbone(const std::string& checkpoint,
                     const std::string& to,
                     const BackboneCard& card,
                     bool half);

/// What a checkpoint of mae or hpm makes of a window; planes in normalised units [channels, side, side].
struct ReconstructedWindow {
  std::vector<float> original;       ///< optical, then terrain
  std::vector<float> seen;           ///< hidden patches are 0
  std::vector<float> reconstructed;  ///< hidden patches as predicted, seen ones as they are; empty where
                                     ///< features are predicted
  std::vector<float> hardness;       ///< hpm: expected loss of each patch, row by row; otherwise empty
  std::vector<std::uint8_t> hidden;  ///< of each patch (grouped: of the optical ones): 1 not seen
};
/// @param options  those of the run
/// @param indices  of windows of the first pass; each is cut to the network's size at its upper left corner
/// @throws Error (unreadable, mismatch, bad_argument)
std::vector<ReconstructedWindow> reconstruct_windows(const std::string& checkpoint,
                                                     const PretrainOptions& options,
                                                     WindowSource& windows,
                                                     std::span<const std::int64_t> indices);

}  // namespace scarp::nn
