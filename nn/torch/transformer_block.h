// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

namespace scarp::nn {

/// Two ways to the same numbers, up to rounding.
enum class AttentionPath : std::uint8_t {
  explicit_formula,  ///< softmax(q k' / sqrt(d)) v as three operations
  fused,             ///< scaled_dot_product_attention
};

struct TransformerBlockOptions {
  std::int64_t width = 0;      ///< D; required, a multiple of `heads`
  std::int64_t heads = 0;      ///< required
  std::int64_t mlp_width = 0;  ///< of the hidden layer; 0: four times `width`
  double epsilon = 1e-6;       ///< of the layer norms
  double drop_path = 0;        ///< chance, in training, that a sample skips a branch; [0, 1)
  AttentionPath attention = AttentionPath::explicit_formula;
  void check() const;  ///< @throws std::invalid_argument naming the first field out of range
};

/// Tokens that lie side by side.
struct TokenRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// softmax(q k' / sqrt(d)) v. [B, heads, Q, d], [B, heads, T, d], [B, heads, T, d] -> [B, heads, Q, d]
torch::Tensor attention(const torch::Tensor& q,
                        const torch::Tensor& k,
                        const torch::Tensor& v,
                        AttentionPath path);

/// Multi-head self-attention with one linear layer for q, k, v, in this order, each split by head.
/// Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.
class SelfAttentionImpl : public torch::nn::Module {
 public:
  explicit SelfAttentionImpl(const TransformerBlockOptions& options);
  /// @param x [B, T, D]  @return [B, T, D]
  torch::Tensor forward(const torch::Tensor& x);
  /// The same of some tokens alone: all are looked at, the others get no answer. [B, count, D]
  torch::Tensor answer(const torch::Tensor& x, TokenRange asked);
  AttentionPath path;

 private:
  std::int64_t heads_;
  torch::nn::Linear qkv_{nullptr}, proj_{nullptr};
};
TORCH_MODULE(SelfAttention);

/// Linear, GELU (erf form), linear.
class PerceptronImpl : public torch::nn::Module {
 public:
  PerceptronImpl(std::int64_t width, std::int64_t hidden);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Linear fc1_{nullptr}, fc2_{nullptr};
};
TORCH_MODULE(Perceptron);

/// Pre-norm block: x + attention(norm1(x)), then x + perceptron(norm2(x)).
/// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, equations 2 and 3; drop path:
/// Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016, the kept ones scaled by 1 / (1 - chance).
class TransformerBlockImpl : public torch::nn::Module {
 public:
  explicit TransformerBlockImpl(const TransformerBlockOptions& options);

  /// @param x      [B, T, D]
  /// @param drops  generator, on the processor, of drop path; none: LibTorch's global one
  /// @return       [B, T, D]
  torch::Tensor forward(const torch::Tensor& x, const std::optional<at::Generator>& drops = std::nullopt);
  /// The same of some tokens alone, for a last block behind which the others are not read. [B, count, D]
  torch::Tensor answer(const torch::Tensor& x,
                       TokenRange asked,
                       const std::optional<at::Generator>& drops = std::nullopt);
  /// The attention branch alone: attention(norm1(x)).
  torch::Tensor attend(const torch::Tensor& x);
  void set_attention(AttentionPath path) { attn_->path = path; }

 private:
  torch::Tensor dropped(const torch::Tensor& branch, const std::optional<at::Generator>& drops) const;
  torch::Tensor joined(const torch::Tensor& x,
                       const torch::Tensor& attention,
                       const std::optional<at::Generator>& drops);

  double drop_path_;
  torch::nn::LayerNorm norm1_{nullptr}, norm2_{nullptr};
  SelfAttention attn_{nullptr};
  Perceptron mlp_{nullptr};
};
TORCH_MODULE(TransformerBlock);

/// Sets the path of attention of all blocks in a network.
void set_attention(torch::nn::Module& network, AttentionPath path);

/// Attention of one size, as a step computes it.
struct AttentionProbe {
  std::int64_t batch = 0, heads = 0, tokens = 0, head_width = 0;
  std::int64_t layers = 1;  ///< so often in a step
  bool training = true;     ///< with its gradient
};

/// The path whose fastest round takes the least time: both are timed a few times in turn, and the first round
/// of each, which warms up, does not count.
AttentionPath faster_attention(const std::function<double(AttentionPath)>& seconds_of_round);

/// The same, where a round is all attention of a step. Which path is faster differs between fp32 and bf16,
/// and with the number of tokens; what they hold does not matter.
/// @param type  of the arithmetic
AttentionPath choose_attention(const std::vector<AttentionProbe>& probes,
                               at::Device device,
                               at::ScalarType type);

}  // namespace scarp::nn
