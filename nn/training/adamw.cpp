// SPDX-License-Identifier: Apache-2.0
#include "nn/training/adamw.h"

#include <torch/torch.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

const at::Tensor& saved_moment(const NamedTensors& tensors, const std::string& name, const at::Tensor& like) {
  const auto found = tensors.find(name);
  if (found == tensors.end())
    throw Error(Fault::mismatch,
                "the checkpoint holds no optimiser state " + name + ": it cannot be resumed");
  if (found->second.sizes() != like.sizes()) {
    throw Error(Fault::mismatch, "the optimiser state " + name +
                                     " of the checkpoint has another shape: it belongs to another network");
  }
  return found->second;
}

}  // namespace

AdamW::AdamW(std::vector<std::pair<std::string, at::Tensor>> parameters, const Options& options)
    : groups_(2), options_(options) {
  groups_[0].weight_decay = options.weight_decay;
  for (auto& [name, parameter] : parameters) {
    Group& group = groups_[parameter.dim() <= 1 ? 1 : 0];
    group.names.push_back(name);
    group.parameters.push_back(parameter);
    group.first.push_back(torch::zeros_like(parameter));
    group.second.push_back(torch::zeros_like(parameter));
    group.steps.push_back(torch::zeros({}, parameter.options().dtype(torch::kFloat32)));
  }
}

void AdamW::step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  for (Group& group : groups_) {
    std::vector<at::Tensor> parameters, gradients, first, second, steps;
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const at::Tensor& gradient = group.parameters[i].grad();
      if (!gradient.defined()) continue;
      parameters.push_back(group.parameters[i]);
      // the kernel walks through memory: all must be laid out as the parameter is
      const bool alike = gradient.strides() == parameters.back().strides();
      gradients.push_back(alike ? gradient : torch::empty_like(parameters.back()).copy_(gradient));
      first.push_back(group.first[i]);
      second.push_back(group.second[i]);
      steps.push_back(group.steps[i]);
    }
    if (parameters.empty()) continue;
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(parameters, gradients, first, second, {}, steps, learning_rate, options_.beta1,
                      options_.beta2, group.weight_decay, options_.epsilon, /*amsgrad=*/false,
                      /*maximize=*/false);
  }
}

void AdamW::clip_gradients(double largest) {
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const Group& group : groups_) {
    for (const at::Tensor& parameter : group.parameters) {
      if (parameter.grad().defined()) gradients.push_back(parameter.grad());
    }
  }
  if (gradients.empty()) return;
  const auto norm = at::stack(at::_foreach_norm(gradients, 2)).norm();
  at::_foreach_mul_(gradients, at::clamp_max(largest / (norm + 1e-6), 1.0));
}

void AdamW::zero_gradients() {
  for (Group& group : groups_) {
    for (at::Tensor& parameter : group.parameters) parameter.mutable_grad().reset();
  }
}

void AdamW::save(NamedTensors& tensors) const {
  for (const Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      tensors["adam.m." + group.names[i]] = group.first[i];
      tensors["adam.v." + group.names[i]] = group.second[i];
      tensors["adam.step." + group.names[i]] = group.steps[i];
    }
  }
}

void AdamW::load(const NamedTensors& tensors) {
  const torch::NoGradGuard no_grad;
  for (Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      group.first[i].copy_(saved_moment(tensors, "adam.m." + group.names[i], group.first[i]));
      group.second[i].copy_(saved_moment(tensors, "adam.v." + group.names[i], group.second[i]));
      group.steps[i].copy_(saved_moment(tensors, "adam.step." + group.names[i], group.steps[i]));
    }
  }
}

}  // namespace scarp::nn
