// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include "nn/pretraining/pretraining_method.h"
#include "nn/torch/grouped_autoencoder.h"
#include "nn/torch/masked_autoencoder.h"
#include "nn/training/schedules.h"

namespace scarp::nn {
namespace {

constexpr std::int64_t kStartStream = -10;  // streams of one seed that never meet

/// The rates that mae of one and of two groups share (He et al., CVPR 2022, appendix A.1).
class AutoencoderMethod : public PretrainingMethod {
 public:
  explicit AutoencoderMethod(const PretrainOptions& resolved) : options_(resolved) {}
  double learning_rate(const StepPlace& at) const override {
    const auto epochs = static_cast<double>(at.epochs);
    return warm_cosine(options_.learning_rate, 0, at.epoch_share, options_.warmup * epochs, epochs);
  }
  double weight_decay(const StepPlace&) const override { return options_.weight_decay; }

 protected:
  PretrainOptions options_;
};

class MaeMethod final : public AutoencoderMethod {
 public:
  MaeMethod(const BackboneCard& card, const PretrainOptions& resolved)
      : AutoencoderMethod(resolved), network_(autoencoder_options(card, resolved)) {
    initialise(*network_, Initialisation::masked_autoencoder,
               stream_generator(resolved.seed, kStartStream, 0));
    network_->train();
  }

  StepLoss loss(const std::vector<ViewBatch>& views, const StepPlace&, at::Generator& noise) override {
    const ViewBatch& view = views.front();
    const auto images = view.all_channels();
    const auto whole = whole_patches_of(view.all_valid(), network_->options.patch);
    Masking masking =
        random_masking(torch::rand(whole.sizes(), noise, torch::kFloat32), whole, options_.mask_ratio);
    const auto counted = whole.gather(1, masking.hidden()).to(images.device());
    masking.order = masking.order.to(images.device());
    const auto each = network_->hidden_losses(images, masking);
    const auto total = each.where(counted, 0).sum() / counted.sum().clamp_min(1);
    return {total, {}};
  }
  std::vector<ParameterGroup> parameter_groups() override { return grouped_by_decay(*network_); }
  std::vector<std::pair<std::string, torch::nn::Module*>> networks() override {
    return {{"model.", network_.get()}};
  }
  std::vector<AttentionProbe> attention_probes() const override {
    const std::int64_t patches = network_->options.grid.patches();
    return {encoder_probe(network_->options, options_.batch, kept_patches(patches, options_.mask_ratio)),
            decoder_probe(network_->masked.decoder_block(), options_.decoder_depth, options_.batch, patches)};
  }

 private:
  MaskedAutoencoder network_;
};

class GroupedMethod final : public AutoencoderMethod {
 public:
  GroupedMethod(const BackboneCard& card, const PretrainOptions& resolved)
      : AutoencoderMethod(resolved), network_(grouped_options(card, resolved)) {
    initialise(*network_, Initialisation::masked_autoencoder,
               stream_generator(resolved.seed, kStartStream, 0));
    network_->train();
  }

  StepLoss loss(const std::vector<ViewBatch>& views, const StepPlace&, at::Generator& noise) override {
    const ViewBatch& view = views.front();
    const auto valid =
        torch::stack({network_->whole_patches(view.valid), network_->whole_patches(view.terrain_valid)}, 1);
    const auto lots = torch::rand({valid.size(0), 2}, noise, torch::kFloat32);
    const auto which = (lots.select(1, 1) < 0.5).to(torch::kLong);
    const auto chosen = torch::one_hot(which, 2).to(torch::kBool);
    const auto dropped = chosen & (lots.narrow(1, 0, 1) < options_.drop_modality);
    const auto order_noise = torch::rand({valid.size(0), 2 * valid.size(2)}, noise, torch::kFloat32);
    GroupedMasking masking = network_->mask(order_noise, valid, dropped);
    masking.masking.order = masking.masking.order.to(view.optical.device());
    masking.valid = masking.valid.to(view.optical.device());
    const GroupedLoss loss = network_->forward({view.optical, view.terrain}, masking);
    return {loss.total, {{"optical", loss.groups[0].detach()}, {"terrain", loss.groups[1].detach()}}};
  }
  std::vector<ParameterGroup> parameter_groups() override { return grouped_by_decay(*network_); }
  std::vector<std::pair<std::string, torch::nn::Module*>> networks() override {
    return {{"model.", network_.get()}};
  }
  std::vector<AttentionProbe> attention_probes() const override {
    const VisionTransformerOptions& encoder = network_->options.encoder;
    const std::int64_t patches = 2 * encoder.grid.patches();
    TransformerBlockOptions decoder;
    decoder.width = options_.decoder_width;
    decoder.heads = options_.decoder_heads;
    return {encoder_probe(encoder, options_.batch, kept_patches(patches, options_.mask_ratio)),
            decoder_probe(decoder, options_.decoder_depth, options_.batch, patches)};
  }

 private:
  GroupedAutoencoder network_;
};

}  // namespace

std::unique_ptr<PretrainingMethod> make_mae_method(const BackboneCard& card,
                                                   const PretrainOptions& resolved) {
  return std::make_unique<MaeMethod>(card, resolved);
}

std::unique_ptr<PretrainingMethod> make_grouped_method(const BackboneCard& card,
                                                       const PretrainOptions& resolved) {
  return std::make_unique<GroupedMethod>(card, resolved);
}

}  // namespace scarp::nn
