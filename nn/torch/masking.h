// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace scarp::nn {

/// Patches that stay of `patches` when `ratio` of them is removed: int(patches * (1 - ratio)), computed in
/// double exactly so (100 at 0.9 gives 9).
std::int64_t kept_patches(std::int64_t patches, double ratio);

/// Which patches of each image are seen, as an order of all of them.
struct Masking {
  at::Tensor order;       ///< [N, L] I64: patch numbers, those kept first
  std::int64_t kept = 0;  ///< the first so many are kept

  at::Tensor visible() const;  ///< [N, kept] patch numbers
  at::Tensor hidden() const;   ///< [N, L - kept] patch numbers
  at::Tensor removed() const;  ///< [N, L] bool by patch number, true: removed
  at::Tensor restore() const;  ///< [N, L] I64: where in `order` each patch stands
};

/// Keeps the patches with the smallest noise. Source: He et al., "Masked Autoencoders Are Scalable Vision
/// Learners", CVPR 2022, section 3.
/// @param noise [N, L], e.g. uniform; a patch with noise above all others is never kept
Masking random_masking(const at::Tensor& noise, double ratio);

/// The same where some patches hold no data: those are never kept, and no image keeps more than the poorest
/// has.
/// @param whole [N, L] bool: patches that may be kept
/// @throws Error (bad_argument) if an image has not one
Masking random_masking(const at::Tensor& noise, const at::Tensor& whole, double ratio);

/// A mask that is given.
/// @param removed [N, L] bool  @param kept  false entries of each row
Masking masking_of(const at::Tensor& removed, std::int64_t kept);

/// Hard patches among those removed, by epoch: int(removed * ((epoch + 1) / epochs * share)), in double
/// exactly so: from easy to hard. Source: Wang et al., "Hard Patches Mining for Masked Image Modeling", CVPR
/// 2023, section 3.3.
/// @param epoch  from 0
std::int64_t hard_patches(std::int64_t removed, std::int64_t epoch, std::int64_t epochs, double share = 0.5);

/// The `count` patches with the highest score. [N, L] -> [N, L] bool
at::Tensor hardest(const at::Tensor& scores, std::int64_t count);

/// Removes all hard patches and, of the others, those with the largest noise; in one sort for the whole
/// batch.
/// @param noise [N, L] in [0, 1)  @param hard [N, L] bool, at most L - kept true in a row
Masking hard_masking(const at::Tensor& noise, const at::Tensor& hard, std::int64_t kept);

}  // namespace scarp::nn
