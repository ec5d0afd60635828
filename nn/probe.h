// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "nn/pretrainer.h"

namespace scarp::nn {

/// Features of images with their classes.
struct LabelledFeatures {
  std::int64_t width = 0;
  std::vector<float> rows;           ///< [labels.size(), width]
  std::vector<std::int64_t> labels;  ///< class numbers from 0
  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  void add(const std::vector<float>& features, std::int64_t label);
  LabelledFeatures subset(const std::vector<std::int64_t>& indices) const;
};

/// Share of `found` that equals `wanted`. @throws Error (bad_argument) for lists of other lengths or none
double accuracy(const std::vector<std::int64_t>& found, const std::vector<std::int64_t>& wanted);

/// Weighted vote of the `neighbours` nearest by cosine, weights exp(cosine / temperature) (Wu et al., CVPR
/// 2018, section 3.4, as MAE's and DINO's evaluations use it).
std::vector<std::int64_t> nearest_neighbour_classes(const LabelledFeatures& known,
                                                    const LabelledFeatures& asked,
                                                    std::int64_t classes,
                                                    int neighbours = 20,
                                                    double temperature = 0.07);

enum class FeatureScaling : std::uint8_t {
  standardised,  ///< every feature to mean 0 and deviation 1 over the known images: the batch norm without
                 ///< scale of MAE's linear probe, at its limit
  unit_rows,     ///< every image's features less their own mean, to length 1: MSN's low-shot protocol
};

/// Multinomial logistic regression with an L2 penalty, solved by L-BFGS (deterministic; no rates to tune).
struct LinearProbeOptions {
  FeatureScaling scaling = FeatureScaling::standardised;
  bool intercept = true;
  double penalty = 1e-3;  ///< half of it times the squared weights, beside the mean loss of an image
  int iterations = 200;
  int threads = 1;
};
std::vector<std::int64_t> linear_probe_classes(const LabelledFeatures& known,
                                               const LabelledFeatures& asked,
                                               std::int64_t classes,
                                               const LinearProbeOptions& options);
/// The same as chances. [asked.size(), classes]
/// @param weights  of each known image, not negative; empty: all 1
/// @throws Error (bad_argument) unless there is one for each and their sum is positive
std::vector<float> linear_probe_chances(const LabelledFeatures& known,
                                        const LabelledFeatures& asked,
                                        std::int64_t classes,
                                        const LinearProbeOptions& options,
                                        const std::vector<float>& weights = {});

/// MSN's low-shot protocol (Assran et al., ECCV 2022, section 5.1): rows of length 1, no intercept.
LinearProbeOptions low_shot_options(int threads);

/// Indices of `shots` images of every class, drawn without replacement.
/// @param labels  from 0 to classes - 1
/// @throws Error (bad_argument) for another label, or if a class has fewer images
std::vector<std::int64_t> draw_shots(const std::vector<std::int64_t>& labels,
                                     std::int64_t classes,
                                     int shots,
                                     std::uint64_t seed);

struct FineTuneOptions {
  bool last_block_only = false;  ///< the others are frozen, with patches and positions
  bool from_scratch = false;     ///< weights drawn anew: what pretraining is compared with
  int epochs = 20;
  int batch = 32;
  double learning_rate = 1e-3;  ///< of the head and the last block, at the end of warm-up
  double warmup = 0.1;          ///< share of all steps
  double layer_decay = 0.75;    ///< of the rate, from a layer to the one below it (Bao et al., ICLR 2022)
  double weight_decay = 0.05;
  double drop_path = 0.1;
  double smallest_crop = 0.4;  ///< area share of random crops
  double label_smoothing = 0.1;
  std::uint64_t seed = 1;
  int threads = 1;
  std::string device = "cpu";
};
/// Trains a pretrained backbone with a linear head on its mean patch token on labelled windows, then asks it.
/// @param known, asked  windows at least as large as the backbone's: random crops of those that are known,
/// the
///                      middle of those that are asked
/// @param labels        of `known`, from 0 to classes - 1
/// @param stop          ends the training at the end of a pass; what is learnt by then is asked
/// @return              classes of `asked`
/// @throws Error (bad_argument, mismatch, no_device, ...), FormatError
std::vector<std::int64_t> fine_tuned_classes(const std::string& backbone,
                                             WindowSource& known,
                                             const std::vector<std::int64_t>& labels,
                                             WindowSource& asked,
                                             std::int64_t classes,
                                             const FineTuneOptions& options,
                                             const std::function<void(double)>& progress,
                                             std::stop_token stop);

}  // namespace scarp::nn
