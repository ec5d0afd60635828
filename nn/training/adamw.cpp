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

std::vector<ParameterGroup> decayed_by_dimension(const NamedParameters& parameters) {
  std::vector<ParameterGroup> groups(2);
  groups[1].decayed = false;
  for (const auto& parameter : parameters)
    groups[parameter.second.dim() <= 1 ? 1 : 0].parameters.push_back(parameter);
  return groups;
}

}  // namespace

AdamW::AdamW(const NamedParameters& parameters, const Options& options)
    : AdamW(decayed_by_dimension(parameters), options) {}

AdamW::AdamW(const std::vector<ParameterGroup>& groups, const Options& options) : options_(options) {
  for (const ParameterGroup& given : groups) {
    Group& group = groups_.emplace_back();
    group.decayed = given.decayed;
    group.rate_scale = given.rate_scale;
    for (const auto& [name, parameter] : given.parameters) {
      group.names.push_back(name);
      group.parameters.push_back(parameter);
      group.first.push_back(torch::zeros_like(parameter));
      group.second.push_back(torch::zeros_like(parameter));
      group.steps.push_back(torch::zeros({}, parameter.options().dtype(torch::kFloat32)));
    }
  }
}

void AdamW::step(double learning_rate) {
  step(learning_rate, options_.weight_decay);
}

void AdamW::step(double learning_rate, double weight_decay) {
  for (const Group& group : groups_)
    step_of(group, learning_rate * group.rate_scale, group.decayed ? weight_decay : 0);
}

void AdamW::step_of(const Group& group, double learning_rate, double weight_decay) {
  const torch::NoGradGuard no_grad;
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
  if (parameters.empty()) return;
  at::_foreach_add_(steps, 1);
  at::_fused_adamw_(parameters, gradients, first, second, {}, steps, learning_rate, options_.beta1,
                    options_.beta2, weight_decay, options_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

at::Tensor clip_gradients(const std::vector<at::Tensor>& parameters, double largest) {
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (gradients.empty()) return {};
  const auto norm = at::stack(at::_foreach_norm(gradients, 2)).norm();
  at::_foreach_mul_(gradients, at::clamp_max(largest / (norm + 1e-6), 1.0));
  return norm;
}

void AdamW::clip_gradients(double largest) {
  std::vector<at::Tensor> all;
  for (const Group& group : groups_) all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  nn::clip_gradients(all, largest);
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
