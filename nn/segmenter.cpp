// SPDX-License-Identifier: Apache-2.0
#include "nn/segmenter.h"

#include <algorithm>
#include <optional>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/checkpoint.h"
#include "nn/segmentation/turned_views.h"
#include "nn/torch/device.h"
#include "nn/torch/errors.h"
#include "nn/torch/input_planes.h"

namespace scarp::nn {
namespace {

// What the network is given at once. One on the processor, where a batch gains nothing; a fixed number on a
// GPU, padded, so that a tile's answer never depends on how many others travel with it.
constexpr std::int64_t kTilesAtOnceCpu = 1;
constexpr std::int64_t kTilesAtOnceGpu = 8;

// Sums depend on the number of threads: a call runs on one, whatever the calling thread is set to.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) {
    if (before_ != 1) at::set_num_threads(1);
  }
  ~OneThread() {
    if (before_ != 1) at::set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

// Dividing the logits by the temperature is dividing what makes them, once: the head is a convolution, and
// what follows it, bringing logits up to the tile's pixels, is linear.
void fold_temperature(DualBranchNetwork& network, double temperature) {
  if (temperature == 1) return;
  auto* head = network->named_modules()["head"]->as<torch::nn::Conv2d>();
  head->weight.div_(temperature);
  head->bias.div_(temperature);
}

// Folds norms, then brings weights to their place and type. Batch norms are gone: convolutions are left, and
// what backbones have besides.
void settle(DualBranchNetwork& network, double temperature, at::Device device, Precision precision) {
  const torch::NoGradGuard no_grad;
  at::globalContext().setDeterministicCuDNN(true);  // without effect where there is no GPU
  at::globalContext().setBenchmarkCuDNN(false);
  network->eval();
  network->fold_norms();
  fold_temperature(network, temperature);
  const auto type = precision == Precision::bf16 ? torch::kBFloat16 : torch::kFloat32;
  const auto move = [&](auto& convolution) {
    convolution.weight =
        convolution.weight.detach().to(device, type).contiguous(at::MemoryFormat::ChannelsLast);
    if (convolution.bias.defined()) convolution.bias = convolution.bias.detach().to(device, type);
  };
  for (const auto& module : network->modules()) {
    if (auto* plain = module->as<torch::nn::Conv2d>()) move(*plain);
    if (auto* transposed = module->as<torch::nn::ConvTranspose2d>()) move(*transposed);
  }
  for (const auto& [name, pyramid] : pyramids_of(*network)) {
    for (auto& parameter : pyramid->trunk().parameters()) {
      if (parameter.dim() != 4) parameter.set_data(parameter.detach().to(device, type));
    }
  }
}

class NetworkSegmenter final : public Segmenter {
 public:
  NetworkSegmenter(ModelCard card,
                   DualBranchNetwork network,
                   at::Device device,
                   const SegmenterOptions& options)
      : card_(std::move(card)),
        network_(std::move(network)),
        device_(device),
        precision_(options.precision),
        normalise_(card_, device),
        views_(views_of(options.flips)) {
    if (views_.size() > 1) turn_terrain_.emplace(card_.terrain);
    settle(network_, card_.temperature, device_, precision_);
  }

  const ModelCard& card() const override { return card_; }
  std::string device() const override { return device_.str(); }
  std::string precision() const override { return precision_ == Precision::bf16 ? "bf16" : "fp32"; }

  int flips() const override { return static_cast<int>(views_.size()); }

  void segment(const TileBatch& batch, std::span<float> logits) const override {
    with_our_errors("segmenting", [&] {
      const c10::InferenceMode inference;
      const OneThread one_thread;
      check(batch, logits);
      const std::int64_t at_once = device_.is_cpu() ? kTilesAtOnceCpu : kTilesAtOnceGpu;
      for (std::int64_t first = 0; first < batch.tiles; first += at_once) {
        segment_part(batch, first, std::min<std::int64_t>(at_once, batch.tiles - first), at_once, logits);
      }
    });
  }

 private:
  void check(const TileBatch& batch, std::span<const float> logits) const {
    const auto pixels = static_cast<std::size_t>(batch.tiles) * static_cast<std::size_t>(batch.rows) *
                        static_cast<std::size_t>(batch.cols);
    TORCH_CHECK(batch.tiles >= 0 && batch.rows > 0 && batch.cols > 0 &&
                    batch.optical.size() == pixels * card_.optical.size() &&
                    batch.terrain.size() == pixels * card_.terrain.size() && batch.valid.size() == pixels &&
                    batch.terrain_valid.size() == pixels && logits.size() == pixels * card_.classes.size(),
                "Segmenter: the planes of the batch do not fit ", batch.tiles, " tiles of ", batch.rows,
                " x ", batch.cols);
  }

  // A part of a batch as a tensor on the device, padded with zeros to `padded` tiles.
  template <typename T>
  at::Tensor planes(std::span<const T> values,
                    std::int64_t channels,
                    const TileBatch& batch,
                    std::int64_t first,
                    std::int64_t count,
                    std::int64_t padded,
                    at::ScalarType type) const {
    if (channels == 0) return {};
    const std::int64_t stride = channels * batch.rows * batch.cols;
    // from_blob wants a mutable pointer; nothing is written through it
    auto lent = torch::from_blob(const_cast<T*>(values.data()) + first * stride,
                                 {count, channels, batch.rows, batch.cols}, type)
                    .to(device_);
    if (count == padded) return lent;
    return torch::cat(
        {lent, torch::zeros({padded - count, channels, batch.rows, batch.cols}, lent.options())});
  }

  void segment_part(const TileBatch& batch,
                    std::int64_t first,
                    std::int64_t count,
                    std::int64_t padded,
                    std::span<float> logits) const {
    const auto optical = planes(batch.optical, static_cast<std::int64_t>(card_.optical.size()), batch, first,
                                count, padded, torch::kFloat32);
    const auto terrain = planes(batch.terrain, static_cast<std::int64_t>(card_.terrain.size()), batch, first,
                                count, padded, torch::kFloat32);
    const auto valid = planes(batch.valid, 1, batch, first, count, padded, torch::kUInt8).to(torch::kBool);
    const auto terrain_valid =
        planes(batch.terrain_valid, 1, batch, first, count, padded, torch::kUInt8).to(torch::kBool);
    const RawPlanes raw = {optical, terrain, valid, terrain_valid};
    const auto answer = views_.size() == 1 ? logits_of(raw) : averaged(raw);
    const auto finished = answer.slice(0, 0, count).to(torch::kCPU).contiguous();
    const auto offset = static_cast<std::size_t>(first) * card_.classes.size() *
                        static_cast<std::size_t>(batch.rows * batch.cols);
    std::copy_n(finished.const_data_ptr<float>(), finished.numel(), logits.data() + offset);
  }

  // What a tile holds, before it is normalised.
  struct RawPlanes {
    at::Tensor optical, terrain, valid, terrain_valid;
  };

  at::Tensor logits_of(const RawPlanes& raw) const {
    const InputPlanes inputs = normalise_(raw.optical, raw.terrain, raw.valid, raw.terrain_valid);
    return network_.ptr()->forward(inputs.optical, inputs.terrain).to(torch::kFloat32);
  }

  at::Tensor averaged(const RawPlanes& raw) const {
    ProbabilityMean mean;
    for (const Turn& view : views_) mean.add(turn_pixels_back(logits_of(turned(raw, view)), view));
    return mean.log_mean();
  }

  RawPlanes turned(const RawPlanes& raw, const Turn& view) const {
    const auto pixels = [&](const at::Tensor& planes) {
      return planes.defined() ? turn_pixels(planes, view) : planes;
    };
    RawPlanes out = {pixels(raw.optical), {}, pixels(raw.valid), pixels(raw.terrain_valid)};
    if (!raw.terrain.defined()) return out;
    std::vector<at::Tensor> tiles;
    for (const auto& tile : raw.terrain.unbind(0)) tiles.push_back((*turn_terrain_)(tile, view));
    out.terrain = torch::stack(tiles);
    return out;
  }

  ModelCard card_;
  DualBranchNetwork network_;
  at::Device device_;
  Precision precision_;
  InputNormaliser normalise_;
  std::vector<Turn> views_;
  std::optional<TerrainTurner> turn_terrain_;  // only where there is more than one view
};

}  // namespace

std::unique_ptr<Segmenter> load_segmenter(const std::string& path, const SegmenterOptions& options) {
  return with_our_errors("loading " + path, [&]() -> std::unique_ptr<Segmenter> {
    const OneThread one_thread;
    const SafetensorsFile file(path);
    ModelCard card = card_of(file);
    const at::Device device = choose_device(options.device);
    require_weights_of(card, file);
    DualBranchNetwork network = make_network(card);
    restore(*network, kModelPrefix,
            read_tensors(file, [](const std::string& name) { return name.rfind(kModelPrefix, 0) == 0; }),
            path);
    return std::make_unique<NetworkSegmenter>(std::move(card), std::move(network), device, options);
  });
}

}  // namespace scarp::nn
