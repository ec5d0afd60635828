// SPDX-License-Identifier: Apache-2.0
#include "nn/pretraining/pretraining_run.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/card_file.h"
#include "nn/io/safetensors.h"
#include "nn/torch/device.h"
#include "nn/training/autocast.h"
#include "nn/training/batch_order.h"
#include "nn/training/precision_probe.h"
#include "nn/training/resumption.h"

namespace scarp::nn {
namespace {

constexpr std::size_t kStepsBetweenEvents = 10;
constexpr std::int64_t kWindowOrder = -20;  // streams of one seed that never meet
constexpr std::int64_t kMaskNoise = -21;
constexpr const char* kPretrainingKey = "scarp_pretraining";
constexpr double kCollapsedSpread = 0.05;
constexpr double kCollapsedEntropy = 0.5;  // of the mean assignment, as a share of the highest: fewer
                                           // than the root of all prototypes are in use

std::int64_t whole_steps(const PretrainTask& task) {
  const std::int64_t steps = task.windows.size() / task.resolved.batch;
  if (steps >= 1) return steps;
  throw Error(Fault::bad_argument,
              "there are " + std::to_string(task.windows.size()) + " windows a pass, fewer than a batch of " +
                  std::to_string(task.resolved.batch) + ": draw more windows, or take a smaller batch");
}

std::unique_ptr<PretrainingMethod> placed_method(const PretrainTask& task,
                                                 std::int64_t steps_a_pass,
                                                 at::Device device) {
  auto method = make_method(task.card, task.resolved, steps_a_pass);
  method->to(device);
  return method;
}

AdamW::Options adam_options(const PretrainOptions& resolved) {
  return {0.9, resolved.method == PretrainMethod::msn ? 0.999 : 0.95, 1e-8, resolved.weight_decay};
}

std::vector<ViewBatch> moved_views(const std::vector<ViewBatch>& views, at::Device device) {
  std::vector<ViewBatch> moved = views;
  for (ViewBatch& view : moved) {
    view.optical = view.optical.to(device, /*non_blocking=*/true);
    view.terrain = view.terrain.to(device, /*non_blocking=*/true);
  }
  return moved;
}

double seconds_of_pretraining_step(PretrainingMethod& method,
                                   const std::vector<ViewBatch>& views,
                                   const StepPlace& place,
                                   Precision precision,
                                   at::Device device) {
  const auto begin = std::chrono::steady_clock::now();
  auto noise = stream_generator(1, 0, kMaskNoise);
  at::Tensor loss;
  {
    const Autocast autocast(device.type(), precision);
    loss = method.loss(views, place, noise).total;
  }
  loss.backward();
  for (const auto& each : method.networks()) each.second->zero_grad();
  static_cast<void>(loss.item<double>());  // waits for a GPU
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// What of a card decides how a network learns; names and texts may change.
bool same_sight(const BackboneCard& a, const BackboneCard& b) {
  return a.optical == b.optical && a.terrain == b.terrain && a.grouped == b.grouped &&
         a.side_px == b.side_px && a.gsd_max_m == b.gsd_max_m;
}

bool has_collapsed(const PretrainEvent& event, const PretrainOptions& resolved) {
  if (resolved.method != PretrainMethod::msn) return false;
  const double most = std::log(static_cast<double>(resolved.prototypes));
  return event.value("spread") < kCollapsedSpread || event.value("mean_entropy") < kCollapsedEntropy * most;
}

}  // namespace

PretrainingRun::PretrainingRun(const PretrainTask& task)
    : task_(task),
      device_(choose_device(task.resolved.device)),
      steps_a_pass_(whole_steps(task)),
      method_(placed_method(task, steps_a_pass_, device_)),
      optimiser_(method_->parameter_groups(), adam_options(task.resolved)),
      loader_(task.windows, task.card, task.resolved) {
  state_.precision = task.resolved.precision;
}

// On networks of its own: batch norms and random numbers of the run stay as they are.
void PretrainingRun::probe() {
  if (state_.precision != Precision::automatic) {
    state_.attention = attention_in(state_.precision);
    return;
  }
  const AttentionPath in_fp32 = attention_in(Precision::fp32), in_bf16 = attention_in(Precision::bf16);
  const auto spare = placed_method(task_, steps_a_pass_, device_);
  const auto views = moved_views(loader_.load(0, batches_left().front()).views, device_);
  state_.precision = faster_precision([&](Precision precision) {
    spare->set_attention(precision == Precision::bf16 ? in_bf16 : in_fp32);
    return seconds_of_pretraining_step(*spare, views, place_of(state_.step), precision, device_);
  });
  state_.attention = state_.precision == Precision::bf16 ? in_bf16 : in_fp32;
}

AttentionPath PretrainingRun::attention_in(Precision precision) const {
  const AttentionChoice choice = task_.resolved.attention;
  if (choice == AttentionChoice::fused) return AttentionPath::fused;
  if (choice == AttentionChoice::explicit_formula) return AttentionPath::explicit_formula;
  const auto type = precision == Precision::bf16 ? at::kBFloat16 : at::kFloat;
  return choose_attention(method_->attention_probes(), device_, type);
}

void PretrainingRun::run(const std::stop_token& stop) {
  if (state_.step >= steps()) return;
  if (!probed_) probe();
  method_->set_attention(state_.attention);
  last_event_ = Clock::now();
  while (state_.finished_passes < task_.resolved.epochs) {
    if (train_pass(stop)) {
      finish_pass();
      continue;
    }
    require_finite();
    save_last();
    return;
  }
}

std::vector<std::vector<std::int64_t>> PretrainingRun::batches_left() const {
  return shuffled_batches(task_.resolved.seed, state_.finished_passes, kWindowOrder, task_.windows.size(),
                          task_.resolved.batch, state_.step - state_.finished_passes * steps_a_pass_);
}

bool PretrainingRun::train_pass(const std::stop_token& stop) {
  const auto batches = batches_left();
  if (!batches.empty()) loader_.start(state_.finished_passes, batches.front());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (stop.stop_requested()) {
      loader_.drop();
      return false;
    }
    const PretrainBatch batch = loader_.take();
    const bool last = i + 1 == batches.size();
    if (!last) loader_.start(state_.finished_passes, batches[i + 1]);
    step(batch);
    if (pending_.size() >= kStepsBetweenEvents && !last) task_.on_event(take_event(false));
  }
  return true;
}

StepPlace PretrainingRun::place_of(std::int64_t step) const {
  return {step, steps(), state_.finished_passes, task_.resolved.epochs,
          static_cast<double>(step) / static_cast<double>(steps_a_pass_)};
}

void PretrainingRun::step(const PretrainBatch& batch) {
  const StepPlace at = place_of(state_.step);
  auto noise = stream_generator(task_.resolved.seed, state_.step, kMaskNoise);
  StepLoss loss;
  {
    const Autocast autocast(device_.type(), state_.precision);
    loss = method_->loss(moved_views(batch.views, device_), at, noise);
  }
  optimiser_.zero_gradients();
  loss.total.backward();
  method_->after_backward();
  if (task_.resolved.clip_norm > 0) {
    std::vector<at::Tensor> encoder;
    for (const ParameterGroup& group : method_->parameter_groups())
      for (const auto& [name, parameter] : group.parameters)
        if (name != "prototypes") encoder.push_back(parameter);
    clip_gradients(encoder, task_.resolved.clip_norm);
  }
  optimiser_.step(method_->learning_rate(at), method_->weight_decay(at));
  method_->after_step(at);
  loss.total = loss.total.detach();
  pending_.push_back({std::move(loss), batch.indices.front()});
  ++state_.step;
  if (device_.is_cpu()) require_finite();  // a GPU would have to be waited for
}

void PretrainingRun::finish_pass() {
  PretrainEvent event = take_event(true);
  event.collapsed = has_collapsed(event, task_.resolved);
  ++state_.finished_passes;
  save_last();
  task_.on_event(event);
}

PretrainEvent PretrainingRun::take_event(bool pass_ended) {
  require_finite();
  const auto now = Clock::now();
  PretrainEvent event;
  event.epoch = state_.finished_passes;
  event.step = state_.step;
  event.steps = steps();
  event.precision = state_.precision;
  event.pass_ended = pass_ended;
  event.learning_rate = method_->learning_rate(place_of(std::max<std::int64_t>(0, state_.step - 1)));
  if (!pending_.empty()) {  // empty after a stop between the last step of a pass and its end
    const auto count = static_cast<double>(pending_.size());
    event.seconds_a_step = std::chrono::duration<double>(now - last_event_).count() / count;
    event.images_a_second = task_.resolved.batch / event.seconds_a_step;
    double sum = 0;
    for (const PendingStep& step : pending_) sum += step.loss.total.item<double>();
    event.values.emplace_back("loss", sum / count);
    for (std::size_t v = 0; v < pending_.front().loss.values.size(); ++v) {
      double value = 0;
      for (const PendingStep& step : pending_) value += step.loss.values[v].second.item<double>();
      event.values.emplace_back(pending_.front().loss.values[v].first, value / count);
    }
  }
  pending_.clear();
  last_event_ = now;
  return event;
}

void PretrainingRun::require_finite() {
  for (const PendingStep& step : pending_) {
    if (std::isfinite(step.loss.total.item<double>())) continue;
    loader_.drop();  // the source is not asked twice at once
    throw Error(
        Fault::not_finite,
        "the loss is not a number near step " + std::to_string(state_.step) +
            ", in the batch that begins with " +
            task_.windows.place(state_.finished_passes, step.first_window) +
            ": look for values there that are marked valid but are not numbers, or lower the learning rate; "
            "the last checkpoint is kept");
  }
}

void PretrainingRun::save_last() {
  probed_ = true;
  if (task_.files.last.empty()) return;
  NamedTensors tensors;
  method_->collect(tensors);
  optimiser_.save(tensors);
  write_tensors(task_.files.last,
                {{kBackboneKey, task_.card.to_json()},
                 {kPretrainingKey, pretraining_state_json(state_, identity())},
                 {"format", "pt"}},
                tensors);
}

void PretrainingRun::resume() {
  const std::string& path = task_.files.last;
  const SafetensorsFile file(path);
  const std::string& state = state_in(file, kPretrainingKey, "pretraining");
  const BackboneCard stored = BackboneCard::from_json(state_in(file, kBackboneKey, "pretraining"));
  state_ = pretraining_state_from(state, identity(), path);
  if (!same_sight(stored, task_.card)) {
    throw Error(Fault::mismatch,
                path +
                    " was begun with other channels, statistics, pixel sizes or sides: resume "
                    "on the images it was begun with, or start a new run");
  }
  require_possible_step(state_.step, state_.finished_passes, steps_a_pass_, task_.resolved.epochs, path);
  const NamedTensors tensors = read_tensors(file, [](const std::string&) { return true; });
  method_->restore(tensors, path);
  optimiser_.load(tensors);
  probed_ = true;
}

PretrainingIdentity PretrainingRun::identity() const {
  return {task_.resolved, task_.windows.size(), task_.windows.side()};
}

}  // namespace scarp::nn
