// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/transformer_block.h"

#include <cmath>
#include <stdexcept>
#include <string>

#include <torch/torch.h>

namespace scarp::nn {

namespace {

torch::nn::LayerNorm layer_norm(std::int64_t width, double epsilon) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(epsilon));
}

}  // namespace

void TransformerBlockOptions::check() const {
  const auto refuse = [](const char* field, const char* rule, double value) {
    throw std::invalid_argument(std::string("transformer block: ") + field + " must be " + rule + ", is " +
                                std::to_string(value));
  };
  if (heads < 1) refuse("heads", "at least 1", static_cast<double>(heads));
  if (width < 1 || width % heads != 0)
    refuse("width", "a positive multiple of heads", static_cast<double>(width));
  if (mlp_width < 0) refuse("mlp_width", "at least 0", static_cast<double>(mlp_width));
  if (!(epsilon > 0)) refuse("epsilon", "positive", epsilon);
  if (!(drop_path >= 0 && drop_path < 1)) refuse("drop_path", "in [0, 1)", drop_path);
}

SelfAttentionImpl::SelfAttentionImpl(const TransformerBlockOptions& options)
    : path(options.attention), heads_(options.heads) {
  qkv_ = register_module("qkv", torch::nn::Linear(options.width, 3 * options.width));
  proj_ = register_module("proj", torch::nn::Linear(options.width, options.width));
}

torch::Tensor attention(const torch::Tensor& q,
                        const torch::Tensor& k,
                        const torch::Tensor& v,
                        AttentionPath path) {
  if (path == AttentionPath::fused) return at::scaled_dot_product_attention(q, k, v);
  const auto scores =
      torch::matmul(q * (1 / std::sqrt(static_cast<double>(q.size(-1)))), k.transpose(-2, -1));
  return torch::matmul(scores.softmax(-1), v);
}

torch::Tensor SelfAttentionImpl::forward(const torch::Tensor& x) {
  return answer(x, {0, x.size(1)});
}

torch::Tensor SelfAttentionImpl::answer(const torch::Tensor& x, TokenRange asked) {
  const std::int64_t batch = x.size(0), tokens = x.size(1), width = x.size(2), head = width / heads_;
  const auto parts = qkv_(x).view({batch, tokens, 3, heads_, head}).permute({2, 0, 3, 1, 4}).unbind(0);
  const bool all = asked.count == tokens;
  const auto q = all ? parts[0] : parts[0].narrow(2, asked.first, asked.count);
  const auto mixed = attention(q, parts[1], parts[2], path);  // [B, heads, count, head]
  return proj_(mixed.transpose(1, 2).reshape({batch, asked.count, width}));
}

PerceptronImpl::PerceptronImpl(std::int64_t width, std::int64_t hidden) {
  fc1_ = register_module("fc1", torch::nn::Linear(width, hidden));
  fc2_ = register_module("fc2", torch::nn::Linear(hidden, width));
}

torch::Tensor PerceptronImpl::forward(const torch::Tensor& x) {
  return fc2_(torch::gelu(fc1_(x)));
}

TransformerBlockImpl::TransformerBlockImpl(const TransformerBlockOptions& options)
    : drop_path_(options.drop_path) {
  options.check();
  const std::int64_t hidden = options.mlp_width > 0 ? options.mlp_width : 4 * options.width;
  norm1_ = register_module("norm1", layer_norm(options.width, options.epsilon));
  attn_ = register_module("attn", SelfAttention(options));
  norm2_ = register_module("norm2", layer_norm(options.width, options.epsilon));
  mlp_ = register_module("mlp", Perceptron(options.width, hidden));
}

torch::Tensor TransformerBlockImpl::attend(const torch::Tensor& x) {
  return attn_(norm1_(x));
}

torch::Tensor TransformerBlockImpl::dropped(const torch::Tensor& branch,
                                            const std::optional<at::Generator>& drops) const {
  if (!is_training() || drop_path_ == 0) return branch;
  const auto kept = torch::rand({branch.size(0), 1, 1}, drops, torch::kFloat32) >= drop_path_;
  return branch * (kept.to(branch.options()) / (1 - drop_path_));
}

torch::Tensor TransformerBlockImpl::forward(const torch::Tensor& x,
                                            const std::optional<at::Generator>& drops) {
  return joined(x, attend(x), drops);
}

torch::Tensor TransformerBlockImpl::answer(const torch::Tensor& x,
                                           TokenRange asked,
                                           const std::optional<at::Generator>& drops) {
  return joined(x.narrow(1, asked.first, asked.count), attn_->answer(norm1_(x), asked), drops);
}

torch::Tensor TransformerBlockImpl::joined(const torch::Tensor& x,
                                           const torch::Tensor& attention,
                                           const std::optional<at::Generator>& drops) {
  const auto attended = x + dropped(attention, drops);
  return attended + dropped(mlp_(norm2_(attended)), drops);
}

void set_attention(torch::nn::Module& network, AttentionPath path) {
  for (const auto& module : network.modules(/*include_self=*/false)) {
    if (auto* block = module->as<TransformerBlock>()) block->set_attention(path);
  }
}

}  // namespace scarp::nn
