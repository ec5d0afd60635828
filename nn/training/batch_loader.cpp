// SPDX-License-Identifier: Apache-2.0
#include "nn/training/batch_loader.h"

#include <cmath>
#include <numbers>

#include <torch/torch.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

constexpr double kRadian = std::numbers::pi / 180;

template <typename T>
std::span<T> span_of(at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

at::Tensor stacked(const std::vector<InputPlanes>& samples, at::Tensor InputPlanes::*branch) {
  if (!(samples.front().*branch).defined()) return {};
  std::vector<at::Tensor> planes;
  for (const InputPlanes& sample : samples) planes.push_back(sample.*branch);
  return torch::cat(planes).contiguous(at::MemoryFormat::ChannelsLast);
}

// The validity plane is the last one and is not part of what is changed.
at::Tensor with_validity(const at::Tensor& channels, const at::Tensor& planes) {
  const auto validity = planes.slice(1, planes.size(1) - 1);
  return torch::cat({torch::where(validity > 0, channels, torch::zeros_like(channels)), validity}, 1);
}

}  // namespace

BatchLoader::BatchLoader(SampleSource& source,
                         const ModelCard& card,
                         const TrainingOptions& options,
                         bool augment)
    : source_(source),
      optical_channels_(static_cast<std::int64_t>(card.optical.size())),
      terrain_channels_(static_cast<std::int64_t>(card.terrain.size())),
      classes_(static_cast<std::int64_t>(card.classes.size())),
      options_(options),
      augment_(augment),
      normalise_(card, at::kCPU) {
  if (augment && (options.flips || options.rotation > 0)) turner_.emplace(card.terrain);
  if (augment && options.contrast.on()) pairs_.emplace(card, options.contrast, source.side());
  if (augment && options.toe_weight < 1) toes_.emplace(card, options, source.side());
}

void BatchLoader::check_labels(const at::Tensor& labels, std::int64_t epoch, std::int64_t index) const {
  const auto wrong = labels.masked_select((labels >= classes_).logical_and(labels != kIgnoreLabel));
  if (wrong.numel() == 0) return;
  throw Error(Fault::bad_argument, source_.place(epoch, index) + " has the label " +
                                       std::to_string(wrong[0].item<int>()) + ", but there are " +
                                       std::to_string(classes_) +
                                       " classes: labels are class indices, or 255 where nothing is known");
}

void BatchLoader::add_sample(std::int64_t epoch, std::int64_t index, Parts& parts) {
  const std::int64_t side = source_.side();
  auto optical = torch::zeros({1, optical_channels_, side, side});
  auto terrain = torch::zeros({1, terrain_channels_, side, side});
  auto valid = torch::zeros({1, 1, side, side}, torch::kUInt8);
  auto terrain_valid = torch::zeros({1, 1, side, side}, torch::kUInt8);
  auto label = torch::full({side, side}, kIgnoreLabel, torch::kUInt8);
  source_.fill(epoch, index,
               {span_of<float>(optical), span_of<float>(terrain), span_of<std::uint8_t>(valid),
                span_of<std::uint8_t>(terrain_valid), span_of<std::uint8_t>(label)});
  check_labels(label, epoch, index);
  std::mt19937_64 random = sample_generator(options_.seed, epoch, index);
  if (augment_) move_pixels(random, {optical, terrain, valid, terrain_valid, label});
  InputPlanes sample = normalise_(optical, terrain, valid.to(torch::kBool), terrain_valid.to(torch::kBool));
  if (augment_) change_planes(random, sample);
  if (pairs_) pairs_->add(label, terrain, terrain_valid, random);
  if (toes_) parts.label_weights.push_back(toes_->of(label, terrain, terrain_valid));
  parts.planes.push_back(std::move(sample));
  parts.labels.push_back(label.to(torch::kInt64));
}

// In source units, before anything is normalised: a vector's components must have one scale to be turned.
void BatchLoader::move_pixels(std::mt19937_64& random, const RawSample& sample) const {
  const std::uint64_t choice = random();
  const Turn turn = options_.flips ? Turn{static_cast<int>(choice & 3u), (choice & 4u) != 0} : Turn{};
  Warp warp;
  if (options_.rotation > 0) warp.angle = options_.rotation * (2 * uniform(random) - 1) * kRadian;
  if (options_.scale > 1) warp.scale = std::pow(options_.scale, 2 * uniform(random) - 1);
  const auto move = [&](at::Tensor& planes, at::Tensor& valid, const std::optional<TerrainTurner>& vectors) {
    if (planes.size(1) == 0) return;
    auto pixels = planes.squeeze(0), mask = valid.squeeze(0);
    warp_pixels(pixels, mask, warp);
    if (vectors) pixels = vectors->rotate_vectors(pixels, warp.angle);
    planes = (vectors ? (*vectors)(pixels, turn) : turn_pixels(pixels, turn)).unsqueeze(0);
    valid = turn_pixels(mask, turn).unsqueeze(0);
  };
  move(sample.optical, sample.valid, std::nullopt);
  move(sample.terrain, sample.terrain_valid, turner_);
  sample.labels = turn_pixels(warp_labels(sample.labels, warp, kIgnoreLabel), turn);
}

// On normalised planes: brightness and contrast of the image, and samples that lose a branch.
void BatchLoader::change_planes(std::mt19937_64& random, InputPlanes& sample) const {
  if (sample.optical.defined() && options_.photometric > 0) {
    const auto channels = sample.optical.slice(1, 0, optical_channels_);
    sample.optical = with_validity(jitter(channels, options_.photometric, random), sample.optical);
  }
  if (!sample.optical.defined() || !sample.terrain.defined()) return;
  if (options_.drop_optical + options_.drop_terrain == 0) return;
  const double lot = uniform(random);
  if (lot < options_.drop_optical) {
    sample.optical.zero_();
  } else if (lot < options_.drop_optical + options_.drop_terrain) {
    sample.terrain.zero_();
  }
}

TrainingBatch BatchLoader::load(std::int64_t epoch, std::vector<std::int64_t> indices) {
  const torch::NoGradGuard no_grad;
  Parts parts;
  for (const std::int64_t index : indices) add_sample(epoch, index, parts);
  return {{stacked(parts.planes, &InputPlanes::optical), stacked(parts.planes, &InputPlanes::terrain)},
          torch::stack(parts.labels),
          toes_ ? torch::stack(parts.label_weights) : at::Tensor(),
          pairs_ ? std::optional(pairs_->take()) : std::nullopt,
          std::move(indices)};
}

void BatchLoader::start(std::int64_t epoch, std::vector<std::int64_t> indices) {
  pending_ = std::async(std::launch::async, [this, epoch, chosen = std::move(indices)]() mutable {
    set_up_worker_thread(1);
    return load(epoch, std::move(chosen));
  });
}

TrainingBatch BatchLoader::take() {
  return pending_.get();
}

void BatchLoader::wait() const {
  if (pending_.valid()) pending_.wait();
}

void BatchLoader::drop() {
  wait();
  pending_ = {};
}

}  // namespace scarp::nn
