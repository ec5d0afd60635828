// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/torch/masked_autoencoder.h"

namespace scarp::nn {

/// Losses of the loss predictor (Wang et al., "Hard Patches Mining for Masked Image Modeling", CVPR 2023,
/// equations 5 to 7). No gradient goes into the targets.
/// @param predicted [N, K]  @param targets [N, K], the reconstruction losses of the same patches
/// Relative: over all ordered pairs of patches of an image whose targets differ, pooled over the batch, the
/// mean of -log(sigmoid(difference) + 1e-6) of the right order; 0, with zero gradient, where there is no
/// pair.
/// @param counted [N, K] bool: patches that take part; undefined: all
torch::Tensor relative_loss(const torch::Tensor& predicted,
                            const torch::Tensor& targets,
                            const torch::Tensor& counted = {});
/// Absolute: squared difference to the z-scores of the targets (unbiased variance, 1e-6 added).
torch::Tensor absolute_loss(const torch::Tensor& predicted,
                            const torch::Tensor& targets,
                            const torch::Tensor& counted = {});
/// Share of ordered pairs with different targets that are predicted in the right order; chance is a half.
torch::Tensor pair_accuracy(const torch::Tensor& predicted,
                            const torch::Tensor& targets,
                            const torch::Tensor& counted = {});

/// Decay of the teacher's moving average: linear from 0.999 to 0.9999 over 100 epochs, then constant.
double teacher_decay(double epoch);

/// Both predictions for all patches, in the order of the masking (kept ones first).
struct MinedForward {
  torch::Tensor latent;     ///< [N, 1 + kept, D]
  torch::Tensor patches;    ///< [N, L, patch * patch * C]
  torch::Tensor predicted;  ///< [N, L]: the loss that is expected of each patch
};

struct MiningLosses {
  torch::Tensor patches;         ///< [N, L - kept]: reconstruction loss of each removed patch
  torch::Tensor reconstruction;  ///< their mean
  torch::Tensor predicted;       ///< [N, L - kept]
};

/// A masked autoencoder with a second decoder that predicts the loss of each patch; both read the same
/// tokens, and the gradient of both reaches the encoder. A moving average of it, the teacher, says which
/// patches of the next images are hard.
class HardPatchesMinerImpl : public MaskedAutoencoderImpl {
 public:
  explicit HardPatchesMinerImpl(const MaskedAutoencoderOptions& options);

  MinedForward predict(const torch::Tensor& images, const Masking& masking);
  /// For training: only removed patches are predicted.
  /// @param targets  [N, L - kept, target_width]: features of another network, compared by the squared
  /// distance of vectors of length 1; undefined: pixels
  MiningLosses losses(const torch::Tensor& images, const Masking& masking, const torch::Tensor& targets = {});
  /// The teacher's part: the expected loss of every patch of whole images, by patch number. The decoder of
  /// pixels is not run. [N, L]
  torch::Tensor scores(const torch::Tensor& images);
  /// The same from what the encoder said of the kept patches. [N, 1 + kept, D] -> [N, L] by patch number
  torch::Tensor scores_of(const torch::Tensor& latent, const Masking& masking, PatchGrid grid);

 private:
  // the mean over the outputs of the linear layer, which is a linear layer itself
  torch::Tensor expected_loss(const torch::Tensor& read);

  TokenReader losses_;
};
TORCH_MODULE(HardPatchesMiner);

}  // namespace scarp::nn
