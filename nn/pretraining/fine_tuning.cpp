// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/pretraining/encoder_file.h"
#include "nn/pretraining/pretraining_method.h"
#include "nn/probe.h"
#include "nn/torch/device.h"
#include "nn/torch/errors.h"
#include "nn/training/batch_order.h"
#include "nn/training/parameter_groups.h"
#include "nn/training/schedules.h"

namespace scarp::nn {
namespace {

constexpr std::int64_t kHeadStream = -50;  // streams of one seed that never meet
constexpr std::int64_t kDropStream = -51;
constexpr std::int64_t kShuffleStream = -52;
constexpr std::int64_t kAskedBatch = 64;
constexpr double kHeadDeviation = 2e-5;
constexpr double kLowestRate = 1e-6;  // at the end

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
  std::vector<ParameterGroup> groups = groups_of_layers(depth, 1, options.layer_decay);
  for (auto& item : network.named_parameters()) {
    const std::int64_t layer = layer_of_parameter(item.key().c_str(), depth);
    const bool frozen = options.last_block_only && layer < depth;
    if (frozen) item.value().set_requires_grad(false);
    if (!item.value().requires_grad()) continue;
    groups[group_of_layer(layer, item.value())].parameters.emplace_back(item.key(), item.value());
  }
  return groups;
}

/// What is shown, with its classes.
struct Shown {
  WindowSource& windows;
  const std::vector<std::int64_t>& labels;
  std::int64_t classes;
};

void check_fine_tuning(const EncoderFile& file,
                       const std::string& path,
                       const Shown& shown,
                       const WindowSource& asked,
                       const FineTuneOptions& options) {
  const auto demand = [](bool condition, const std::string& sentence) {
    if (!condition) throw Error(Fault::bad_argument, sentence);
  };
  demand(!file.card.grouped, path +
                                 " has groups of channels: only a backbone of one patch "
                                 "projection can be fine-tuned on pictures");
  demand(options.batch >= 1,
         "fine-tuning: the batch must be at least 1, is " + std::to_string(options.batch));
  demand(shown.windows.size() >= 1 && static_cast<std::int64_t>(shown.labels.size()) == shown.windows.size(),
         "fine-tuning: there must be a label for each of the " + std::to_string(shown.windows.size()) +
             " known windows, and at least one; there are " + std::to_string(shown.labels.size()));
  const auto [lowest, highest] = std::minmax_element(shown.labels.begin(), shown.labels.end());
  demand(*lowest >= 0 && *highest < shown.classes,
         "fine-tuning: labels must be classes from 0 to " + std::to_string(shown.classes - 1));
  const std::int64_t side = std::min(shown.windows.side(), asked.side());
  demand(side >= file.card.side_px, "fine-tuning: the windows have " + std::to_string(side) +
                                        " pixels a side, fewer than the " +
                                        std::to_string(file.card.side_px) + " of the backbone");
}

void set_gradients(VisionTransformer& network,
                   AdamW& optimiser,
                   const PretrainBatch& batch,
                   const at::Tensor& labels,
                   const at::Generator& drops,
                   double label_smoothing) {
  const at::Device device = network->parameters().front().device();
  const auto logits = network->forward(batch.views.front().all_channels().to(device), drops);
  const auto wanted = labels.index_select(0, torch::tensor(batch.indices, torch::kLong)).to(device);
  const auto loss = torch::cross_entropy_loss(logits, wanted, {}, at::Reduction::Mean, -100, label_smoothing);
  optimiser.zero_gradients();
  loss.backward();
}

void tune(VisionTransformer& network,
          const EncoderFile& file,
          const Shown& shown,
          const FineTuneOptions& options,
          const std::function<void(double)>& progress,
          const std::stop_token& stop) {
  AdamW optimiser(groups_by_layer(*network, options), {0.9, 0.999, 1e-8, options.weight_decay});
  WindowLoader loader(shown.windows, file.card, cropping(options));
  const std::int64_t count = shown.windows.size(), batch = std::min<std::int64_t>(options.batch, count);
  const std::int64_t steps_a_pass = count / batch;
  const auto labels = torch::tensor(shown.labels, torch::kLong);
  network->train();
  for (std::int64_t epoch = 0; epoch < options.epochs && !stop.stop_requested(); ++epoch) {
    std::int64_t step = 0;
    for (auto& indices : shuffled_batches(options.seed, epoch, kShuffleStream, count, batch, 0)) {
      const auto drops = stream_generator(options.seed, epoch * steps_a_pass + step, kDropStream);
      set_gradients(network, optimiser, loader.load(epoch, std::move(indices)), labels, drops,
                    options.label_smoothing);
      const double at =
          static_cast<double>(epoch) + static_cast<double>(step++) / static_cast<double>(steps_a_pass);
      optimiser.step(warm_cosine(options.learning_rate, kLowestRate, at, options.warmup * options.epochs,
                                 options.epochs));
    }
    if (progress) progress(static_cast<double>(epoch + 1) / options.epochs);
  }
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
    const Shown shown{known, labels, classes};
    check_fine_tuning(file, backbone, shown, asked, options);
    const at::Device device = choose_device(options.device);
    VisionTransformer network = tuned_network(file, classes, options);
    network->to(device);
    tune(network, file, shown, options, progress, stop);
    return ask(network, asked, file, options, device);
  });
}

}  // namespace scarp::nn
