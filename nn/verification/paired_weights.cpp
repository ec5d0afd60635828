// SPDX-License-Identifier: Apache-2.0
#include "nn/verification/paired_weights.h"

#include <stdexcept>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/verification/comparison.h"
#include "nn/verification/mae_kind.h"

namespace scarp::nn {

namespace {

template <typename Network>
Network loaded(Network network, const NamedTensors& weights, at::ScalarType type) {
  load_exactly(*network, weights);
  network->to(type);
  network->eval();
  return network;
}

PatchGrid grid_for(const NamedTensors& weights, const at::Tensor& images) {
  return grid_of_images(images, weight_of(weights, "patch_embed.proj.weight", 4).size(2));
}

Answers compute_vitmae(const NamedTensors& weights, const GoldenCase& inputs, at::ScalarType type) {
  const auto images = inputs.get("in/pixel_values", type);
  auto network = loaded(MaskedAutoencoder(autoencoder_options(weights, inputs, images)), weights, type);
  const Masking masking = random_masking(inputs.get("in/noise"), network->masked.mask_ratio);
  const Reconstruction found = network->reconstruct(images, masking);
  Answers answers;
  answers["out/latent"] = {found.latent, Measure::forward};
  answers["out/logits"] = {found.patches, Measure::forward};
  answers["out/mask"] = {masking.removed(), Measure::exact};
  answers["out/ids_restore"] = {masking.restore(), Measure::exact};
  answers["out/loss"] = {network->hidden_losses(images, masking).mean(), Measure::loss};
  return answers;
}

Answers compute_vitmsn(const NamedTensors& weights, const GoldenCase& inputs, at::ScalarType type) {
  const auto images = inputs.get("in/pixel_values", type);
  auto options = trunk_options(weights, inputs, grid_for(weights, images));
  options.positions = PositionKind::learned;
  const bool classifies = weights.contains("head.weight");
  if (classifies) options.classes = weight_of(weights, "head.weight", 2).size(0);
  auto network = loaded(VisionTransformer(options), weights, type);
  Answers answers;
  answers["out/last_hidden_state"] = {network->forward_features(images), Measure::forward};
  if (classifies) answers["out/logits"] = {network->forward(images), Measure::forward};
  return answers;
}

Answers compute_timm(const NamedTensors& weights, const GoldenCase& inputs, at::ScalarType type) {
  const auto images = inputs.get("in/x", type);
  auto options = trunk_options(weights, inputs, grid_for(weights, images));
  options.positions = PositionKind::learned;
  options.pooling = inputs.config.value("global_pool", "token") == "avg" ? Pooling::mean : Pooling::token;
  options.classes = inputs.whole("num_classes");
  if (options.classes > 0 && weight_of(weights, "head.weight", 2).size(0) != options.classes)
    throw Error(Fault::mismatch, "head.weight has not one row a class");
  auto network = loaded(VisionTransformer(options), weights, type);
  const auto features = network->forward_features(images);
  Answers answers;
  answers["out/forward_features"] = {features, Measure::forward};
  answers["out/pooled"] = {network->pool(features), Measure::forward};
  answers["out/logits"] = {network->forward(images), Measure::forward};
  return answers;
}

Answers compute_paired(const NamedTensors& weights, const GoldenCase& inputs, at::ScalarType type) {
  const torch::NoGradGuard no_grad;
  if (inputs.has("in/x")) return compute_timm(weights, inputs, type);
  return inputs.has("in/noise") ? compute_vitmae(weights, inputs, type)
                                : compute_vitmsn(weights, inputs, type);
}

}  // namespace

bool is_weights_alone(const GoldenCase& golden) {
  if (golden.has_under("in") || golden.has_under("out")) return false;
  return (golden.has("cls_token") && golden.has("patch_embed.proj.weight")) ||
         golden.has("vit.embeddings.cls_token") || golden.has("embeddings.cls_token");
}

bool is_inputs_alone(const GoldenCase& golden) {
  if (golden.has_under("weights")) return false;
  const bool face =
      golden.has("in/pixel_values") && (golden.has("out/logits") || golden.has("out/last_hidden_state"));
  return face || (golden.has("in/x") && golden.has("out/forward_features"));
}

const char* paired_kind(const GoldenCase& inputs) {
  return inputs.has("in/x") ? "timm" : "hf";
}

std::optional<VerifiedFile> compare_paired(const GoldenCase& weights, const GoldenCase& inputs) {
  try {
    const NamedTensors native = native_weights(weights);
    return compare(inputs, paired_kind(inputs), compute_paired(native, inputs, torch::kFloat32),
                   compute_paired(native, inputs, torch::kFloat64));
  } catch (const Error&) {
    return std::nullopt;
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  } catch (const c10::Error&) {
    return std::nullopt;
  }
}

}  // namespace scarp::nn
