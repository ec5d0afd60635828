// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace scarp::nn {

/// Linear from 0 over `warmup` epochs, then half a cosine from `highest` down to `lowest`; changed with every
/// step, at a fractional epoch. Source: He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR
/// 2022, appendix A.1.
double warm_cosine(double highest, double lowest, double epoch, double warmup, double epochs);

/// The schedules of Masked Siamese Networks (Assran et al., ECCV 2022, section 5), which stop after four
/// fifths of their cosines.
struct SiameseSchedules {
  double start_rate = 2e-4, highest_rate = 1e-3, final_rate = 1e-6;
  double first_decay = 0.04, last_decay = 0.4;
  double first_momentum = 0.996, last_momentum = 1;
  double first_sharpening = 0.25, last_sharpening = 0.25;
  double warmup = 15;  ///< epochs
  double epochs = 800;
  std::int64_t steps_an_epoch = 1;

  /// @param step  from 0
  double learning_rate(std::int64_t step) const;
  double weight_decay(std::int64_t step) const;
  double momentum(std::int64_t step) const;  ///< of the moving average
  double sharpening(std::int64_t step) const;

 private:
  double stretched_steps() const;
};

/// Which layer of a vision transformer a parameter belongs to, for layer-wise decay of the learning rate:
/// tokens, positions and patches 0, block i is i + 1, all behind the blocks depth + 1; the rate is multiplied
/// by decay^(depth + 1 - layer). Source: Bao, Dong, Piao, Wei, "BEiT", ICLR 2022, appendix.
std::int64_t layer_of_parameter(const char* name, std::int64_t depth);
double layer_rate(double decay, std::int64_t layer, std::int64_t depth);

}  // namespace scarp::nn
