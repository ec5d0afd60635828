// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>

#include "nn/io/tensor_file.h"
#include "nn/pretraining/window_batch.h"
#include "nn/torch/transformer_block.h"
#include "nn/training/adamw.h"

namespace scarp::nn {

/// Where in a run a step lies.
struct StepPlace {
  std::int64_t step = 0, steps = 0;    ///< from 0
  std::int64_t epoch = 0, epochs = 0;  ///< from 0
  double epoch_share = 0;              ///< epochs done, fractional
};

struct StepLoss {
  at::Tensor total;
  std::vector<std::pair<std::string, at::Tensor>> values;  ///< scalars for the log
};

/// What mae, hpm and msn have of their own: networks, the loss of a batch, what follows a step, rates.
class PretrainingMethod {
 public:
  virtual ~PretrainingMethod() = default;

  /// @param views  planes on the network's device, validity on the processor: masks wait for no GPU
  /// @param noise  generator of masks, on the processor
  virtual StepLoss loss(const std::vector<ViewBatch>& views, const StepPlace& at, at::Generator& noise) = 0;
  virtual void after_backward() {}
  virtual void after_step(const StepPlace&) {}
  virtual double learning_rate(const StepPlace& at) const = 0;
  virtual double weight_decay(const StepPlace&) const = 0;
  /// What is trained; 1-D weights and what the method says are not decayed.
  virtual std::vector<ParameterGroup> parameter_groups() = 0;
  /// Networks by the prefix of their names in a checkpoint: "model." is what is kept.
  virtual std::vector<std::pair<std::string, torch::nn::Module*>> networks() = 0;
  /// Tensors beside the networks, by their whole name.
  virtual std::vector<std::pair<std::string, at::Tensor>> loose() { return {}; }
  /// All attention of a step.
  virtual std::vector<AttentionProbe> attention_probes() const = 0;

  void to(at::Device device);
  void set_attention(AttentionPath path);
  void collect(NamedTensors& tensors);
  /// @throws Error (mismatch) naming a tensor that is missing or of another shape
  void restore(const NamedTensors& tensors, const std::string& path);

 protected:
  virtual void move_loose(at::Device) {}
};

/// @param resolved  options without rules left open
/// @param steps_a_pass  for schedules by epochs
std::unique_ptr<PretrainingMethod> make_method(const BackboneCard& card,
                                               const PretrainOptions& resolved,
                                               std::int64_t steps_a_pass);

std::unique_ptr<PretrainingMethod> make_mae_method(const BackboneCard& card, const PretrainOptions& resolved);
std::unique_ptr<PretrainingMethod> make_grouped_method(const BackboneCard& card,
                                                       const PretrainOptions& resolved);
std::unique_ptr<PretrainingMethod> make_hpm_method(const BackboneCard& card, const PretrainOptions& resolved);
std::unique_ptr<PretrainingMethod> make_msn_method(const BackboneCard& card,
                                                   const PretrainOptions& resolved,
                                                   std::int64_t steps_a_pass);

struct VisionTransformerOptions;
struct MaskedAutoencoderOptions;
struct GroupedAutoencoderOptions;

/// Network options of a card.
VisionTransformerOptions encoder_options(const BackboneCard& card);
MaskedAutoencoderOptions autoencoder_options(const BackboneCard& card, const PretrainOptions& resolved);
GroupedAutoencoderOptions grouped_options(const BackboneCard& card, const PretrainOptions& resolved);

/// Attention of a vision transformer, or of a decoder, over so many patches and the class token.
AttentionProbe encoder_probe(const VisionTransformerOptions& encoder,
                             std::int64_t images,
                             std::int64_t patches,
                             bool training = true);
AttentionProbe decoder_probe(const TransformerBlockOptions& block,
                             std::int64_t depth,
                             std::int64_t images,
                             std::int64_t patches,
                             bool training = true);

/// Generator on the processor for a stream of numbers of its own: those of a step, or, with a negative place,
/// those of the start.
at::Generator stream_generator(std::uint64_t seed, std::int64_t place, std::int64_t stream);

/// 1-D weights, and those whose name holds `never`, in the group that is not decayed; what is not trained is
/// left out.
std::vector<ParameterGroup> grouped_by_decay(torch::nn::Module& network, const std::string& never = {});

}  // namespace scarp::nn
