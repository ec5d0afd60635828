// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "nn/io/tensor_file.h"

namespace scarp::nn {

using NamedParameters = std::vector<std::pair<std::string, at::Tensor>>;

/// Parameters that are treated alike.
struct ParameterGroup {
  NamedParameters parameters;  ///< names are the keys of the saved state
  bool decayed = true;         ///< by the optimiser's weight decay
  double rate_scale = 1;       ///< of the learning rate
};

/// Scales the gradients of these parameters so that their norm is at most `largest`. Nothing waits for a GPU.
/// @return the norm before, a scalar on their device; undefined where no parameter has a gradient
at::Tensor clip_gradients(const std::vector<at::Tensor>& parameters, double largest);

/// AdamW (Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2) on fused
/// kernels. Parameters of one dimension (biases, norms) are not decayed.
class AdamW {
 public:
  struct Options {
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double weight_decay = 0.01;
  };
  /// @param parameters  names are the keys of the saved state
  AdamW(const NamedParameters& parameters, const Options& options);
  AdamW(const std::vector<ParameterGroup>& groups, const Options& options);

  /// One step with the gradients that the parameters hold; parameters without a gradient stay.
  void step(double learning_rate);
  /// The same with a weight decay that changes from step to step.
  void step(double learning_rate, double weight_decay);
  /// Scales all gradients so that their norm is at most `largest`; the norm stays on the device.
  void clip_gradients(double largest);
  void zero_gradients();

  /// First and second moments as adam.m.NAME and adam.v.NAME, steps taken as adam.step.NAME.
  void save(NamedTensors& tensors) const;
  /// @throws Error (mismatch) naming the tensor that is missing or of another shape
  void load(const NamedTensors& tensors);

 private:
  struct Group {
    std::vector<std::string> names;
    std::vector<at::Tensor> parameters, first, second, steps;
    bool decayed = true;
    double rate_scale = 1;
  };
  void step_of(const Group& group, double learning_rate, double weight_decay);

  std::vector<Group> groups_;
  Options options_;
};

}  // namespace scarp::nn
