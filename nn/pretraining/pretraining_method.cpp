// SPDX-License-Identifier: Apache-2.0
#include "nn/pretraining/pretraining_method.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/torch/grouped_autoencoder.h"
#include "nn/torch/masked_autoencoder.h"

namespace scarp::nn {
namespace {

constexpr double kFloorWithoutMetres = 1e-4;

std::vector<std::pair<std::string, at::Tensor>> named_state(torch::nn::Module& network) {
  std::vector<std::pair<std::string, at::Tensor>> state;
  for (const auto& item : network.named_parameters()) state.emplace_back(item.key(), item.value());
  for (const auto& item : network.named_buffers()) state.emplace_back(item.key(), item.value());
  return state;
}

// The sensor's noise in normalised units, by the first terrain channel that is a height.
double terrain_floor(const BackboneCard& card, double noise_m) {
  for (const ChannelSpec& channel : card.terrain) {
    if (channel.unit != "m" && channel.unit != "px") continue;
    const double noise = channel.unit == "px" && card.gsd_max_m > 0 ? noise_m / card.gsd_max_m : noise_m;
    return std::max(1e-6, noise / channel.deviation * (noise / channel.deviation));
  }
  return kFloorWithoutMetres;
}

}  // namespace

void PretrainingMethod::to(at::Device device) {
  for (const auto& [prefix, network] : networks()) network->to(device);
  move_loose(device);
}

void PretrainingMethod::set_attention(AttentionPath path) {
  for (const auto& [prefix, network] : networks()) nn::set_attention(*network, path);
}

void PretrainingMethod::collect(NamedTensors& tensors) {
  for (const auto& [prefix, network] : networks())
    for (const auto& [name, tensor] : named_state(*network)) tensors[prefix + name] = tensor;
  for (const auto& [name, tensor] : loose()) tensors[name] = tensor;
}

void PretrainingMethod::restore(const NamedTensors& tensors, const std::string& path) {
  const torch::NoGradGuard no_grad;
  NamedTensors own;
  collect(own);
  for (auto& [name, tensor] : own) {
    const auto found = tensors.find(name);
    if (found == tensors.end() || found->second.sizes() != tensor.sizes()) {
      throw Error(Fault::mismatch, path + ": the weights " + name +
                                       " are missing or have another shape than the backbone's card says");
    }
    tensor.copy_(found->second);
  }
}

VisionTransformerOptions encoder_options(const BackboneCard& card) {
  VisionTransformerOptions options;
  options.channels = card.channels();
  options.patch = card.patch;
  options.grid = {card.side_px / card.patch, card.side_px / card.patch};
  options.width = card.width;
  options.depth = card.depth;
  options.heads = card.heads;
  options.positions = card.learned_positions ? PositionKind::learned : PositionKind::fixed;
  options.ground_ratio = card.ground_ratio;
  return options;
}

MaskedAutoencoderOptions autoencoder_options(const BackboneCard& card, const PretrainOptions& resolved) {
  MaskedAutoencoderOptions options;
  options.encoder = encoder_options(card);
  options.decoder_width = resolved.decoder_width;
  options.decoder_depth = resolved.decoder_depth;
  options.decoder_heads = resolved.decoder_heads;
  options.mask_ratio = resolved.mask_ratio;
  options.normalise_targets = resolved.normalise_targets;
  if (resolved.method == PretrainMethod::hpm && resolved.hpm_targets == HpmTargets::features)
    options.target_width = card.width;
  return options;
}

GroupedAutoencoderOptions grouped_options(const BackboneCard& card, const PretrainOptions& resolved) {
  GroupedAutoencoderOptions options;
  options.groups = {{"optical", static_cast<std::int64_t>(card.optical.size())},
                    {"terrain", static_cast<std::int64_t>(card.terrain.size()),
                     terrain_floor(card, resolved.terrain_noise_m)}};
  options.encoder = encoder_options(card);
  options.decoder_width = resolved.decoder_width;
  options.decoder_depth = resolved.decoder_depth;
  options.decoder_heads = resolved.decoder_heads;
  options.mask_ratio = resolved.mask_ratio;
  options.normalise_targets = resolved.normalise_targets;
  return options;
}

AttentionProbe encoder_probe(const VisionTransformerOptions& encoder,
                             std::int64_t images,
                             std::int64_t patches,
                             bool training) {
  return {images, encoder.heads, 1 + patches, encoder.width / encoder.heads, encoder.depth, training};
}

AttentionProbe decoder_probe(const TransformerBlockOptions& block,
                             std::int64_t depth,
                             std::int64_t images,
                             std::int64_t patches,
                             bool training) {
  return {images, block.heads, 1 + patches, block.width / block.heads, depth, training};
}

at::Generator stream_generator(std::uint64_t seed, std::int64_t place, std::int64_t stream) {
  std::mt19937_64 random = sample_generator(seed, place, stream);
  return at::make_generator<at::CPUGeneratorImpl>(random());
}

std::vector<ParameterGroup> grouped_by_decay(torch::nn::Module& network, const std::string& never) {
  std::vector<ParameterGroup> groups(2);
  groups[1].decayed = false;
  for (const auto& item : network.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    const bool spared =
        item.value().dim() <= 1 || (!never.empty() && item.key().find(never) != std::string::npos);
    groups[spared ? 1 : 0].parameters.emplace_back(item.key(), item.value());
  }
  return groups;
}

std::unique_ptr<PretrainingMethod> make_method(const BackboneCard& card,
                                               const PretrainOptions& resolved,
                                               std::int64_t steps_a_pass) {
  try {
    if (resolved.method == PretrainMethod::msn) return make_msn_method(card, resolved, steps_a_pass);
    if (resolved.method == PretrainMethod::hpm) return make_hpm_method(card, resolved);
    return card.grouped ? make_grouped_method(card, resolved) : make_mae_method(card, resolved);
  } catch (const std::invalid_argument& error) {
    throw Error(Fault::bad_argument, error.what());
  }
}

}  // namespace scarp::nn
