// SPDX-License-Identifier: Apache-2.0
#include "nn/pretraining/backbone_weights.h"

#include <cstring>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/pretraining/channel_order.h"
#include "nn/pretraining/encoder_file.h"
#include "nn/weights/patch_projection.h"

namespace scarp::nn {
namespace {

ChannelInit init_of(ChannelMatch match) {
  if (match == ChannelMatch::repeat) return ChannelInit::repeat;
  return match == ChannelMatch::mean ? ChannelInit::mean : ChannelInit::zero;
}

at::Tensor adapted(const at::Tensor& projection, std::int64_t channels, ChannelInit init) {
  const auto row = projection.contiguous();
  WeightArray array{"F32", row.sizes().vec(), std::vector<std::byte>(row.nbytes())};
  std::memcpy(array.data.data(), row.const_data_ptr<float>(), row.nbytes());
  const WeightArray made = projection_for(array, static_cast<int>(channels), init);
  auto tensor = torch::empty(made.shape, torch::kFloat32);
  std::memcpy(tensor.mutable_data_ptr<float>(), made.data.data(), made.data.size());
  return tensor;
}

// A patch projection [D, C, p, p] as the model wants it.
at::Tensor projection_of(const at::Tensor& projection,
                         const std::vector<ChannelSpec>& wanted,
                         const std::vector<ChannelSpec>& known,
                         ChannelMatch match) {
  if (const auto order = order_by_name(wanted, known))
    return projection.index_select(1, torch::tensor(*order, torch::kLong));
  return adapted(projection, static_cast<std::int64_t>(wanted.size()), init_of(match));
}

// The norm behind the mean of a classifier is the last one that its tokens see.
void name_the_last_norm(EncoderFile& file) {
  if (!file.pools_mean) return;
  for (const char* part : {"weight", "bias"})
    file.weights[std::string("norm.") + part] = file.weights[std::string("fc_norm.") + part];
}

NamedTensors weights_for(EncoderFile file, const ModelCard& card, const DetectorBackbone& backbone) {
  const RoleChannels channels = channels_of_role(card, file.card, backbone.role);
  name_the_last_norm(file);
  NamedTensors weights;
  for (const auto& [name, tensor] : file.weights) {
    if (!name.starts_with("patch_embed.")) weights[name] = tensor;
  }
  for (std::size_t g = 0; g < channels.wanted.size(); ++g) {
    const std::string from =
        file.card.grouped
            ? "patch_embed." + std::to_string(channels.first_group + static_cast<std::int64_t>(g)) + ".proj."
            : "patch_embed.proj.";
    const std::string to =
        file.card.grouped ? "patch_embed." + std::to_string(g) + ".proj." : "patch_embed.proj.";
    const auto projection = file.weights.find(from + "weight"), bias = file.weights.find(from + "bias");
    if (projection == file.weights.end() || bias == file.weights.end() || projection->second.dim() != 4 ||
        projection->second.size(1) != static_cast<std::int64_t>(channels.known[g].size()))
      throw Error(Fault::mismatch,
                  backbone.path + ": the weights " + from +
                      "weight are missing or have another shape than the backbone's card says");
    weights[to + "weight"] =
        projection_of(projection->second, channels.wanted[g], channels.known[g], backbone.channels);
    weights[to + "bias"] = bias->second;
  }
  return weights;
}

}  // namespace

void load_backbone_weights(DualBranchNetworkImpl& network,
                           const ModelCard& card,
                           const BackboneOptions& options) {
  const auto pyramids = pyramids_of(network);
  for (const DetectorBackbone& backbone : options.files) {
    const auto pyramid = pyramids.find(to_string(backbone.role));
    if (pyramid == pyramids.end())
      throw Error(Fault::mismatch, "the network has no " + to_string(backbone.role) +
                                       " backbone that the weights of " + backbone.path + " could go to");
    set_encoder_weights(pyramid->second->trunk(), weights_for(read_encoder(backbone.path), card, backbone),
                        backbone.path);
  }
}

}  // namespace scarp::nn
