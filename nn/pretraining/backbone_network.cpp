// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include <torch/torch.h>

#include "nn/backbone.h"
#include "nn/error.h"
#include "nn/pretraining/encoder_file.h"
#include "nn/pretraining/pretraining_method.h"
#include "nn/pretraining/window_batch.h"
#include "nn/torch/device.h"
#include "nn/torch/errors.h"
#include "nn/torch/grouped_autoencoder.h"

namespace scarp::nn {
namespace {

// Nothing is turned here, so channels that cannot be turned are welcome.
PretrainOptions without_turns() {
  PretrainOptions options;
  options.flips = false;
  return options;
}

/// A window as a batch of one, in source units.
ViewBatch view_of(const BackboneWindow& window,
                  const BackboneCard& card,
                  std::int64_t rows,
                  std::int64_t cols) {
  const auto planes = [&](std::span<const float> values, std::size_t channels) {
    auto tensor = torch::zeros({1, static_cast<std::int64_t>(channels), rows, cols});
    if (static_cast<std::size_t>(tensor.numel()) != values.size())
      throw Error(Fault::bad_argument, "a window has other channels or another size than the backbone wants");
    if (!values.empty()) std::memcpy(tensor.mutable_data_ptr<float>(), values.data(), values.size_bytes());
    return tensor;
  };
  const auto mask = [&](std::span<const std::uint8_t> values, std::size_t channels) {
    auto tensor = torch::zeros({1, rows, cols}, torch::kUInt8);
    if (values.empty() && channels == 0) return tensor.to(torch::kBool);
    if (static_cast<std::size_t>(tensor.numel()) != values.size())
      throw Error(Fault::bad_argument, "the mask of a window has another size than its planes");
    std::memcpy(tensor.mutable_data_ptr<std::uint8_t>(), values.data(), values.size());
    return tensor.to(torch::kBool);
  };
  return {planes(window.optical, card.optical.size()), planes(window.terrain, card.terrain.size()),
          mask(window.valid, card.optical.size()), mask(window.terrain_valid, card.terrain.size())};
}

std::vector<float> floats_of(const at::Tensor& x) {
  const auto flat = x.to(torch::kCPU, torch::kFloat32).contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

/// What all backbones do before and after their network: windows become tensors, patches that are not whole
/// are left out.
class LoadedBackbone : public Backbone {
 public:
  LoadedBackbone(const BackboneCard& card, torch::nn::Module& network, at::Device device, int threads)
      : card_(card), device_(device), threads_(threads), maker_(card, without_turns()) {
    network.to(device);
    network.eval();
  }
  const BackboneCard& card() const override { return card_; }

  std::vector<WindowFeatures> features(std::span<const BackboneWindow> windows,
                                       std::int64_t rows,
                                       std::int64_t cols,
                                       Readout readout) const override {
    return with_our_errors("embedding", [&] {
      const torch::NoGradGuard no_grad;
      set_up_worker_thread(threads_);
      std::vector<ViewBatch> views;
      for (const BackboneWindow& window : windows)
        views.push_back(maker_.normalised(view_of(window, card_, rows, cols)));
      return features_of(views, readout);
    });
  }

 protected:
  virtual std::vector<WindowFeatures> features_of(const std::vector<ViewBatch>& views,
                                                  Readout readout) const = 0;

  at::Device device() const { return device_; }
  std::int64_t width() const { return card_.width; }
  std::int64_t patch() const { return card_.patch; }
  /// Zeros, for a window of which nothing is known yet.
  /// @param whole  [patches] bool
  WindowFeatures nothing_known(const at::Tensor& whole) const {
    const auto flat = whole.to(torch::kUInt8).contiguous();
    WindowFeatures none;
    none.whole.assign(flat.const_data_ptr<std::uint8_t>(),
                      flat.const_data_ptr<std::uint8_t>() + flat.numel());
    none.window.assign(static_cast<std::size_t>(card_.width), 0.0F);
    none.patches.assign(static_cast<std::size_t>(card_.width * flat.numel()), 0.0F);
    return none;
  }

 private:
  BackboneCard card_;
  at::Device device_;
  int threads_;
  ViewMaker maker_;
};

class PlainBackbone final : public LoadedBackbone {
 public:
  PlainBackbone(const BackboneCard& card, VisionTransformer network, at::Device device, int threads)
      : LoadedBackbone(card, *network, device, threads), network_(std::move(network)) {}

 private:
  // Complete windows go through the network together; of others only the whole patches, one by one.
  std::vector<WindowFeatures> features_of(const std::vector<ViewBatch>& views,
                                          Readout readout) const override {
    std::vector<WindowFeatures> result;
    std::vector<at::Tensor> complete;
    std::vector<std::size_t> places;
    at::Tensor all_whole;
    for (const ViewBatch& view : views) {
      const auto whole = whole_patches_of(view.all_valid(), patch())[0];
      result.push_back(nothing_known(whole));
      if (whole.all().item<bool>()) {
        complete.push_back(view.all_channels());
        places.push_back(result.size() - 1);
        all_whole = whole;
      } else if (whole.any().item<bool>()) {
        const Tokens found = tokens(view.all_channels(), whole.nonzero().squeeze(1));
        take(found, whole, 0, readout, result.back());
      }
    }
    if (complete.empty()) return result;
    const Tokens found = tokens(torch::cat(complete), {});
    for (std::size_t k = 0; k < places.size(); ++k)
      take(found, all_whole, static_cast<std::int64_t>(k), readout, result[places[k]]);
    return result;
  }

  struct Tokens {
    at::Tensor raw, normed;  // [N, 1 + K, D]
  };
  Tokens tokens(const at::Tensor& images, const at::Tensor& kept) const {
    const auto places = kept.defined() ? kept.to(device()) : kept;
    auto raw = network_.ptr()->run_blocks(network_.ptr()->embed(images.to(device()), places));
    return {raw, network_.ptr()->last_norm(raw)};
  }

  static void take(const Tokens& tokens,
                   const at::Tensor& whole,
                   std::int64_t row,
                   Readout readout,
                   WindowFeatures& out) {
    const auto normed = tokens.normed[row], raw = tokens.raw[row];
    const auto patches = normed.narrow(0, 1, normed.size(0) - 1).to(torch::kCPU, torch::kFloat32);
    if (readout == Readout::mean) out.window = floats_of(patches.mean(0));
    if (readout == Readout::token) out.window = floats_of(normed[0]);
    if (readout == Readout::raw_token) out.window = floats_of(raw[0]);
    auto all = torch::zeros({whole.size(0), normed.size(1)});
    all.index_put_({whole}, patches);
    out.patches = floats_of(all);
  }

  VisionTransformer network_;
};

/// Features of a place are the mean of what its groups say there.
class GroupedBackbone final : public LoadedBackbone {
 public:
  GroupedBackbone(const BackboneCard& card, GroupedAutoencoder network, at::Device device, int threads)
      : LoadedBackbone(card, *network, device, threads), network_(std::move(network)) {}

 private:
  std::vector<WindowFeatures> features_of(const std::vector<ViewBatch>& views,
                                          Readout readout) const override {
    std::vector<WindowFeatures> result;
    for (const ViewBatch& view : views) result.push_back(features_of(view, readout));
    return result;
  }

  WindowFeatures features_of(const ViewBatch& view, Readout readout) const {
    auto* network = network_.ptr().get();
    const auto valid =
        torch::stack({network->whole_patches(view.valid), network->whole_patches(view.terrain_valid)}, 1);
    WindowFeatures out = nothing_known(valid.any(1).squeeze(0));
    const auto usable = valid.flatten(1);
    const auto kept = usable.sum().item<std::int64_t>();
    if (kept == 0) return out;
    GroupedMasking masking{masking_of(usable.logical_not(), kept), valid};
    const auto places = masking.masking.visible()[0];
    masking.masking.order = masking.masking.order.to(device());
    masking.valid = valid.to(device());
    const auto tokens = network->encode({view.optical.to(device()), view.terrain.to(device())}, masking)
                            .to(torch::kCPU, torch::kFloat32)[0];
    const auto patches = tokens.narrow(0, 1, kept);
    const std::int64_t cells = valid.size(2);
    auto sum = torch::zeros({cells, width()});
    sum.index_add_(0, places.remainder(cells), patches);
    out.patches = floats_of(sum / valid.sum(1)[0].clamp_min(1).unsqueeze(1));
    out.window = floats_of(readout == Readout::mean ? patches.mean(0) : tokens[0]);
    return out;
  }

  GroupedAutoencoder network_;
};

GroupedAutoencoder grouped_network(const BackboneCard& card) {
  PretrainOptions options;
  options.decoder_width = 16;  // encoding needs none, but the network has one
  options.decoder_depth = 1;
  options.decoder_heads = 1;
  return GroupedAutoencoder(grouped_options(card, options));
}

}  // namespace

Readout readout_for(const std::string& method) {
  if (method == "msn") return Readout::raw_token;
  return method == "mae" || method == "hpm" ? Readout::mean : Readout::token;
}

std::unique_ptr<Backbone> load_backbone(const std::string& path, const std::string& device, int threads) {
  return with_our_errors("opening " + path, [&]() -> std::unique_ptr<Backbone> {
    const EncoderFile file = read_encoder(path);
    const at::Device where = choose_device(device);
    if (!file.card.grouped)
      return std::make_unique<PlainBackbone>(file.card, make_encoder(file), where, threads);
    GroupedAutoencoder network = grouped_network(file.card);
    set_encoder_weights(*network, file.weights, path);
    return std::make_unique<GroupedBackbone>(file.card, network, where, threads);
  });
}

std::unique_ptr<Backbone> untrained_backbone(const BackboneCard& card,
                                             std::uint64_t seed,
                                             const std::string& device,
                                             int threads) {
  const at::Device where = choose_device(device);
  const auto kind = card.method == "msn" ? Initialisation::siamese : Initialisation::masked_autoencoder;
  const auto random = stream_generator(seed, -1, -40);
  if (card.grouped) {
    GroupedAutoencoder network = grouped_network(card);
    initialise(*network, kind, random);
    return std::make_unique<GroupedBackbone>(card, network, where, threads);
  }
  VisionTransformer network(encoder_options(card));
  initialise(*network, kind, random);
  return std::make_unique<PlainBackbone>(card, network, where, threads);
}

}  // namespace scarp::nn
