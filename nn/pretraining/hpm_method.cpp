// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include <torch/torch.h>

#include "nn/pretraining/pretraining_method.h"
#include "nn/torch/hard_patches_mining.h"
#include "nn/training/parameter_average.h"
#include "nn/training/schedules.h"

namespace scarp::nn {
namespace {

constexpr std::int64_t kMinerStream = -11;

/// What the teacher says of whole images.
struct TeacherView {
  at::Tensor scores;    ///< [N, L]; undefined where masks are random
  at::Tensor features;  ///< [N, L, D]; undefined where pixels are the target
  at::Tensor seen;      ///< [N, L] bool, on the processor: patches that it saw
};

class HpmMethod final : public PretrainingMethod {
 public:
  HpmMethod(const BackboneCard& card, const PretrainOptions& resolved)
      : options_(resolved),
        student_(autoencoder_options(card, resolved)),
        teacher_(autoencoder_options(card, resolved)) {
    initialise(*student_, Initialisation::masked_autoencoder,
               stream_generator(resolved.seed, kMinerStream, 0));
    copy_state(*teacher_, *student_);
    for (auto& parameter : teacher_->parameters()) parameter.set_requires_grad(false);
    student_->train();
    teacher_->eval();
  }

  StepLoss loss(const std::vector<ViewBatch>& views, const StepPlace& at, at::Generator& noise) override {
    const auto images = views.front().all_channels();
    const auto whole = whole_patches_of(views.front().all_valid(), student_->options.patch);
    const TeacherView teacher = ask_teacher(images, whole, noise);
    std::int64_t hard = 0;
    const Masking masking = choose_hidden(whole, teacher.scores, at, noise, hard);
    const auto hidden = masking.hidden();
    at::Tensor targets;
    auto counted = whole.to(images.device()).gather(1, hidden);
    if (teacher.features.defined()) {
      targets = rows_at(teacher.features, hidden);
      counted = counted & teacher.seen.to(images.device()).gather(1, hidden);
    }
    const MiningLosses losses = student_->losses(images, masking, targets);
    const auto reconstruction = losses.patches.where(counted, 0).sum() / counted.sum().clamp_min(1);
    const auto predictor = options_.relative_loss ? relative_loss(losses.predicted, losses.patches, counted)
                                                  : absolute_loss(losses.predicted, losses.patches, counted);
    return {reconstruction + predictor,
            {{"reconstruction", reconstruction.detach()},
             {"predictor", predictor.detach()},
             {"pair_accuracy", pair_accuracy(losses.predicted, losses.patches, counted)},
             {"hard_share", torch::tensor(static_cast<double>(hard) / static_cast<double>(hidden.size(1)))}}};
  }

  void after_step(const StepPlace& at) override { average_parameters(*teacher_, *student_, decay(at)); }
  double learning_rate(const StepPlace& at) const override {
    const auto epochs = static_cast<double>(at.epochs);
    return warm_cosine(options_.learning_rate, 0, at.epoch_share, options_.warmup * epochs, epochs);
  }
  double weight_decay(const StepPlace&) const override { return options_.weight_decay; }
  std::vector<ParameterGroup> parameter_groups() override { return grouped_by_decay(*student_); }
  std::vector<std::pair<std::string, torch::nn::Module*>> networks() override {
    return {{"model.", student_.get()}, {"train.teacher.", teacher_.get()}};
  }
  std::vector<AttentionProbe> attention_probes() const override {
    const std::int64_t patches = student_->options.grid.patches();
    const auto decoder = student_->masked.decoder_block();
    return {encoder_probe(student_->options, options_.batch, kept_patches(patches, options_.mask_ratio)),
            decoder_probe(decoder, 2 * options_.decoder_depth, options_.batch, patches),
            encoder_probe(student_->options, options_.batch, patches, /*training=*/false),
            decoder_probe(decoder, options_.decoder_depth, options_.batch, patches, /*training=*/false)};
  }

 private:
  // The published constants are of epochs and of long runs; a short one must be able to forget its start.
  double decay(const StepPlace& at) const {
    if (options_.teacher_decay > 0) return options_.teacher_decay;
    const double horizon = std::max(2.0, static_cast<double>(at.steps) / 20);
    return std::min(teacher_decay(at.epoch_share), 1 - 1 / horizon);
  }

  TeacherView ask_teacher(const at::Tensor& images, const at::Tensor& whole, at::Generator& noise) {
    TeacherView view;
    const bool scored = options_.hpm_masks == HpmMasks::easy_to_hard;
    const bool featured = options_.hpm_targets == HpmTargets::features;
    if (!scored && !featured) return view;
    const torch::NoGradGuard no_grad;
    // all patches, or, where data are missing, as many as every image has
    Masking seen = random_masking(torch::rand(whole.sizes(), noise, torch::kFloat32), whole, 0);
    view.seen = seen.removed().logical_not();
    seen.order = seen.order.to(images.device());
    const auto latent = teacher_->encode(images, seen);
    if (scored) view.scores = teacher_->scores_of(latent, seen, teacher_->grid_of(images));
    if (!featured) return view;
    const auto patches = latent.narrow(1, 1, seen.kept).to(torch::kFloat32);
    view.features = torch::zeros({patches.size(0), whole.size(1), patches.size(2)}, patches.options());
    view.features.scatter_(1, seen.visible().unsqueeze(-1).expand_as(patches), patches);
    return view;
  }

  Masking choose_hidden(const at::Tensor& whole,
                        const at::Tensor& scores,
                        const StepPlace& at,
                        at::Generator& noise,
                        std::int64_t& hard) {
    const auto lots = torch::rand(whole.sizes(), noise, torch::kFloat32);
    Masking masking = random_masking(lots, whole, options_.mask_ratio);
    const std::int64_t kept = masking.kept, hidden = whole.size(1) - kept;
    const auto spare = whole.sum(1).min().item<std::int64_t>() - kept;  // hidden patches that hold data
    if (scores.defined())
      hard = std::min(spare, hard_patches(hidden, at.epoch, at.epochs, options_.hardest_share));
    const auto device = scores.defined() ? scores.device() : device_of_student();
    if (hard == 0) {
      masking.order = masking.order.to(device);
      return masking;
    }
    const auto there = whole.to(device);
    const auto ranked = scores.where(there, -std::numeric_limits<float>::infinity());
    const auto late = lots.to(device) + 4 * there.logical_not().to(torch::kFloat32);
    return hard_masking(late, hardest(ranked, hard), kept);
  }
  at::Device device_of_student() const { return student_->parameters().front().device(); }

  PretrainOptions options_;
  HardPatchesMiner student_, teacher_;
};

}  // namespace

std::unique_ptr<PretrainingMethod> make_hpm_method(const BackboneCard& card,
                                                   const PretrainOptions& resolved) {
  return std::make_unique<HpmMethod>(card, resolved);
}

}  // namespace scarp::nn
