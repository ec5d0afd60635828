// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/dual_branch_network.h"

#include <algorithm>
#include <cmath>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include "nn/torch/folding.h"
#include "nn/torch/resampling.h"
#include "nn/torch/residual_block.h"

namespace scarp::nn {
namespace {

constexpr int kDeepestStride = 32;
constexpr int kFirstHighStride = 16;

torch::nn::ReLU in_place() {
  return torch::nn::ReLU(torch::nn::ReLUOptions(true));
}

// Drops whole channels (Tompson et al., CVPR 2015). Drawn on the processor: a run does not depend on the
// device.
torch::Tensor drop_channels(const torch::Tensor& x,
                            double share,
                            const std::optional<at::Generator>& generator) {
  const auto kept =
      torch::empty({x.size(0), x.size(1), 1, 1}).bernoulli_(1 - share, generator).div_(1 - share);
  return x * kept.to(x.device(), x.scalar_type(), /*non_blocking=*/true);
}

torch::nn::Sequential doubling(std::int64_t in, std::int64_t out) {
  return torch::nn::Sequential(
      torch::nn::ConvTranspose2d(torch::nn::ConvTranspose2dOptions(in, out, 2).stride(2).bias(false)),
      torch::nn::BatchNorm2d(out), in_place());
}

torch::nn::Sequential convolution(std::int64_t in, std::int64_t out, int kernel) {
  return torch::nn::Sequential(plain_convolution(in, out, kernel), torch::nn::BatchNorm2d(out), in_place());
}

}  // namespace

FeatureFusionImpl::FeatureFusionImpl(std::int64_t channels, bool attention, std::int64_t reduction) {
  if (attention)
    attention_ = register_module("attention",
                                 CoordinateAttention(CoordinateAttentionOptions{2 * channels, reduction}));
  mix_ = register_module("mix", convolution(2 * channels, channels, 1));
}

torch::Tensor FeatureFusionImpl::forward(const torch::Tensor& optical, const torch::Tensor& terrain) {
  auto both = torch::cat({optical, terrain}, 1);  // [B, 2C, h, w]
  if (!attention_.is_empty()) both = attention_(both);
  return mix_->forward(both);  // [B, C, h, w]
}

torch::Tensor FeatureFusionImpl::attention(const torch::Tensor& optical, const torch::Tensor& terrain) {
  if (attention_.is_empty()) return {};
  const auto gates = attention_->gates(torch::cat({optical, terrain}, 1));
  return (gates.rows * gates.cols).mean(1, /*keepdim=*/true);
}

void FeatureFusionImpl::fold_norms() {
  if (!attention_.is_empty()) attention_->fold_norms();
  fold(mix_);
}

DecoderStepImpl::DecoderStepImpl(std::int64_t in, std::int64_t skip, std::int64_t out) {
  up_ = register_module("up", doubling(in, out));
  mix_ = register_module("mix", convolution(out + skip, out, 3));
}

torch::Tensor DecoderStepImpl::forward(const torch::Tensor& x, const torch::Tensor& skip) {
  return mix_->forward(torch::cat({up_->forward(x), skip}, 1));
}

void DecoderStepImpl::fold_norms() {
  fold(up_);
  fold(mix_);
}

DualBranchNetworkImpl::DualBranchNetworkImpl(const NetworkOptions& given,
                                             std::int64_t optical_planes,
                                             std::int64_t terrain_planes,
                                             std::int64_t classes)
    : options(given), optical_planes_(optical_planes), terrain_planes_(terrain_planes) {
  options.check();
  TORCH_CHECK(optical_planes > 0 || terrain_planes > 0,
              "DualBranchNetwork: neither optical nor terrain planes");
  add_encoders();
  const auto channels = encoder().channels();
  std::int64_t in = channels.back();
  for (std::size_t level = channels.size() - 1; level-- > 0;) {
    const std::int64_t out = scaled_channels(32LL << level, options.width);  // 256, 128, 64, 32 at width 1
    steps_.push_back(
        register_module("decoder" + std::to_string(2 << level), DecoderStep(in, channels[level], out)));
    in = out;
  }
  const std::int64_t last = scaled_channels(16, options.width);
  last_up_ = register_module("decoder1", doubling(in, last));
  head_ = register_module("head", torch::nn::Conv2d(torch::nn::Conv2dOptions(last, classes, 1)));
}

void DualBranchNetworkImpl::add_encoders() {
  const auto encoder_of = [&](const std::optional<BackboneShape>& backbone, std::int64_t planes,
                              const PyramidPlanes& seen) -> std::shared_ptr<FeatureEncoder> {
    if (backbone)
      return std::make_shared<TransformerPyramidImpl>(*backbone, seen, options.encoder, options.width);
    return std::make_shared<ResidualEncoderImpl>(options.encoder, options.width, planes);
  };
  // the last plane of each branch is its validity
  const PlaneRange image = {0, optical_planes_ - 1}, terrain = {0, terrain_planes_ - 1};
  if (optical_planes_ > 0 && terrain_planes_ > 0 && options.fusion == Fusion::early) {
    const PyramidPlanes both = {{image, {optical_planes_, terrain_planes_ - 1}}, 0};
    joint_ =
        register_module("joint", encoder_of(options.joint_backbone, optical_planes_ + terrain_planes_, both));
    return;
  }
  if (optical_planes_ > 0)
    optical_ =
        register_module("optical", encoder_of(options.optical_backbone, optical_planes_, {{image}, 0}));
  if (terrain_planes_ > 0)
    terrain_ =
        register_module("terrain", encoder_of(options.terrain_backbone, terrain_planes_, {{terrain}, 1}));
  if (optical_ && terrain_) add_fusions();
}

const FeatureEncoder& DualBranchNetworkImpl::encoder() const {
  if (joint_) return *joint_;
  return optical_ ? *optical_ : *terrain_;
}

const std::vector<std::int64_t>& DualBranchNetworkImpl::feature_channels() const {
  return encoder().channels();
}

void DualBranchNetworkImpl::add_fusions() {
  const auto channels = optical_->channels();
  for (std::size_t level = 0; level < channels.size(); ++level) {
    const int stride = 2 << level;
    fusions_.emplace_back(nullptr);
    if (options.fusion == Fusion::high_levels && stride < kFirstHighStride) continue;
    const bool attention =
        std::count(options.fusion_strides.begin(), options.fusion_strides.end(), stride) > 0;
    fusions_.back() = register_module("fusion" + std::to_string(stride),
                                      FeatureFusion(channels[level], attention, options.attention_reduction));
  }
}

// Of the levels from `first` on: the encoders need those below, what they fuse to nobody.
std::vector<torch::Tensor> DualBranchNetworkImpl::fuse(const std::vector<torch::Tensor>& optical,
                                                       const std::vector<torch::Tensor>& terrain,
                                                       std::size_t first) {
  std::vector<torch::Tensor> fused;
  for (std::size_t level = first; level < optical.size(); ++level) {
    auto& fusion = fusions_[level];
    fused.push_back(fusion.is_empty() ? optical[level] : fusion->forward(optical[level], terrain[level]));
  }
  return fused;
}

// Shrunk first, so that only a quarter is brought to the layout and precision of the weights.
torch::Tensor DualBranchNetworkImpl::seen(const torch::Tensor& planes) const {
  const auto small = options.input_stride == 1 ? planes : mean_of_2x2(planes);
  return small.to(head_->weight.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
}

std::map<std::int64_t, torch::Tensor> DualBranchNetworkImpl::attention(const torch::Tensor& optical,
                                                                       const torch::Tensor& terrain) {
  std::map<std::int64_t, torch::Tensor> weights;
  if (fusions_.empty()) return weights;
  check_planes(optical, optical_planes_, "optical");
  check_planes(terrain, terrain_planes_, "terrain");
  const auto from_optical = optical_->forward(seen(optical)), from_terrain = terrain_->forward(seen(terrain));
  for (std::size_t level = 0; level < fusions_.size(); ++level) {
    if (fusions_[level].is_empty()) continue;
    const auto map = fusions_[level]->attention(from_optical[level], from_terrain[level]);
    if (map.defined()) weights[(std::int64_t{2} << level) * options.input_stride] = map;
  }
  return weights;
}

std::vector<torch::Tensor> DualBranchNetworkImpl::features(const torch::Tensor& optical,
                                                           const torch::Tensor& terrain,
                                                           std::size_t levels) {
  return features_from(optical, terrain, 0, levels);
}

torch::Tensor DualBranchNetworkImpl::features_at(const torch::Tensor& optical,
                                                 const torch::Tensor& terrain,
                                                 std::size_t level) {
  return features_from(optical, terrain, level, level + 1).back();
}

std::vector<torch::Tensor> DualBranchNetworkImpl::features_from(const torch::Tensor& optical,
                                                                const torch::Tensor& terrain,
                                                                std::size_t first,
                                                                std::size_t levels) {
  check_planes(optical, optical_planes_, "optical");
  check_planes(terrain, terrain_planes_, "terrain");
  if (joint_) return joint_->forward(seen(torch::cat({optical, terrain}, 1)), levels);
  if (!optical_) return terrain_->forward(seen(terrain), levels);
  if (!terrain_) return optical_->forward(seen(optical), levels);
  return fuse(optical_->forward(seen(optical), levels), terrain_->forward(seen(terrain), levels), first);
}

void DualBranchNetworkImpl::check_planes(const torch::Tensor& planes,
                                         std::int64_t wanted,
                                         const char* which) const {
  if (wanted == 0) return;
  const std::int64_t step = kDeepestStride * options.input_stride;
  TORCH_CHECK(planes.defined() && planes.dim() == 4 && planes.size(1) == wanted &&
                  planes.size(2) % step == 0 && planes.size(3) % step == 0,
              "DualBranchNetwork: expected ", which, " planes [B, ", wanted,
              ", H, W] with H and W multiples of ", step, ", got ",
              planes.defined() ? planes.sizes() : at::IntArrayRef());
}

torch::Tensor DualBranchNetworkImpl::forward(const torch::Tensor& optical,
                                             const torch::Tensor& terrain,
                                             const std::optional<at::Generator>& dropout) {
  return logits(features(optical, terrain), dropout);
}

torch::Tensor DualBranchNetworkImpl::logits(const std::vector<torch::Tensor>& features,
                                            const std::optional<at::Generator>& dropout) {
  TORCH_CHECK(features.size() == kEncoderLevels, "DualBranchNetwork: logits need features of all strides");
  auto x = features.back();  // [B, 512w, H/32, W/32]
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    x = steps_[i]->forward(x, features[features.size() - 2 - i]);
    if (is_training() && options.dropout > 0) x = drop_channels(x, options.dropout, dropout);
  }
  const auto seen = head_(last_up_->forward(x));  // [B, classes, H, W] of what the network sees
  if (options.input_stride == 1) return seen;
  const auto fine = seen.to(torch::kFloat32).contiguous();
  // LibTorch's own is faster, but its backward pass on a GPU adds in any order
  return fine.is_cpu() ? torch::upsample_bilinear2d(fine, {2 * fine.size(2), 2 * fine.size(3)}, false)
                       : upsample_bilinear_2x(fine);
}

void DualBranchNetworkImpl::fold_norms() {
  if (optical_) optical_->fold_norms();
  if (terrain_) terrain_->fold_norms();
  if (joint_) joint_->fold_norms();
  for (auto& fusion : fusions_) {
    if (!fusion.is_empty()) fusion->fold_norms();
  }
  for (auto& step : steps_) step->fold_norms();
  fold(last_up_);
}

namespace {

// Two gates of a half each would leave a quarter of every feature at the start of a training.
constexpr double kOpenGate = 2;

constexpr std::uint64_t kTrunkStream = 0x7472756E6BULL;  // numbers that the other weights do not see

bool of_a_trunk(const std::string& name) {
  return name.find(".trunk.") != std::string::npos;
}

bool ends_with(const std::string& name, const std::string& end) {
  return name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

double first_value(const std::string& name, const at::Tensor& parameter) {
  if (ends_with(name, ".conv_h.bias") || ends_with(name, ".conv_w.bias")) return kOpenGate;
  return parameter.dim() == 1 && ends_with(name, ".weight") ? 1 : 0;
}

}  // namespace

std::map<std::string, TransformerPyramidImpl*> pyramids_of(torch::nn::Module& network) {
  std::map<std::string, TransformerPyramidImpl*> pyramids;
  for (const auto& item : network.named_children()) {
    if (auto* pyramid = item.value()->as<TransformerPyramidImpl>()) pyramids[item.key()] = pyramid;
  }
  return pyramids;
}

void initialise(torch::nn::Module& network, std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  for (auto& item : network.named_parameters()) {
    auto& parameter = item.value();
    if (of_a_trunk(item.key())) continue;
    if (parameter.dim() == 4) {
      const auto inputs = static_cast<double>(parameter.numel() / parameter.size(0));
      parameter.normal_(0, std::sqrt(2.0 / inputs), generator);
    } else {
      parameter.fill_(first_value(item.key(), parameter));
    }
  }
  for (const auto& [name, pyramid] : pyramids_of(network)) {
    const auto drawn = at::make_generator<at::CPUGeneratorImpl>(seed ^ kTrunkStream);
    initialise(pyramid->trunk(), Initialisation::masked_autoencoder, drawn);
  }
}

}  // namespace scarp::nn
