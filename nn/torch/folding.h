// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>

namespace scarp::nn {

/// The norm's output, or its input where the norm was folded away.
torch::Tensor normed(torch::nn::BatchNorm2d& norm, const torch::Tensor& x);

/// For inference: the running statistics of a norm become weights and bias of the convolution before it
/// (computed in double), the norm becomes empty. Nothing happens where it is empty already.
void fold(torch::nn::Conv2d& convolution, torch::nn::BatchNorm2d& norm);

/// The same for all pairs in a row of modules; a ReLU behind them stays. An empty row stays empty.
void fold(torch::nn::Sequential& row);

}  // namespace scarp::nn
