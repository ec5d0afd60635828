// SPDX-License-Identifier: Apache-2.0
#include "nn/training/training_run.h"

#include <algorithm>
#include <cmath>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/pretraining/backbone_weights.h"
#include "nn/torch/device.h"
#include "nn/training/autocast.h"
#include "nn/training/batch_order.h"
#include "nn/training/learning_rate.h"
#include "nn/training/parameter_groups.h"
#include "nn/training/precision_probe.h"
#include "nn/training/scores.h"

namespace scarp::nn {
namespace {

constexpr std::size_t kStepsAnEvent = 10;
constexpr std::int64_t kOrderStream =
    -1;  // in place of a sample's index: streams of one seed that never meet
constexpr std::int64_t kDropoutStream = -2;

DualBranchNetwork first_network(const TrainingTask& task, at::Device device) {
  const BackboneOptions& backbones = task.options.backbones;
  DualBranchNetwork network = make_network(task.card);
  initialise(*network, task.options.seed);
  if (backbones.pretrained) load_backbone_weights(*network, task.card, backbones);
  for (const auto& [name, pyramid] : pyramids_of(*network)) {
    if (backbones.frozen) pyramid->freeze();
    // on a GPU the fused gradient adds in any order
    if (!device.is_cpu()) pyramid->set_attention(AttentionPath::explicit_formula);
  }
  place(network, device);
  return network;
}

std::optional<ContrastiveTerm> first_term(const TrainingTask& task,
                                          const DualBranchNetwork& network,
                                          std::int64_t steps,
                                          at::Device device) {
  if (!task.options.contrast.on()) return std::nullopt;
  return ContrastiveTerm(task.options.contrast, network, task.options.seed, steps, device);
}

at::Tensor weights_tensor(const std::vector<double>& weights, at::Device device) {
  return weights.empty() ? at::Tensor()
                         : torch::tensor(weights, torch::kFloat64).to(torch::kFloat32).to(device);
}

at::Tensor moved(const at::Tensor& x, at::Device device) {
  return x.defined() ? x.to(device, /*non_blocking=*/true) : x;
}

InputPlanes moved(const InputPlanes& planes, at::Device device) {
  return {moved(planes.optical, device), moved(planes.terrain, device)};
}

PairRows moved(const PairRows& rows, at::Device device) {
  return {moved(rows.cells, device), moved(rows.labels, device)};
}

}  // namespace

TrainingRun::TrainingRun(const TrainingTask& task)
    : task_(task),
      device_(choose_device(task.options.device)),
      network_(first_network(task, device_)),
      average_(first_network(task, device_), task.options.average_decay),
      steps_a_pass_(task.samples.size() / task.options.batch),
      contrast_(first_term(task, network_, steps(), device_)),
      optimiser_(trained_groups(), {0.9, 0.999, 1e-8, task.options.weight_decay}),
      loader_(task.samples, task.card, task.options, /*augment=*/true),
      loss_options_{task.options.dice_weight, weights_tensor(task.options.class_weights, device_)} {
  average_.network()->eval();
  state_.precision = task.options.precision;
  if (steps_a_pass_ < 1) {
    throw Error(Fault::bad_argument,
                "there are " + std::to_string(task.samples.size()) +
                    " training samples, fewer than a batch of " + std::to_string(task.options.batch) +
                    ": label more ground, draw more windows a block, or take a smaller batch");
  }
}

std::vector<ParameterGroup> TrainingRun::trained_groups() {
  return detector_groups(*network_, contrast_ ? contrast_->parameters() : NamedParameters(),
                         task_.options.backbones);
}

void TrainingRun::run(const std::stop_token& stop) {
  last_event_ = Clock::now();
  if (state_.precision == Precision::automatic)
    state_.precision = faster_precision(task_.card, task_.samples.side(), task_.options.batch, device_);
  while (state_.finished_passes < task_.options.epochs && !out_of_patience()) {
    if (train_pass(stop) && finish_pass(stop)) continue;
    require_finite_losses();
    save_last();
    return;
  }
}

std::vector<std::vector<std::int64_t>> TrainingRun::batches_left() const {
  return shuffled_batches(task_.options.seed, state_.finished_passes, kOrderStream, task_.samples.size(),
                          task_.options.batch, state_.step - state_.finished_passes * steps_a_pass_);
}

bool TrainingRun::train_pass(const std::stop_token& stop) {
  const auto batches = batches_left();
  network_->train();
  const LoadAhead ahead(loader_);
  if (!batches.empty()) loader_.start(state_.finished_passes, batches.front());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (stop.stop_requested()) return false;
    const TrainingBatch batch = loader_.take();
    const bool last = i + 1 == batches.size();
    if (!last) loader_.start(state_.finished_passes, batches[i + 1]);
    step(batch);
    if (device_.is_cpu()) require_finite_losses();  // a GPU would have to be waited for
    if (pending_.size() >= kStepsAnEvent && !last) task_.on_event(take_event());
  }
  return true;
}

double TrainingRun::learning_rate_of(std::int64_t step) const {
  const auto warmup =
      static_cast<std::int64_t>(std::llround(task_.options.warmup * static_cast<double>(steps())));
  return learning_rate_at(task_.options.learning_rate, step, warmup, steps());
}

void TrainingRun::step(const TrainingBatch& batch) {
  const TrainingOptions& options = task_.options;
  std::mt19937_64 random = sample_generator(options.seed, state_.step, kDropoutStream);
  const auto dropout = at::make_generator<at::CPUGeneratorImpl>(random());
  const InputPlanes planes = moved(batch.planes, device_);
  std::vector<at::Tensor> features;
  at::Tensor logits;
  {
    const Autocast autocast(device_.type(), state_.precision);
    features = network_->features(planes.optical, planes.terrain);
    logits = network_->logits(features, dropout);
  }
  auto loss = segmentation_loss(logits.to(torch::kFloat32), moved(batch.labels, device_), loss_options_,
                                moved(batch.label_weights, device_));
  std::optional<PairRows> pairs;
  at::Tensor contrast;
  if (contrast_) {
    pairs = moved(*batch.pairs, device_);
    contrast = contrast_->loss(features.at(contrast_->level()), *pairs, state_.step);
    loss = loss + contrast;
  }
  optimiser_.zero_gradients();
  loss.backward();
  if (options.clip_norm > 0) optimiser_.clip_gradients(options.clip_norm);
  optimiser_.step(learning_rate_of(state_.step));
  pending_.push_back(
      {loss.detach(), contrast.defined() ? contrast.detach() : contrast, state_.step, batch.indices.front()});
  ++state_.step;
  average_.update(network_, state_.step);
  if (contrast_) {
    const Autocast autocast(device_.type(), state_.precision);
    contrast_->follow(average_.network(), network_, average_.decay_at(state_.step), planes, *pairs);
  }
}

bool TrainingRun::finish_pass(const std::stop_token& stop) {
  TrainingEvent event = take_event();
  average_.copy_statistics(network_);
  if (task_.validation != nullptr && !validate(event, stop)) return false;
  keep_best(event);
  ++state_.finished_passes;
  save_last();
  task_.on_event(event);
  return true;
}

bool TrainingRun::validate(TrainingEvent& event, const std::stop_token& stop) {
  const torch::NoGradGuard no_grad;
  BatchLoader loader(*task_.validation, task_.card, task_.options, /*augment=*/false);
  const LoadAhead ahead(loader);
  const std::int64_t size = task_.validation->size();
  Scores scores(static_cast<std::int64_t>(task_.card.classes.size()), device_);
  auto loss = torch::zeros({}, torch::TensorOptions().device(device_));
  if (size > 0) loader.start(0, {0});
  for (std::int64_t index = 0; index < size; ++index) {
    if (stop.stop_requested()) return false;
    const TrainingBatch batch = loader.take();
    if (index + 1 < size) loader.start(0, {index + 1});
    const InputPlanes planes = moved(batch.planes, device_);
    const auto logits = average_.network()->forward(planes.optical, planes.terrain);
    const auto labels = moved(batch.labels, device_);
    loss += segmentation_loss(logits, labels, loss_options_);
    scores.add(logits, labels);
  }
  event.validated = true;
  event.validation = scores.counts();
  event.validation_loss = loss.item<double>() / static_cast<double>(std::max<std::int64_t>(1, size));
  return true;
}

void TrainingRun::keep_best(const TrainingEvent& event) {
  const bool last = state_.finished_passes + 1 == task_.options.epochs;
  const double f1 = event.validated ? event.validation.at(1).f1() : -1;
  const bool better = event.validated ? f1 > state_.best_f1 : last;
  state_.passes_since_best = better ? 0 : state_.passes_since_best + 1;
  if (!better) return;
  state_.best_f1 = f1;
  if (task_.files.best.empty()) return;
  NamedTensors tensors;
  collect(*average_.network(), kModelPrefix, tensors);
  write_tensors(task_.files.best, {{kCardKey, task_.card.to_json()}, {"format", "pt"}}, tensors);
}

TrainingEvent TrainingRun::take_event() {
  require_finite_losses();
  const auto now = Clock::now();
  TrainingEvent event;
  event.epoch = state_.finished_passes;
  event.step = state_.step;
  event.steps = steps();
  event.precision = state_.precision;
  event.learning_rate = learning_rate_of(std::max<std::int64_t>(0, state_.step - 1));
  if (!pending_.empty()) {  // empty after a stop between the last step of a pass and its end
    const auto count = static_cast<double>(pending_.size());
    double sum = 0, contrast = 0;
    for (const PendingLoss& pending : pending_) {
      sum += pending.loss.item<double>();
      if (pending.contrast.defined()) contrast += pending.contrast.item<double>();
    }
    last_loss_ = sum / count;
    event.contrast = contrast / count;
    event.seconds_a_step = std::chrono::duration<double>(now - last_event_).count() / count;
  }
  event.loss = last_loss_;
  pending_.clear();
  last_event_ = now;
  return event;
}

void TrainingRun::require_finite_losses() {
  for (const PendingLoss& pending : pending_) {
    if (std::isfinite(pending.loss.item<double>())) continue;
    loader_.wait();  // the source is not asked twice at once
    throw Error(
        Fault::not_finite,
        "the loss is not a number at step " + std::to_string(pending.step) +
            ", in the batch that begins with " +
            task_.samples.place(state_.finished_passes, pending.first_sample) +
            ": look for values there that are marked valid but are not numbers, or lower the learning rate; "
            "the last checkpoint is kept");
  }
}

bool TrainingRun::out_of_patience() const {
  return task_.options.patience > 0 && state_.passes_since_best >= task_.options.patience;
}

RunIdentity TrainingRun::identity() const {
  return {task_.options, task_.samples.size(), task_.samples.side()};
}

}  // namespace scarp::nn
