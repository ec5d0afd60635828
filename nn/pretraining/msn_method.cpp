// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "nn/pretraining/pretraining_method.h"
#include "nn/torch/masked_siamese.h"
#include "nn/torch/masking.h"
#include "nn/training/parameter_average.h"
#include "nn/training/schedules.h"

namespace scarp::nn {
namespace {

constexpr std::int64_t kSiameseStream = -12;

SiameseOptions siamese_options(const BackboneCard& card, const PretrainOptions& resolved) {
  SiameseOptions options;
  options.encoder = encoder_options(card);
  options.hidden = resolved.head_hidden;
  options.outputs = resolved.head_outputs;
  return options;
}

SiameseSchedules siamese_schedules(const PretrainOptions& resolved, std::int64_t steps_a_pass) {
  SiameseSchedules schedules;
  schedules.start_rate = resolved.learning_rate / 5;
  schedules.highest_rate = resolved.learning_rate;
  schedules.final_rate = resolved.learning_rate / 1000;
  schedules.first_decay = resolved.weight_decay;
  schedules.last_decay = 10 * resolved.weight_decay;
  schedules.first_sharpening = schedules.last_sharpening = resolved.sharpening;
  schedules.epochs = resolved.epochs;
  schedules.warmup = resolved.warmup * resolved.epochs;
  schedules.steps_an_epoch = steps_a_pass;
  return schedules;
}

/// Deviation of vectors of length 1 over the batch, times the root of their width: about 1 where they point
/// everywhere, 0 where all are alike.
at::Tensor spread_of(const at::Tensor& embeddings) {
  const auto unit = embeddings / embeddings.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
  return unit.var(0, /*unbiased=*/false).sum().sqrt();
}

class MsnMethod final : public PretrainingMethod {
 public:
  MsnMethod(const BackboneCard& card, const PretrainOptions& resolved, std::int64_t steps_a_pass)
      : options_(resolved),
        focal_side_(focal_side_of(card, resolved)),
        schedules_(siamese_schedules(resolved, steps_a_pass)),
        online_(siamese_options(card, resolved)),
        target_(siamese_options(card, resolved)) {
    auto random = stream_generator(resolved.seed, kSiameseStream, 0);
    initialise(*online_, Initialisation::siamese, random);
    copy_state(*target_, *online_);
    for (auto& parameter : target_->parameters()) parameter.set_requires_grad(false);
    const double reach = 1 / std::sqrt(static_cast<double>(resolved.head_outputs));
    prototypes_ = (2 * torch::rand({resolved.prototypes, resolved.head_outputs}, random) - 1) * reach;
    prototypes_.set_requires_grad(true);
    online_->train();
    target_->train();  // its batch norms take the batch's statistics, as published
  }

  StepLoss loss(const std::vector<ViewBatch>& views, const StepPlace& at, at::Generator& noise) override {
    SiameseLossOptions options;
    options.temperature = options_.temperature;
    options.sharpening = schedules_.sharpening(at.step);
    options.me_max_weight = options_.me_max_weight;
    options.sinkhorn_rounds = options_.sinkhorn_rounds;
    const auto first = views.begin() + 1, focal = first + options_.random_views;
    auto anchors = group(*online_, {first, focal}, options_.mask_ratio, noise);
    if (focal != views.end())
      anchors = torch::cat({anchors, group(*online_, {focal, views.end()}, 0, noise)});
    at::Tensor targets;
    {
      const torch::NoGradGuard no_grad;
      targets = group(*target_, {views.front()}, 0, noise);
    }
    const SiameseLoss loss = siamese_loss(anchors, targets, prototypes_, options);
    const double most = std::log(static_cast<double>(prototypes_.size(0)));
    const auto used = torch::bincount(loss.targets.argmax(1), {}, prototypes_.size(0)).count_nonzero();
    return {loss.total,
            {{"cross_entropy", loss.cross_entropy.detach()},
             {"me_max", loss.me_max.detach()},
             {"entropy", loss.entropy.detach()},
             {"mean_entropy", most - loss.me_max.detach()},
             {"spread", spread_of(targets.to(torch::kFloat32))},
             {"prototypes_used", used}}};
  }

  void after_backward() override { online_->clear_rounding_gradients(); }
  void after_step(const StepPlace& at) override {
    average_parameters(*target_, *online_, schedules_.momentum(at.step));
  }
  double learning_rate(const StepPlace& at) const override { return schedules_.learning_rate(at.step); }
  double weight_decay(const StepPlace& at) const override { return schedules_.weight_decay(at.step); }
  std::vector<ParameterGroup> parameter_groups() override {
    auto groups = grouped_by_decay(*online_, "bn");
    groups[1].parameters.emplace_back("prototypes", prototypes_);
    return groups;
  }
  std::vector<std::pair<std::string, torch::nn::Module*>> networks() override {
    return {{"model.", target_.get()}, {"train.model.", online_.get()}};
  }
  std::vector<std::pair<std::string, at::Tensor>> loose() override {
    return {{"model.prototypes", prototypes_}};
  }
  std::vector<AttentionProbe> attention_probes() const override {
    const VisionTransformerOptions& encoder = online_->options;
    const std::int64_t patches = encoder.grid.patches(), focal = focal_side_ / encoder.patch;
    std::vector<AttentionProbe> probes = {
        encoder_probe(encoder, options_.random_views * options_.batch,
                      kept_patches(patches, options_.mask_ratio)),
        encoder_probe(encoder, options_.batch, patches, /*training=*/false)};
    if (options_.focal_views > 0)
      probes.push_back(encoder_probe(encoder, options_.focal_views * options_.batch, focal * focal));
    return probes;
  }

 protected:
  void move_loose(at::Device device) override {
    prototypes_ = prototypes_.detach().to(device).set_requires_grad(true);
  }

 private:
  // Views of one size in one pass, view after view. The patches that stay are the same in all images, as
  // published; where data are missing, patches without go first.
  at::Tensor group(SiameseEncoderImpl& branch,
                   const std::vector<ViewBatch>& views,
                   double ratio,
                   at::Generator& noise) {
    std::vector<at::Tensor> images, whole;
    for (const ViewBatch& view : views) {
      images.push_back(view.all_channels());
      whole.push_back(whole_patches_of(view.all_valid(), branch.options.patch));
    }
    const auto all = torch::cat(images), there = torch::cat(whole);
    at::Tensor kept;
    const auto lots = torch::rand({1, there.size(1)}, noise, torch::kFloat32);
    if (!there.all().item<bool>()) {
      kept = random_masking(lots.expand_as(there), there, ratio).visible();
    } else if (ratio > 0) {
      kept = random_masking(lots, ratio).visible().squeeze(0);
    }
    if (kept.defined()) kept = kept.to(all.device());
    return branch.project(branch.class_token(all, kept));
  }

  PretrainOptions options_;
  int focal_side_;
  SiameseSchedules schedules_;
  SiameseEncoder online_, target_;
  at::Tensor prototypes_;
};

}  // namespace

std::unique_ptr<PretrainingMethod> make_msn_method(const BackboneCard& card,
                                                   const PretrainOptions& resolved,
                                                   std::int64_t steps_a_pass) {
  return std::make_unique<MsnMethod>(card, resolved, steps_a_pass);
}

}  // namespace scarp::nn
