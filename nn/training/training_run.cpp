// SPDX-License-Identifier: Apache-2.0
#include "nn/training/training_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <numeric>

#include <nlohmann/json.hpp>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/strict_json.h"
#include "nn/torch/device.h"
#include "nn/training/autocast.h"
#include "nn/training/learning_rate.h"

namespace scarp::nn {
namespace {

constexpr const char* kLeaderPrefix = "train.model.";
constexpr std::int64_t kStepsAnEvent = 10;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<std::pair<std::string, at::Tensor>> named_parameters(const DualBranchNetwork& network) {
  std::vector<std::pair<std::string, at::Tensor>> parameters;
  for (const auto& item : network->named_parameters()) parameters.emplace_back(item.key(), item.value());
  return parameters;
}

DualBranchNetwork first_network(const ModelCard& card, std::uint64_t seed, at::Device device) {
  DualBranchNetwork network = make_network(card);
  initialise(network, seed);
  place(network, device);
  return network;
}

at::Tensor weights_tensor(const std::vector<double>& weights, at::Device device) {
  return weights.empty() ? at::Tensor()
                         : torch::tensor(weights, torch::kFloat64).to(torch::kFloat32).to(device);
}

// Pixels of every class: [classes, 3] true positive, false positive, false negative.
at::Tensor confusion(const at::Tensor& guess, const at::Tensor& labels, std::int64_t classes) {
  const auto known = labels != kIgnoreLabel;
  std::vector<at::Tensor> rows;
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto said = (guess == c).logical_and(known);
    const auto is = (labels == c).logical_and(known);
    rows.push_back(torch::stack({said.logical_and(is).sum(), said.logical_and(is.logical_not()).sum(),
                                 is.logical_and(said.logical_not()).sum()}));
  }
  return torch::stack(rows);
}

}  // namespace

TrainingRun::TrainingRun(const ModelCard& card,
                         const TrainingOptions& options,
                         SampleSource& samples,
                         SampleSource* validation,
                         const TrainingFiles& files)
    : card_(card),
      options_(options),
      samples_(samples),
      validation_(validation),
      files_(files),
      device_(choose_device(options.device)),
      network_(first_network(card, options.seed, device_)),
      average_(first_network(card, options.seed, device_), options.average_decay),
      optimiser_(named_parameters(network_), {0.9, 0.999, 1e-8, options.weight_decay}),
      loader_(samples, card, options, /*augment=*/true),
      loss_options_{options.dice_weight, weights_tensor(options.class_weights, device_)},
      steps_an_epoch_(samples.size() / options.batch) {
  if (steps_an_epoch_ < 1) {
    throw Error(Fault::bad_argument,
                "there are " + std::to_string(samples.size()) + " training samples, fewer than a batch of " +
                    std::to_string(options.batch) +
                    ": label more ground, draw more windows a block, or take a smaller batch");
  }
  loss_sum_ = torch::zeros({}, torch::TensorOptions().device(device_));
}

void TrainingRun::resume() {
  if (!std::filesystem::exists(files_.last)) return;
  const SafetensorsFile file(files_.last);
  const auto found = file.header().metadata.find(kTrainingKey);
  if (found == file.header().metadata.end())
    throw Error(Fault::mismatch, files_.last + " holds no state of a training: it cannot be resumed");
  if (!(card_of(file).network == card_.network)) {
    throw Error(
        Fault::mismatch,
        files_.last + " is a checkpoint of another architecture: resume with the options it was begun with");
  }
  const auto state = parse_strict_json(found->second, files_.last, 4);
  const NamedTensors tensors = read_tensors(file, [](const std::string&) { return true; });
  restore(average_.network(), kModelPrefix, tensors, files_.last);
  restore(network_, kLeaderPrefix, tensors, files_.last);
  optimiser_.load(tensors);
  epoch_ = state.at("epoch").get<std::int64_t>();
  step_ = state.at("step").get<std::int64_t>();
  best_f1_ = state.at("best_f1").get<double>();
}

void TrainingRun::save(const std::string& path) const {
  NamedTensors tensors;
  collect(const_cast<MovingAverage&>(average_).network(), kModelPrefix, tensors);
  collect(network_, kLeaderPrefix, tensors);
  optimiser_.save(tensors);
  const nlohmann::json state = {
      {"epoch", epoch_}, {"step", step_}, {"best_f1", best_f1_}, {"seed", options_.seed}};
  write_tensors(path, {{kCardKey, card_.to_json()}, {kTrainingKey, state.dump()}, {"format", "pt"}}, tensors);
}

// A new order every pass, from the seed alone (Fisher & Yates as written by Durstenfeld 1964).
std::vector<std::int64_t> TrainingRun::order_of(std::int64_t epoch) const {
  std::vector<std::int64_t> order(static_cast<std::size_t>(samples_.size()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::mt19937_64 random = sample_generator(options_.seed, epoch, -1);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(random() % i)]);
  return order;
}

std::vector<std::int64_t> TrainingRun::indices_of(const std::vector<std::int64_t>& order,
                                                  std::int64_t step) const {
  const auto first = order.begin() + step * options_.batch;
  return {first, first + options_.batch};
}

void TrainingRun::run(const OnEvent& on_event, const std::stop_token& stop) {
  last_event_seconds_ = seconds_now();
  while (epoch_ < options_.epochs && !stop.stop_requested()) run_epoch(on_event, stop);
}

void TrainingRun::run_epoch(const OnEvent& on_event, const std::stop_token& stop) {
  const std::vector<std::int64_t> order = order_of(epoch_);
  network_->train();
  loader_.start(epoch_, indices_of(order, 0));
  for (std::int64_t i = 0; i < steps_an_epoch_; ++i) {
    const TrainingBatch batch = loader_.take();
    if (stop.stop_requested()) return;  // the checkpoint of the last whole pass stays
    if (i + 1 < steps_an_epoch_) loader_.start(epoch_, indices_of(order, i + 1));
    step(batch);
    if (step_ % kStepsAnEvent == 0 || i + 1 == steps_an_epoch_) {
      require_finite((loss_sum_ / static_cast<double>(std::max<std::int64_t>(1, losses_))).item<double>(),
                     batch);
      if (i + 1 < steps_an_epoch_) tell(on_event);
    }
  }
  finish_epoch(on_event);
}

void TrainingRun::step(const TrainingBatch& batch) {
  // Dropout draws from the thread's generator: seeded a step, so that a resumed run draws the same.
  torch::manual_seed(sample_generator(options_.seed, step_, -2)());
  const auto to_device = [&](const at::Tensor& x) {
    return x.defined() ? x.to(device_, /*non_blocking=*/true) : x;
  };
  at::Tensor logits;
  {
    const Autocast autocast(device_.type(), options_.precision);
    logits = network_->forward(to_device(batch.planes.optical), to_device(batch.planes.terrain));
  }
  const auto loss = segmentation_loss(logits.to(torch::kFloat32), to_device(batch.labels), loss_options_);
  optimiser_.zero_gradients();
  loss.backward();
  if (options_.clip_norm > 0) optimiser_.clip_gradients(options_.clip_norm);
  const std::int64_t steps = steps_an_epoch_ * options_.epochs;
  const auto warmup = static_cast<std::int64_t>(std::llround(options_.warmup * static_cast<double>(steps)));
  optimiser_.step(learning_rate_at(options_.learning_rate, step_, warmup, steps));
  ++step_;
  average_.update(network_, step_);
  loss_sum_ += loss.detach();
  ++losses_;
}

void TrainingRun::require_finite(double loss, const TrainingBatch& batch) const {
  if (std::isfinite(loss)) return;
  throw Error(Fault::not_finite, "the loss is not a number at step " + std::to_string(step_) +
                                     ", near the batch that begins at " +
                                     samples_.place(epoch_, batch.indices.front()) +
                                     ": lower the learning rate, or look at the data there; the checkpoint "
                                     "of the last whole pass is kept");
}

void TrainingRun::tell(const OnEvent& on_event) {
  TrainingEvent event;
  event.epoch = epoch_;
  event.step = step_;
  event.steps = steps_an_epoch_ * options_.epochs;
  event.loss = (loss_sum_ / static_cast<double>(std::max<std::int64_t>(1, losses_))).item<double>();
  const auto warmup =
      static_cast<std::int64_t>(std::llround(options_.warmup * static_cast<double>(event.steps)));
  event.learning_rate =
      learning_rate_at(options_.learning_rate, std::max<std::int64_t>(0, step_ - 1), warmup, event.steps);
  const double now = seconds_now();
  event.seconds_a_step =
      (now - last_event_seconds_) / static_cast<double>(std::max<std::int64_t>(1, losses_));
  last_event_seconds_ = now;
  loss_sum_.zero_();
  losses_ = 0;
  const bool pass_is_over = step_ % steps_an_epoch_ == 0;
  if (pass_is_over && validation_ != nullptr) validate(event);
  if (on_event) on_event(event);
  if (event.validated && event.validation.size() > 1 && event.validation[1].f1() > best_f1_) {
    best_f1_ = event.validation[1].f1();
    if (!files_.best.empty()) save(files_.best);
  }
}

void TrainingRun::finish_epoch(const OnEvent& on_event) {
  tell(on_event);
  ++epoch_;
  save(files_.last);
}

void TrainingRun::validate(TrainingEvent& event) {
  const torch::NoGradGuard no_grad;
  DualBranchNetwork& network = average_.network();
  network->eval();
  BatchLoader loader(*validation_, card_, options_, /*augment=*/false);
  const auto classes = static_cast<std::int64_t>(card_.classes.size());
  auto counts = torch::zeros({classes, 3}, torch::kInt64).to(device_);
  double loss = 0;
  for (std::int64_t index = 0; index < validation_->size(); ++index) {
    const TrainingBatch batch = loader.load(0, {index});
    const auto to_device = [&](const at::Tensor& x) { return x.defined() ? x.to(device_) : x; };
    const auto logits = network->forward(to_device(batch.planes.optical), to_device(batch.planes.terrain));
    const auto labels = to_device(batch.labels);
    loss += segmentation_loss(logits, labels, loss_options_).item<double>();
    counts += confusion(logits.argmax(1), labels, classes);
  }
  const auto table = counts.to(torch::kCPU);
  for (std::int64_t c = 0; c < classes; ++c) {
    event.validation.push_back({table[c][0].item<std::int64_t>(), table[c][1].item<std::int64_t>(),
                                table[c][2].item<std::int64_t>()});
  }
  event.validation_loss = loss / static_cast<double>(std::max<std::int64_t>(1, validation_->size()));
  event.validated = true;
}

}  // namespace scarp::nn
