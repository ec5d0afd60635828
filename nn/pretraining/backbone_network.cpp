// SPDX-License-Identifier: Apache-2.0
#include "nn/pretraining/backbone_network.h"

#include <cmath>
#include <cstring>
#include <stdexcept>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/pretraining/pretraining_method.h"
#include "nn/torch/device.h"
#include "nn/torch/errors.h"
#include "nn/weight_summary.h"
#include "nn/weights/element_values.h"
#include "nn/weights/vit_layouts.h"
#include "nn/weights/vit_names.h"

namespace scarp::nn {
namespace {

// Nothing is turned here, so channels that cannot be turned are welcome.
PretrainOptions without_turns() {
  PretrainOptions options;
  options.flips = false;
  return options;
}

constexpr std::int64_t kHeadWidth = 64;  // of every published vision transformer

at::Tensor as_float_tensor(const WeightArray& array) {
  auto tensor = torch::empty(array.shape, torch::kFloat32);
  if (array.dtype == "F32") {
    if (tensor.numel() > 0)
      std::memcpy(tensor.mutable_data_ptr<float>(), array.data.data(), array.data.size());
    return tensor;
  }
  const std::vector<double> values = values_of(array.dtype, array.data);
  float* out = tensor.mutable_data_ptr<float>();
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = static_cast<float>(values[i]);
  return tensor;
}

bool of_the_encoder(const std::string& name, bool grouped) {
  if (grouped)
    return name.starts_with("patch_embed.") || name.starts_with("blocks.") || name == "cls_token" ||
           name.starts_with("norm.");
  const auto part = part_of(name);
  return part == VitPart::trunk || part == VitPart::norm || name.starts_with("fc_norm.");
}

BackboneCard assumed_card(const WeightFile& file) {
  const WeightSummary summary = summarise(file);
  if (!summary.vit) {
    throw Error(Fault::mismatch,
                file.path() +
                    " holds no vision transformer: give a backbone of scarp pretrain, or a file "
                    "that scarp model info tells a vit of");
  }
  const VitShape& shape = *summary.vit;
  const auto side =
      static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(shape.positions - 1))));
  if (shape.channels != 3 || side < 1 || side * side != shape.positions - 1) {
    throw Error(Fault::mismatch, file.path() + " does not say what its " + std::to_string(shape.channels) +
                                     " channels are, nor does it hold a square table of positions: only a "
                                     "backbone of scarp pretrain, or one of three channels, can be used");
  }
  BackboneCard card;
  card.name = summary.kind;
  card.method = summary.kind;
  card.description = "a file without a card: assumed are " + std::to_string(shape.width / kHeadWidth) +
                     " heads, and three channels of 0 to 255 with the statistics of ImageNet";
  card.width = shape.width;
  card.depth = shape.depth;
  card.heads = std::max<std::int64_t>(1, shape.width / kHeadWidth);
  card.patch = shape.patch;
  card.side_px = side * shape.patch;
  card.learned_positions = true;
  card.optical = {{"red", "digital number", 123.675, 58.395},
                  {"green", "digital number", 116.28, 57.12},
                  {"blue", "digital number", 103.53, 57.375}};
  return card;
}

BackboneCard card_of_file(const WeightFile& file) {
  return has_backbone_card(file) ? BackboneCard::from_json(file.notes().at(kBackboneKey))
                                 : assumed_card(file);
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
  const auto mask = [&](std::span<const std::uint8_t> values) {
    auto tensor = torch::zeros({1, rows, cols}, torch::kUInt8);
    if (static_cast<std::size_t>(tensor.numel()) == values.size())
      std::memcpy(tensor.mutable_data_ptr<std::uint8_t>(), values.data(), values.size());
    return tensor.to(torch::kBool);
  };
  return {planes(window.optical, card.optical.size()), planes(window.terrain, card.terrain.size()),
          mask(window.valid), mask(window.terrain_valid)};
}

std::vector<float> floats_of(const at::Tensor& x) {
  const auto flat = x.to(torch::kCPU, torch::kFloat32).contiguous();
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

class PlainBackbone final : public Backbone {
 public:
  PlainBackbone(const BackboneCard& card, VisionTransformer network, at::Device device, int threads)
      : card_(card),
        network_(std::move(network)),
        device_(device),
        threads_(threads),
        maker_(card, without_turns()) {
    network_->to(device_);
    network_->eval();
  }
  const BackboneCard& card() const override { return card_; }

  std::vector<WindowFeatures> features(std::span<const BackboneWindow> windows,
                                       std::int64_t rows,
                                       std::int64_t cols,
                                       Readout readout) const override {
    return with_our_errors("embedding", [&] { return all_features(windows, rows, cols, readout); });
  }

 private:
  std::vector<WindowFeatures> all_features(std::span<const BackboneWindow> windows,
                                           std::int64_t rows,
                                           std::int64_t cols,
                                           Readout readout) const {
    const torch::NoGradGuard no_grad;
    set_up_worker_thread(threads_);
    std::vector<WindowFeatures> result(windows.size());
    std::vector<at::Tensor> complete;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const ViewBatch view = maker_.normalised(view_of(windows[i], card_, rows, cols));
      const auto whole = whole_patches_of(view.all_valid(), card_.patch);
      result[i].whole = flags(whole);
      result[i].window.assign(static_cast<std::size_t>(card_.width), 0.0F);
      result[i].patches.assign(static_cast<std::size_t>(card_.width * whole.size(1)), 0.0F);
      if (whole.all().item<bool>()) {
        complete.push_back(view.all_channels());
        places.push_back(i);
      } else if (whole.any().item<bool>()) {
        take(tokens(view.all_channels(), whole[0].nonzero().squeeze(1)), whole, 0, readout, result[i]);
      }
    }
    if (complete.empty()) return result;
    const auto all = tokens(torch::cat(complete), {});
    const auto whole = torch::ones({1, (rows / card_.patch) * (cols / card_.patch)}, torch::kBool);
    for (std::size_t k = 0; k < places.size(); ++k)
      take(all, whole, static_cast<std::int64_t>(k), readout, result[places[k]]);
    return result;
  }

  struct Tokens {
    at::Tensor raw, normed;  // [N, 1 + K, D]
  };
  Tokens tokens(const at::Tensor& images, const at::Tensor& kept) const {
    const auto places = kept.defined() ? kept.to(device_) : kept;
    auto raw = network_.ptr()->run_blocks(network_.ptr()->embed(images.to(device_), places));
    return {raw, network_.ptr()->last_norm(raw)};
  }

  static std::vector<std::uint8_t> flags(const at::Tensor& whole) {
    const auto flat = whole.to(torch::kUInt8).contiguous();
    return {flat.const_data_ptr<std::uint8_t>(), flat.const_data_ptr<std::uint8_t>() + flat.numel()};
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
    auto all = torch::zeros({whole.size(1), normed.size(1)});
    all.index_put_({whole[0]}, patches);
    out.patches = floats_of(all);
  }

  BackboneCard card_;
  VisionTransformer network_;
  at::Device device_;
  int threads_;
  ViewMaker maker_;
};

/// Features of a place are the mean of what its groups say there.
class GroupedBackbone final : public Backbone {
 public:
  GroupedBackbone(const BackboneCard& card, GroupedAutoencoder network, at::Device device, int threads)
      : card_(card),
        network_(std::move(network)),
        device_(device),
        threads_(threads),
        maker_(card, without_turns()) {
    network_->to(device_);
    network_->eval();
  }
  const BackboneCard& card() const override { return card_; }

  std::vector<WindowFeatures> features(std::span<const BackboneWindow> windows,
                                       std::int64_t rows,
                                       std::int64_t cols,
                                       Readout readout) const override {
    return with_our_errors("embedding", [&] {
      const torch::NoGradGuard no_grad;
      set_up_worker_thread(threads_);
      std::vector<WindowFeatures> result;
      for (const BackboneWindow& window : windows)
        result.push_back(one(maker_.normalised(view_of(window, card_, rows, cols)), readout));
      return result;
    });
  }

 private:
  WindowFeatures one(const ViewBatch& view, Readout readout) const {
    auto* network = network_.ptr().get();
    const auto valid =
        torch::stack({network->whole_patches(view.valid), network->whole_patches(view.terrain_valid)}, 1);
    const auto any = valid.any(1).squeeze(0).to(torch::kUInt8).contiguous();
    WindowFeatures out;
    out.whole.assign(any.const_data_ptr<std::uint8_t>(), any.const_data_ptr<std::uint8_t>() + any.numel());
    out.window.assign(static_cast<std::size_t>(card_.width), 0.0F);
    out.patches.assign(static_cast<std::size_t>(card_.width * any.numel()), 0.0F);
    const auto usable = valid.flatten(1);
    const auto kept = usable.sum().item<std::int64_t>();
    if (kept == 0) return out;
    GroupedMasking masking{masking_of(usable.logical_not(), kept), valid};
    const auto places = masking.masking.visible()[0];
    masking.masking.order = masking.masking.order.to(device_);
    masking.valid = valid.to(device_);
    const auto tokens = network->encode({view.optical.to(device_), view.terrain.to(device_)}, masking)
                            .to(torch::kCPU, torch::kFloat32)[0];
    const auto patches = tokens.narrow(0, 1, kept);
    const std::int64_t cells = valid.size(2);
    auto sum = torch::zeros({cells, card_.width});
    sum.index_add_(0, places.remainder(cells), patches);
    out.patches = floats_of(sum / valid.sum(1)[0].clamp_min(1).unsqueeze(1));
    out.window = floats_of(readout == Readout::mean ? patches.mean(0) : tokens[0]);
    return out;
  }

  BackboneCard card_;
  GroupedAutoencoder network_;
  at::Device device_;
  int threads_;
  ViewMaker maker_;
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

void set_encoder_weights(torch::nn::Module& encoder, const NamedTensors& weights, const std::string& what) {
  const torch::NoGradGuard no_grad;
  for (auto& item : encoder.named_parameters()) {
    const std::string& name = item.key();
    const bool decoder = name.find("decoder") != std::string::npos || name == "mask_token";
    if (decoder || name.starts_with("head.")) continue;
    const auto found = weights.find(name);
    if (found == weights.end() || found->second.sizes() != item.value().sizes()) {
      throw Error(Fault::mismatch, what + ": the weights " + name +
                                       " are missing or have another shape than the backbone's card says");
    }
    item.value().copy_(found->second);
  }
}

BackboneCard backbone_card_of(const std::string& path) {
  return card_of_file(WeightFile(path));
}

EncoderFile read_encoder(const std::string& path) {
  const WeightFile file(path);
  EncoderFile result;
  result.card = card_of_file(file);
  ConversionReport report;
  WeightMap weights = load_state_dict(file, choose_state_dict(file));
  if (!result.card.grouped) weights = to_native(std::move(weights), report);
  for (const auto& [name, array] : weights) {
    if (!of_the_encoder(name, result.card.grouped)) continue;
    result.weights[name] = as_float_tensor(array);
    if (!result.weights[name].isfinite().all().item<bool>())
      throw Error(Fault::not_finite, path + ": the weights " + name + " hold values that are not numbers");
  }
  result.pools_mean = result.weights.contains("fc_norm.weight");
  return result;
}

VisionTransformer make_encoder(const EncoderFile& file, std::int64_t classes, double drop_path) {
  VisionTransformerOptions options = encoder_options(file.card);
  options.classes = classes;
  options.drop_path = drop_path;
  if (file.pools_mean) options.pooling = Pooling::mean;
  VisionTransformer network(options);
  set_encoder_weights(*network, file.weights, file.card.name);
  return network;
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
