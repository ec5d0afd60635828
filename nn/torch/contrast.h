// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace scarp::nn {

/// What anchors are held against beside their own batch, or instead of it.
struct ContrastSet {
  at::Tensor embeddings;  ///< [m, D], of length 1; no gradient flows into them
  at::Tensor labels;      ///< [m] int64
  at::Tensor valid;       ///< [m] bool: a slot that was never filled takes no part
};

struct ContrastLoss {
  at::Tensor loss;  ///< scalar: mean over the anchors that have a positive; 0 (with a graph) without any
  at::Tensor per_anchor;    ///< [k]; 0 for an anchor without a positive, or without a negative
  at::Tensor has_positive;  ///< [k] bool
};

/// Supervised contrast of embeddings: for anchor i with positives P (same label) and negatives N (another
/// one)
///   l_i = mean over j in P of  log(exp(s_ij) + sum over k in N of exp(s_ik)) - s_ij,   s_ij = z_i . z_j / t,
/// computed with log-sum-exp over these terms alone, so that cold temperatures stay finite. Every label is a
/// category, 0 too; rows with a label below 0 take no part, neither as anchors nor as keys. Source: Wang et
/// al., "Exploring Cross-Image Pixel Contrast for Semantic Segmentation" (ICCV 2021), equation 3, without the
/// factor of two temperatures of its code.
/// @param embeddings   [n, D], of length 1
/// @param labels       [n] int64
/// @param anchors      [k] int64, rows of `embeddings`
/// @param temperature  above 0
/// @param others       the contrast set; null: the batch itself, without the anchor's own row
/// @throws c10::Error if shapes do not fit or the temperature is not positive
ContrastLoss contrast_loss(const at::Tensor& embeddings,
                           const at::Tensor& labels,
                           const at::Tensor& anchors,
                           double temperature,
                           const ContrastSet* others = nullptr);

}  // namespace scarp::nn
