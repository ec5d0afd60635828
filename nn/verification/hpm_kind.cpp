// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include "nn/torch/hard_patches_mining.h"
#include "nn/training/parameter_average.h"
#include "nn/verification/mae_kind.h"

namespace scarp::nn {

namespace {

bool is_miner(const GoldenCase& golden) {
  return golden.has("weights/decoder_pred_losspred.weight");
}

bool is_relative(const GoldenCase& golden) {
  const auto name = golden.config.at("predictor_loss").get<std::string>();
  TORCH_CHECK(name == "relative" || name == "absolute", "predictor_loss must be relative or absolute, is ",
              name);
  return name == "relative";
}

HardPatchesMiner golden_miner(const GoldenCase& golden, const at::Tensor& images, at::ScalarType type) {
  const auto weights = golden.under("weights");
  HardPatchesMiner network(autoencoder_options(weights, golden, images));
  load_exactly(*network, weights);
  network->to(type);
  return network;
}

std::set<std::string> without_gradient(bool relative) {
  if (!relative) return {};
  return {"decoder_pred_losspred.bias", "decoder_norm_losspred.bias"};
}

at::Tensor predictor_loss(bool relative, const MiningLosses& losses) {
  return relative ? relative_loss(losses.predicted, losses.patches)
                  : absolute_loss(losses.predicted, losses.patches);
}

Answers compute_miner_steps(const GoldenCase& golden, at::ScalarType type) {
  const auto images = golden.get("in/imgs", type), noise = golden.get("in/noise");
  TORCH_CHECK(images.dim() == 5 && noise.dim() == 3, "in/imgs must be [S, N, C, H, W], in/noise [S, N, L]");
  auto student = golden_miner(golden, images, type), teacher = golden_miner(golden, images, type);
  AdamW optimiser = golden_optimiser(golden, *student);
  const bool relative = is_relative(golden);
  const std::int64_t steps = images.size(0), patches = noise.size(2);
  const std::int64_t kept = kept_patches(patches, student->masked.mask_ratio);
  const auto rates = autoencoder_rates(golden, steps);
  const auto decays = golden.config.at("ema_decay").get<std::vector<double>>();
  std::vector<at::Tensor> scores, masks, rec, pred;
  std::vector<std::int64_t> hard;
  for (std::int64_t step = 0; step < steps; ++step) {
    const auto epoch =
        static_cast<std::int64_t>(static_cast<double>(step) / golden.number("iters_per_epoch"));
    Masking masking;
    {
      const torch::NoGradGuard no_grad;
      scores.push_back(teacher->scores(images[step]));
      hard.push_back(hard_patches(patches - kept, epoch, golden.whole("epochs")));
      masking = hard_masking(noise[step], hardest(scores.back(), hard.back()), kept);
      masks.push_back(masking.removed());
    }
    optimiser.zero_gradients();
    const MiningLosses losses = student->losses(images[step], masking);
    const auto predictor = predictor_loss(relative, losses);
    (losses.reconstruction + predictor).backward();
    optimiser.step(rates[static_cast<std::size_t>(step)]);
    average_parameters(*teacher, *student, decays.at(static_cast<std::size_t>(step)));
    rec.push_back(losses.reconstruction.detach());
    pred.push_back(predictor.detach());
  }
  Answers answers;
  // where only their order is learnt, scores are fixed up to a constant
  answers["out/teacher_scores"] = {torch::stack(scores), Measure::trajectory, false, {}, relative};
  answers["out/masks"] = {torch::stack(masks), Measure::exact};
  answers["out/n_hard"] = {torch::tensor(hard), Measure::exact};
  answers["out/lr"] = {torch::tensor(rates, torch::kFloat64), Measure::exact};
  answers["out/decay"] = {torch::tensor(decays, torch::kFloat64), Measure::exact};
  answers["out/rec_loss"] = {torch::stack(rec), Measure::trajectory};
  answers[relative ? "out/relative_loss" : "out/absolute_loss"] = {torch::stack(pred), Measure::trajectory};
  add_state(*student, "out/student", without_gradient(relative), answers);
  add_state(*teacher, "out/ema", without_gradient(relative), answers);
  return answers;
}

Answers compute_miner(const GoldenCase& golden, at::ScalarType type) {
  if (golden.has_under("out/student")) return compute_miner_steps(golden, type);
  const auto images = golden.get("in/imgs", type), given = golden.get("in/mask");
  auto network = golden_miner(golden, images, type);
  TORCH_CHECK(given.dim() == 2 && given.size(0) > 0, "in/mask must be [N, L]");
  const auto removed = given != 0;  // true or false in whatever type
  TORCH_CHECK(removed.to(given.scalar_type()).equal(given), "in/mask holds other values than 0 and 1");
  const auto kept = removed.size(1) - removed[0].sum().item<std::int64_t>();
  TORCH_CHECK((removed.sum(1) == removed.size(1) - kept).all().item<bool>(),
              "rows of in/mask differ in count");
  const Masking masking = masking_of(removed, kept);
  const bool relative = is_relative(golden);
  const MiningLosses losses = network->losses(images, masking);
  const auto total = losses.reconstruction + predictor_loss(relative, losses);
  total.backward();
  Answers answers;
  add_gradients(*network, "grad", answers);
  for (const auto& name : without_gradient(relative)) mark_zero(answers, {"grad/" + name});
  const torch::NoGradGuard no_grad;
  const MinedForward found = network->predict(images, masking);
  answers["out/latent"] = {found.latent, Measure::forward};
  answers["out/pix_pred"] = {found.patches, Measure::forward};
  answers["out/loss_pred"] = {found.predicted, Measure::forward};
  answers["out/loss_matrix"] = {losses.patches.detach(), Measure::forward};
  answers["out/rec_loss"] = {losses.reconstruction.detach(), Measure::loss};
  answers["out/relative_loss"] = {relative_loss(losses.predicted, losses.patches), Measure::loss};
  answers["out/absolute_loss"] = {absolute_loss(losses.predicted, losses.patches), Measure::loss};
  answers["out/total"] = {total.detach(), Measure::loss};
  const auto whole = masking_of(torch::zeros_like(removed), removed.size(1));
  answers["out/teacher_scores"] = {network->scores(images), Measure::forward};
  answers["out/teacher_pix_pred"] = {network->predict(images, whole).patches, Measure::forward};
  return answers;
}

bool is_miner_part(const GoldenCase& golden) {
  const bool losses = golden.has("in/target") && golden.config.contains("log_eps");
  const bool masks = golden.has("in/scores") && golden.has("in/noise") && golden.has("in/epochs");
  const bool average = golden.has("in/student") && golden.has("in/decays");
  return losses || masks || average;
}

Answers compute_losses(const GoldenCase& golden, at::ScalarType type) {
  Answers answers;
  const auto targets = golden.get("in/target", type);
  answers["out/pairs"] = {(targets.unsqueeze(1) != targets.unsqueeze(2)).sum(), Measure::exact};
  for (const auto& [name, stored] : golden.under("in")) {
    if (!name.ends_with("/pred")) continue;
    const std::string which = name.substr(0, name.size() - std::string("/pred").size());
    const auto add = [&](const char* loss_name, auto&& loss_of) {
      auto predicted = stored.to(type).clone().requires_grad_();
      const auto loss = loss_of(predicted, targets, at::Tensor());
      loss.backward();
      answers["out/" + which + "/" + loss_name] = {loss.detach(), Measure::loss};
      answers["grad/" + which + "/" + loss_name] = {predicted.grad(), Measure::gradient};
    };
    add("relative", relative_loss);
    add("absolute", absolute_loss);
    answers["out/" + which + "/pair_accuracy"] = {pair_accuracy(stored.to(type), targets), Measure::exact};
  }
  return answers;
}

Answers compute_masks(const GoldenCase& golden) {
  const auto scores = golden.get("in/scores"), noise = golden.get("in/noise"),
             epochs = golden.get("in/epochs");
  TORCH_CHECK(scores.dim() == 2 && noise.sizes() == scores.sizes() && epochs.dim() == 1,
              "in/scores and in/noise must be [N, L], in/epochs [E]");
  const std::int64_t patches = noise.size(1), total = golden.whole("total_epochs");
  TORCH_CHECK(total >= 1 && total <= 100'000, "total_epochs is out of reason");
  const std::int64_t kept = kept_patches(patches, golden.number("mask_ratio")), removed = patches - kept;
  std::vector<at::Tensor> hard, masks;
  std::vector<std::int64_t> counts, every;
  std::vector<double> chances;
  for (std::int64_t epoch = 0; epoch < total; ++epoch) every.push_back(hard_patches(removed, epoch, total));
  for (std::int64_t i = 0; i < epochs.size(0); ++i) {
    counts.push_back(hard_patches(removed, epochs[i].item<std::int64_t>(), total));
    hard.push_back(hardest(scores, counts.back()));
    masks.push_back(hard_masking(noise, hard.back(), kept).removed());
    chances.push_back(static_cast<double>(removed - counts.back()) /
                      static_cast<double>(patches - counts.back()));
  }
  Answers answers;
  answers["out/hard"] = {torch::stack(hard), Measure::exact};
  answers["out/mask_from_noise"] = {torch::stack(masks), Measure::exact};
  answers["out/n_hard"] = {torch::tensor(counts), Measure::exact};
  answers["out/n_hard_every_epoch"] = {torch::tensor(every), Measure::exact};
  answers["out/probability_of_others"] = {torch::tensor(chances, torch::kFloat64), Measure::exact};
  return answers;
}

Answers compute_average(const GoldenCase& golden, at::ScalarType type) {
  struct One : torch::nn::Module {
    at::Tensor value;
    explicit One(const at::Tensor& start) { value = register_parameter("value", start.clone(), false); }
  };
  const auto students = golden.get("in/student", type), decays = golden.get("in/decays", torch::kFloat64);
  One teacher(students[0]);
  std::vector<at::Tensor> path = {students[0]};
  for (std::int64_t i = 0; i < decays.size(0); ++i) {
    average_parameters(teacher, One(students[i + 1]), decays[i].item<double>());
    path.push_back(teacher.value.clone());
  }
  std::vector<double> by_epoch;
  const auto epochs = golden.has("out64/decay_by_epoch") ? golden.get("out64/decay_by_epoch").numel() : 0;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch)
    by_epoch.push_back(teacher_decay(static_cast<double>(epoch)));
  Answers answers;
  answers["out/ema"] = {torch::stack(path), Measure::forward};
  answers["out/decay_by_epoch"] = {torch::tensor(by_epoch, torch::kFloat64), Measure::exact};
  return answers;
}

Answers compute_miner_part(const GoldenCase& golden, at::ScalarType type) {
  if (golden.has("in/target")) return compute_losses(golden, type);
  return golden.has("in/scores") ? compute_masks(golden) : compute_average(golden, type);
}

}  // namespace

GoldenKind hpm_kind() {
  return {"hpm", is_miner, compute_miner};
}

GoldenKind hpm_parts_kind() {
  return {"hpm", is_miner_part, compute_miner_part};
}

}  // namespace scarp::nn
