// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "nn/torch/contrast.h"

namespace scarp::nn {

/// contrast_loss against a ring in one pass over its rows, with its gradient: on the processor two matrix
/// products and nn/contrast/ring_row.h, on a GPU the kernel of libscarp_cuda.so. Nothing waits for a device.
/// @param embeddings  [n, D] float
/// @return loss, per_anchor and has_positive as contrast_loss; undefined tensors where there is no such path:
///         another precision, or a GPU without that library
ContrastLoss ring_contrast_loss(const at::Tensor& embeddings,
                                const at::Tensor& labels,
                                const at::Tensor& anchors,
                                double temperature,
                                const ContrastSet& ring);

}  // namespace scarp::nn
