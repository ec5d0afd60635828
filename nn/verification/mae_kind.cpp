// SPDX-License-Identifier: Apache-2.0
#include "nn/verification/mae_kind.h"

#include <set>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/training/schedules.h"

namespace scarp::nn {

MaskedAutoencoderOptions autoencoder_options(const NamedTensors& weights,
                                             const GoldenCase& golden,
                                             const at::Tensor& images) {
  MaskedAutoencoderOptions options;
  const auto patch = weight_of(weights, "patch_embed.proj.weight", 4).size(2);
  options.encoder = trunk_options(weights, golden, grid_of_images(images, patch));
  options.decoder_width = weight_of(weights, "decoder_embed.weight", 2).size(0);
  options.decoder_depth = layers_of(weights, "decoder_blocks.");
  options.decoder_heads = golden.whole("dec_heads");
  options.decoder_mlp_width = weight_of(weights, "decoder_blocks.0.mlp.fc1.weight", 2).size(0);
  options.mask_ratio = golden.number("mask_ratio");
  options.normalise_targets = golden.flag("norm_pix", false);
  options.check();
  return options;
}

AdamW golden_optimiser(const GoldenCase& golden, const torch::nn::Module& network) {
  std::set<std::string> decayed;
  const bool listed = golden.config.contains("decay_names");
  if (listed) {
    for (const auto& name : golden.config["decay_names"]) decayed.insert(name.get<std::string>());
  }
  std::vector<ParameterGroup> groups(2);
  groups[1].decayed = false;
  for (const auto& item : network.named_parameters()) {
    if (!item.value().requires_grad()) continue;
    const bool decays = listed ? decayed.contains(item.key()) : item.value().dim() > 1;
    groups[decays ? 0 : 1].parameters.emplace_back(item.key(), item.value());
  }
  AdamW::Options options;
  const auto& betas = golden.config.at("betas");
  options.beta1 = betas.at(0).get<double>();
  options.beta2 = betas.at(1).get<double>();
  options.epsilon = golden.number("adam_eps");
  options.weight_decay = golden.number("weight_decay", 0);
  return {groups, options};
}

std::vector<double> autoencoder_rates(const GoldenCase& golden, std::int64_t steps) {
  std::vector<double> rates;
  const double an_epoch = golden.number("iters_per_epoch");
  for (std::int64_t step = 0; step < steps; ++step) {
    rates.push_back(warm_cosine(golden.number("lr"), golden.number("min_lr", 0),
                                static_cast<double>(step) / an_epoch, golden.number("warmup_epochs"),
                                golden.number("epochs")));
  }
  return rates;
}

void add_state(const torch::nn::Module& network,
               const std::string& prefix,
               const std::set<std::string>& left_out,
               Answers& answers) {
  const auto add = [&](const std::string& name, const at::Tensor& value) {
    auto counts = entries_with_gradient(name, value);
    if (left_out.contains(name)) counts.fill_(false);
    answers[prefix + "/" + name] = {value.detach().clone(), Measure::trajectory, false, counts};
  };
  for (const auto& item : network.named_parameters()) add(item.key(), item.value());
  for (const auto& item : network.named_buffers()) add(item.key(), item.value());
}

namespace {

MaskedAutoencoder golden_autoencoder(const GoldenCase& golden,
                                     const at::Tensor& images,
                                     at::ScalarType type) {
  const auto weights = golden.under("weights");
  MaskedAutoencoder network(autoencoder_options(weights, golden, images));
  load_exactly(*network, weights);
  network->to(type);
  return network;
}

bool is_autoencoder(const GoldenCase& golden) {
  return golden.has("in/noise") && golden.has("weights/decoder_pred.weight") &&
         !golden.has("weights/decoder_pred_losspred.weight");
}

Answers compute_autoencoder_steps(const GoldenCase& golden, at::ScalarType type) {
  const auto images = golden.get("in/imgs", type), noise = golden.get("in/noise");
  TORCH_CHECK(images.dim() == 5 && noise.dim() == 3, "in/imgs must be [S, N, C, H, W], in/noise [S, N, L]");
  auto network = golden_autoencoder(golden, images, type);
  AdamW optimiser = golden_optimiser(golden, *network);
  const std::int64_t steps = images.size(0);
  const auto rates = autoencoder_rates(golden, steps);
  std::vector<at::Tensor> losses;
  for (std::int64_t step = 0; step < steps; ++step) {
    optimiser.zero_gradients();
    const auto loss = network(images[step], random_masking(noise[step], network->masked.mask_ratio));
    loss.backward();
    optimiser.step(rates[static_cast<std::size_t>(step)]);
    losses.push_back(loss.detach());
  }
  Answers answers;
  answers["out/losses"] = {torch::stack(losses), Measure::trajectory};
  answers["out/lr"] = {torch::tensor(rates, torch::kFloat64), Measure::exact};
  add_state(*network, "out/final", {}, answers);
  return answers;
}

Answers compute_autoencoder(const GoldenCase& golden, at::ScalarType type) {
  if (golden.has_under("out/final")) return compute_autoencoder_steps(golden, type);
  const auto images = golden.get("in/imgs", type);
  auto network = golden_autoencoder(golden, images, type);
  const Masking masking = random_masking(golden.get("in/noise"), network->masked.mask_ratio);
  const auto loss = network(images, masking);
  loss.backward();
  Answers answers;
  add_gradients(*network, "grad", answers);
  const torch::NoGradGuard no_grad;
  const Reconstruction found = network->reconstruct(images, masking);
  answers["out/latent"] = {found.latent, Measure::forward};
  answers["out/pred"] = {found.patches, Measure::forward};
  answers["out/target_patches"] = {patches_of(images, network->options.patch, PatchOrder::channel_last),
                                   Measure::forward};
  answers["out/mask"] = {masking.removed(), Measure::exact};
  answers["out/ids_restore"] = {masking.restore(), Measure::exact};
  answers["out/loss"] = {loss.detach(), Measure::loss};
  return answers;
}

}  // namespace

GoldenKind mae_kind() {
  return {"mae", is_autoencoder, compute_autoencoder};
}

}  // namespace scarp::nn
