// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/pretraining/encoder_file.h"
#include "nn/pretraining/pretraining_method.h"
#include "nn/probe.h"
#include "nn/torch/device.h"
#include "nn/torch/errors.h"
#include "nn/training/schedules.h"

namespace scarp::nn {
namespace {

constexpr std::int64_t kHeadStream = -50;  // streams of one seed that never meet
constexpr std::int64_t kDropStream = -51;
constexpr std::int64_t kShuffleStream = -52;
constexpr std::int64_t kAskedBatch = 64;
constexpr double kHeadDeviation = 2e-5;

PretrainOptions cropping(const FineTuneOptions& options) {
  PretrainOptions crops;  // one view, cut and flipped as mae does
  crops.smallest_crop = options.smallest_crop;
  crops.seed = options.seed;
  return crops.resolved();
}

VisionTransformer tuned_network(const EncoderFile& file,
                                std::int64_t classes,
                                const FineTuneOptions& options) {
  EncoderFile pooled = file;
  pooled.pools_mean = true;
  if (!file.pools_mean) {  // its norm becomes the norm behind the pool
    pooled.weights["fc_norm.weight"] = torch::ones({file.card.width});
    pooled.weights["fc_norm.bias"] = torch::zeros({file.card.width});
  }
  VisionTransformer network = make_encoder(pooled, classes, options.drop_path);
  auto random = stream_generator(options.seed, -1, kHeadStream);
  const torch::NoGradGuard no_grad;
  if (options.from_scratch) initialise(*network, Initialisation::masked_autoencoder, random);
  for (auto& item : network->named_parameters()) {
    if (item.key() == "head.weight") item.value().normal_(0, kHeadDeviation, random);
    if (item.key() == "head.bias") item.value().zero_();
  }
  return network;
}

std::vector<ParameterGroup> groups_by_layer(VisionTransformerImpl& network, const FineTuneOptions& options) {
  const std::int64_t depth = network.options.depth;
  std::vector<ParameterGroup> groups(static_cast<std::size_t>(2 * (depth + 2)));
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto layer = static_cast<std::int64_t>(g / 2);
    groups[g].decayed = g % 2 == 0;
    groups[g].rate_scale = layer_rate(options.layer_decay, layer, depth);
  }
  for (auto& item : network.named_parameters()) {
    const std::int64_t layer = layer_of_parameter(item.key().c_str(), depth);
    const bool frozen = options.last_block_only && layer < depth;
    if (frozen) item.value().set_requires_grad(false);
    if (!item.value().requires_grad()) continue;
    groups[static_cast<std::size_t>(2 * layer + (item.value().dim() <= 1 ? 1 : 0))].parameters.emplace_back(
        item.key(), item.value());
  }
  return groups;
}

std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::mt19937_64 random = sample_generator(seed, epoch, kShuffleStream);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(random() % i)]);
  return order;
}

std::vector<std::int64_t> ask(VisionTransformer& network,
                              WindowSource& source,
                              const EncoderFile& file,
                              const FineTuneOptions& options,
                              at::Device device) {
  const torch::NoGradGuard no_grad;
  network->eval();
  WindowLoader loader(source, file.card, cropping(options));
  const std::int64_t side = file.card.side_px;
  std::vector<std::int64_t> found;
  for (std::int64_t first = 0; first < source.size(); first += kAskedBatch) {
    std::vector<at::Tensor> images;
    for (std::int64_t i = first; i < std::min(source.size(), first + kAskedBatch); ++i) {
      const auto planes = loader.maker().normalised(loader.window(0, i)).all_channels();
      const std::int64_t edge = (planes.size(2) - side) / 2;
      images.push_back(planes.narrow(2, edge, side).narrow(3, edge, side));
    }
    const auto classes = network->forward(torch::cat(images).to(device)).argmax(1).to(torch::kCPU);
    for (std::int64_t i = 0; i < classes.size(0); ++i) found.push_back(classes[i].item<std::int64_t>());
  }
  return found;
}

}  // namespace

std::vector<std::int64_t> fine_tuned_classes(const std::string& backbone,
                                             WindowSource& known,
                                             const std::vector<std::int64_t>& labels,
                                             WindowSource& asked,
                                             std::int64_t classes,
                                             const FineTuneOptions& options,
                                             const std::function<void(double)>& progress,
                                             std::stop_token stop) {
  return with_our_errors("fine-tuning", [&] {
    set_up_worker_thread(options.threads);
    const EncoderFile file = read_encoder(backbone);
    if (file.card.grouped)
      throw Error(Fault::bad_argument, backbone +
                                           " has groups of channels: only a backbone of one patch "
                                           "projection can be fine-tuned on pictures");
    const at::Device device = choose_device(options.device);
    VisionTransformer network = tuned_network(file, classes, options);
    network->to(device);
    AdamW optimiser(groups_by_layer(*network, options), {0.9, 0.999, 1e-8, options.weight_decay});
    WindowLoader loader(known, file.card, cropping(options));
    const std::int64_t batch = std::min<std::int64_t>(options.batch, known.size());
    const std::int64_t steps_a_pass = std::max<std::int64_t>(1, known.size() / batch);
    const auto wanted = torch::tensor(labels, torch::kLong);
    for (std::int64_t epoch = 0; epoch < options.epochs && !stop.stop_requested(); ++epoch) {
      const auto order = shuffled(known.size(), options.seed, epoch);
      network->train();
      for (std::int64_t step = 0; step < steps_a_pass; ++step) {
        const auto first = order.begin() + step * batch;
        const std::vector<std::int64_t> indices(first, first + batch);
        const PretrainBatch loaded = loader.load(epoch, indices);
        const auto drops = stream_generator(options.seed, epoch * steps_a_pass + step, kDropStream);
        const auto logits = network->forward(loaded.views.front().all_channels().to(device), drops);
        const auto target = wanted.index_select(0, torch::tensor(indices, torch::kLong)).to(device);
        const auto loss =
            torch::cross_entropy_loss(logits, target, {}, at::Reduction::Mean, -100, options.label_smoothing);
        optimiser.zero_gradients();
        loss.backward();
        const double at =
            static_cast<double>(epoch) + static_cast<double>(step) / static_cast<double>(steps_a_pass);
        optimiser.step(
            warm_cosine(options.learning_rate, 1e-6, at, options.warmup * options.epochs, options.epochs));
      }
      if (progress) progress(static_cast<double>(epoch + 1) / options.epochs);
    }
    return ask(network, asked, file, options, device);
  });
}

}  // namespace scarp::nn
