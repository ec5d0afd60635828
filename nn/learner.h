// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "nn/contrast_options.h"
#include "nn/detector_backbone.h"
#include "nn/device.h"
#include "nn/model_card.h"

namespace scarp::nn {

/// What is not labelled or not valid: no loss, no score.
inline constexpr std::uint8_t kIgnoreLabel = 255;

/// Where one sample's planes are to be written, each row-major.
struct SampleView {
  std::span<float> optical;               ///< [optical channels, side, side], source units
  std::span<float> terrain;               ///< [terrain channels, side, side], units of the card
  std::span<std::uint8_t> valid;          ///< [side, side]
  std::span<std::uint8_t> terrain_valid;  ///< [side, side]
  std::span<std::uint8_t> labels;         ///< [side, side]: class index, or kIgnoreLabel
};

/// Where training data come from; implemented above nn. Called from one thread at a time, not always the
/// same; training and validation sources are never called at once.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  virtual int side() const = 0;           ///< pixels
  virtual std::int64_t size() const = 0;  ///< samples of one pass
  /// Fills sample `index` of pass `epoch`. The same (epoch, index) always gives the same sample.
  virtual void fill(std::int64_t epoch, std::int64_t index, const SampleView& out) = 0;
  /// For messages: where sample (epoch, index) lies, e.g. "scene valles, row 512, column 1024".
  virtual std::string place(std::int64_t epoch, std::int64_t index) const = 0;
};

struct TrainingOptions {
  std::uint64_t seed = 1;
  int epochs = 30;                    ///< passes over the samples, >= 1
  int batch = 8;                      ///< samples a step, >= 2 (batch norm)
  double learning_rate = 1e-3;        ///< at the end of warm-up, AdamW
  double weight_decay = 0.01;         ///< not on biases and norms
  double warmup = 0.05;               ///< share of all steps, linear from 0; then half a cosine to 0
  double clip_norm = 1.0;             ///< gradient norm; 0: off
  double dice_weight = 1.0;           ///< weight of the Dice loss beside cross entropy
  std::vector<double> class_weights;  ///< of cross entropy, one a class; empty: all 1
  double toe_weight = 1;  ///< of the labels along the toes of landslides, 0 to 1 (all as good); below 1 only
                          ///< with gradient_east and gradient_north
  int toe_width = 3;      ///< so many pixels on either side of a toe's outline, 1 to 32
  double average_decay = 0.99;  ///< of the moving average of weights, which is what is kept; 0: off
  bool flips = true;  ///< the eight flips and quarter turns; gradient_* and eastness/northness turn with the
                      ///< pixels, hillshade and aspect cannot and are refused
  double rotation = 0;  ///< largest angle of a random rotation about the window's middle, degrees, 0 to 45;
                        ///< what points east or north turns with the pixels
  double scale = 1;     ///< largest factor of a random zoom, drawn from 1 / scale to scale, 1 to 2
  double photometric = 0.1;  ///< relative brightness and contrast jitter of the optical part; 0: off
  double drop_optical =
      0;  ///< share of samples without their image, so that terrain is not neglected; only with both
  double drop_terrain = 0;  ///< share of samples without their terrain
  int patience = 0;         ///< ends after so many passes without a better validation F1 of class 1; 0: never
  ContrastOptions contrast;   ///< beside the segmentation loss
  BackboneOptions backbones;  ///< pretrained encoders; the card's network has their shapes (adopt_backbone)
  int threads = 1;            ///< of one training
  std::string device = "auto";
  Precision precision = Precision::fp32;  ///< automatic: bf16 if a probe at the start finds its steps faster;
                                          ///< a resumed training keeps what was found
  void check() const;  ///< @throws std::invalid_argument naming the first field out of range
};

/// Pixel counts of one class against the rest, at the most probable class.
struct ClassCounts {
  std::int64_t true_positive = 0;
  std::int64_t false_positive = 0;
  std::int64_t false_negative = 0;
  double f1() const;
  double iou() const;
};

/// One step or one pass, for logs and progress bars.
struct TrainingEvent {
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  std::int64_t steps = 0;  ///< in all
  double loss = 0;         ///< mean since the last event, all terms
  double contrast = 0;     ///< of it, the contrastive term as weighted
  double learning_rate = 0;
  double seconds_a_step = 0;
  Precision precision = Precision::fp32;  ///< as it is trained
  bool validated = false;                 ///< `validation` holds the scores after this pass
  double validation_loss = 0;
  std::vector<ClassCounts> validation;  ///< one a class
};

struct TrainingFiles {
  std::string last;  ///< checkpoint with optimiser state after every pass and where it was stopped; an
                     ///< existing one is resumed if `resume`, else refused
  std::string best;  ///< weights of the pass with the best validation F1 of class 1 (without validation: of
                     ///< the last pass); empty: not kept
  bool resume = false;
};

/// Trains a network from the start, or resumes. The same options, samples and thread count give the same
/// weights, bit for bit.
/// @param card        network options, channels with statistics, classes; written into the checkpoints
/// @param validation  may be null; scored on the averaged weights, without augmentation
/// @throws Error (not_finite) with step and place of the batch; the last checkpoint stays. Stops cleanly on
/// `stop`.
void train(const ModelCard& card,
           const TrainingOptions& options,
           SampleSource& samples,
           SampleSource* validation,
           const TrainingFiles& files,
           const std::function<void(const TrainingEvent&)>& on_event,
           std::stop_token stop);

}  // namespace scarp::nn
