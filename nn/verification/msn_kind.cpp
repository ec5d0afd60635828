// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <torch/torch.h>

#include "nn/torch/masked_siamese.h"
#include "nn/training/parameter_average.h"
#include "nn/training/schedules.h"
#include "nn/verification/mae_kind.h"

namespace scarp::nn {

namespace {

constexpr std::int64_t kMostRounds = 1000;
const std::set<std::string> kWithoutGradient = {"norm.bias", "fc.fc1.bias", "fc.fc2.bias"};

SiameseEncoder golden_branch(const GoldenCase& golden,
                             const char* prefix,
                             const at::Tensor& images,
                             at::ScalarType type) {
  auto weights = golden.under(prefix);
  weights.erase("prototypes");
  SiameseOptions options;
  const auto patch = weight_of(weights, "patch_embed.proj.weight", 4).size(2);
  options.encoder = trunk_options(weights, golden, grid_of_images(images, patch));
  options.encoder.positions = PositionKind::learned;
  options.hidden = weight_of(weights, "fc.fc1.weight", 2).size(0);
  options.outputs = weight_of(weights, "fc.fc3.weight", 2).size(0);
  SiameseEncoder branch(options);
  load_exactly(*branch, weights);
  branch->to(type);
  branch->train();
  return branch;
}

SiameseLossOptions loss_options(const GoldenCase& golden, bool balanced) {
  SiameseLossOptions options;
  options.temperature = golden.number("tau");
  options.sharpening = golden.number("T");
  options.me_max_weight = golden.number("memax_weight");
  options.entropy_weight = golden.number("ent_weight");
  options.sinkhorn_rounds = balanced ? golden.whole("sinkhorn_iterations") : 0;
  TORCH_CHECK(options.sinkhorn_rounds <= kMostRounds, "sinkhorn_iterations is out of reason");
  return options;
}

/// @param step  of a training; negative: the file holds one step without that dimension
SiameseViews golden_views(const GoldenCase& golden, std::int64_t step, at::ScalarType type) {
  const auto view = [&](const std::string& name) {
    const auto tensor = golden.get(name, type);
    return step < 0 ? tensor : tensor[step];
  };
  SiameseViews views;
  for (std::int64_t i = 0; golden.has("in/rand_" + std::to_string(i)); ++i)
    views.random.push_back(view("in/rand_" + std::to_string(i)));
  for (std::int64_t i = 0; golden.has("in/focal_" + std::to_string(i)); ++i)
    views.focal.push_back(view("in/focal_" + std::to_string(i)));
  views.kept = view("in/perm");
  return views;
}

bool is_siamese(const GoldenCase& golden) {
  return golden.has("weights/prototypes") && golden.has("in/rand_0") && golden.has_under("target");
}

void add_statistics(const SiameseEncoder& branch, const std::string& prefix, Answers& answers) {
  for (const auto& item : branch->named_buffers()) {
    const bool whole = !item.value().is_floating_point();
    answers[prefix + "/" + item.key()] = {item.value().clone(), whole ? Measure::exact : Measure::forward};
  }
}

// As of contrast: products of unit vectors, right to the last bit of 1, are divided by the temperature. The
// targets' is the product of both.
double rounding_of(const SiameseLossOptions& options) {
  return std::numeric_limits<float>::epsilon() / (options.temperature * options.sharpening);
}

void add_losses(const SiameseLoss& loss, double rounding, const std::string& suffix, Answers& answers) {
  answers["out/ce" + suffix] = {loss.cross_entropy.detach(), Measure::loss};
  answers["out/total" + suffix] = {loss.total.detach(), Measure::loss};
  answers["out/target_probs" + suffix] = {loss.targets, Measure::forward};
  answers["out/me_max"] = {loss.me_max.detach(), Measure::loss};
  answers["out/entropy"] = {loss.entropy.detach(), Measure::loss};
  for (const char* name : {"out/ce", "out/total", "out/target_probs"})
    answers[name + suffix].rounding = rounding;
}

void add_siamese_gradients(SiameseEncoder& anchor,
                           at::Tensor& prototypes,
                           const std::string& prefix,
                           Answers& answers) {
  add_gradients(*anchor, prefix, answers);
  answers[prefix + "/prototypes"] = {prototypes.grad().clone(), Measure::gradient};
  for (const auto& name : kWithoutGradient) mark_zero(answers, {prefix + "/" + name});
  anchor->zero_grad();
  prototypes.mutable_grad().reset();
}

// The two groups of views apart, and before the projection: what the file holds besides.
void add_tokens(const GoldenCase& golden, at::ScalarType type, const SiameseViews& views, Answers& answers) {
  const torch::NoGradGuard no_grad;
  auto anchor = golden_branch(golden, "weights", views.random[0], type);
  auto target = golden_branch(golden, "target", views.random[0], type);
  const auto images = golden.get("in/target", type);
  const auto add = [&](const char* name, const at::Tensor& value) {
    answers[name] = {value, Measure::forward};
  };
  add("out/cls_rand", anchor->class_token(torch::cat(views.random), views.kept));
  if (!views.focal.empty()) {
    const auto focal = torch::cat(views.focal);
    add("out/cls_focal", anchor->class_token(focal));
    add("out/pos_focal", anchor->positions(anchor->grid_of(focal)));
  }
  add("out/cls_target", target->class_token(images));
  add("out/target_last_block_cls", target->low_shot_feature(images));
}

Answers compute_siamese_step(const GoldenCase& golden, at::ScalarType type) {
  const SiameseViews views = golden_views(golden, -1, type);
  const auto images = golden.get("in/target", type);
  auto anchor = golden_branch(golden, "weights", views.random[0], type);
  auto target = golden_branch(golden, "target", views.random[0], type);
  auto prototypes = golden.get("weights/prototypes", type).clone().requires_grad_();
  const auto z = anchor->anchors(views);
  const auto z_target = [&] {
    const torch::NoGradGuard no_grad;
    return target->target(images);
  }();
  Answers answers;
  const auto options = loss_options(golden, false);
  const auto plain = siamese_loss(z, z_target, prototypes, options);
  plain.total.backward({}, /*retain_graph=*/true);
  add_siamese_gradients(anchor, prototypes, "grad", answers);
  const auto balanced = siamese_loss(z, z_target, prototypes, loss_options(golden, true));
  balanced.total.backward();
  add_siamese_gradients(anchor, prototypes, "grad_sinkhorn", answers);
  add_losses(plain, rounding_of(options), "", answers);
  add_losses(balanced, rounding_of(options), "_sinkhorn", answers);
  answers["out/z_anchor"] = {z.detach(), Measure::forward};
  answers["out/z_target"] = {z_target, Measure::forward};
  add_statistics(anchor, "out/anchor_after", answers);
  add_statistics(target, "out/target_after", answers);
  add_tokens(golden, type, views, answers);
  return answers;
}

SiameseSchedules schedules_of(const nlohmann::ordered_json& config) {
  SiameseSchedules schedules;
  schedules.start_rate = config.at("start_lr").get<double>();
  schedules.highest_rate = config.at("lr").get<double>();
  schedules.final_rate = config.at("final_lr").get<double>();
  schedules.first_decay = config.at("wd").get<double>();
  schedules.last_decay = config.at("final_wd").get<double>();
  schedules.warmup = config.at("warmup").get<double>();
  schedules.epochs = config.at("epochs").get<double>();
  schedules.steps_an_epoch = config.at("iters_per_epoch").get<std::int64_t>();
  schedules.first_sharpening = config.value("T0", 0.25);
  schedules.last_sharpening = config.value("T1", 0.25);
  return schedules;
}

AdamW siamese_optimiser(const GoldenCase& golden,
                        const SiameseEncoder& anchor,
                        const at::Tensor& prototypes) {
  std::vector<ParameterGroup> groups(3);
  groups[1].decayed = groups[2].decayed = false;
  for (const auto& item : anchor->named_parameters()) {
    const bool decays = item.value().dim() > 1 && item.key().find("bn") == std::string::npos;
    groups[decays ? 0 : 1].parameters.emplace_back(item.key(), item.value());
  }
  groups[2].parameters.emplace_back("prototypes", prototypes);
  AdamW::Options options;
  options.beta1 = golden.config.at("betas").at(0).get<double>();
  options.beta2 = golden.config.at("betas").at(1).get<double>();
  options.epsilon = golden.number("adam_eps");
  return {groups, options};
}

Answers compute_siamese_steps(const GoldenCase& golden, at::ScalarType type) {
  const auto images = golden.get("in/target", type);
  TORCH_CHECK(images.dim() == 5, "in/target must be [S, N, C, H, W]");
  auto anchor = golden_branch(golden, "weights", images, type);
  auto target = golden_branch(golden, "target", images, type);
  auto prototypes = golden.get("weights/prototypes", type).clone().requires_grad_();
  AdamW optimiser = siamese_optimiser(golden, anchor, prototypes);
  const SiameseSchedules schedules = schedules_of(golden.config);
  const auto momentum = golden.config.at("momentum").get<std::vector<double>>();
  const auto options = loss_options(golden, golden.flag("sinkhorn", false));
  std::vector<at::Tensor> ce, me_max, entropy, norms;
  std::vector<double> rates, decays;
  for (std::int64_t step = 0; step < images.size(0); ++step) {
    const auto z = anchor->anchors(golden_views(golden, step, type));
    const auto z_target = [&] {
      const torch::NoGradGuard no_grad;
      return target->target(images[step]);
    }();
    const auto loss = siamese_loss(z, z_target, prototypes, options);
    rates.push_back(schedules.learning_rate(step));
    decays.push_back(schedules.weight_decay(step));
    optimiser.zero_gradients();
    loss.total.backward();
    anchor->clear_rounding_gradients();
    norms.push_back(clip_gradients(anchor->parameters(), golden.number("clip_grad")));
    optimiser.step(rates.back(), decays.back());
    average_parameters(*target, *anchor, momentum.at(static_cast<std::size_t>(step)));
    ce.push_back(loss.cross_entropy.detach());
    me_max.push_back(loss.me_max.detach());
    entropy.push_back(loss.entropy.detach());
  }
  Answers answers;
  answers["out/ce"] = {torch::stack(ce), Measure::trajectory};
  answers["out/me_max"] = {torch::stack(me_max), Measure::trajectory};
  answers["out/ent"] = {torch::stack(entropy), Measure::trajectory};
  answers["out/grad_norm_before_clip"] = {torch::stack(norms), Measure::trajectory};
  answers["out/lr"] = {torch::tensor(rates, torch::kFloat64), Measure::exact};
  answers["out/wd"] = {torch::tensor(decays, torch::kFloat64), Measure::exact};
  answers["out/momentum"] = {torch::tensor(momentum, torch::kFloat64), Measure::exact};
  answers["out/prototypes"] = {prototypes.detach(), Measure::trajectory};
  add_state(*anchor, "out/encoder", kWithoutGradient, answers);
  add_state(*target, "out/target", kWithoutGradient, answers);
  return answers;
}

Answers compute_siamese(const GoldenCase& golden, at::ScalarType type) {
  return golden.has_under("out/encoder") ? compute_siamese_steps(golden, type)
                                         : compute_siamese_step(golden, type);
}

bool is_siamese_part(const GoldenCase& golden) {
  return golden.config.contains("cases") && golden.config["cases"].is_array() &&
         (golden.has("in/case0/prototypes") || golden.has("out64/case0/momentum"));
}

void add_loss_case(const GoldenCase& golden, std::size_t number, at::ScalarType type, Answers& answers) {
  const auto& config = golden.config["cases"][number];
  const std::string which = "case" + std::to_string(number);
  for (const bool balanced : {false, true}) {
    const std::string name = which + (balanced ? "/sinkhorn/" : "/plain/");
    SiameseLossOptions options;
    options.temperature = config.at("tau").get<double>();
    options.sharpening = config.at("T").get<double>();
    options.me_max_weight = config.at("lambda").get<double>();
    options.entropy_weight = config.at("mu").get<double>();
    options.sinkhorn_rounds = balanced ? 3 : 0;
    auto anchors = golden.get("in/" + which + "/anchors", type).clone().requires_grad_();
    auto prototypes = golden.get("in/" + which + "/prototypes", type).clone().requires_grad_();
    const auto loss =
        siamese_loss(anchors, golden.get("in/" + which + "/targets", type), prototypes, options);
    loss.total.backward();
    answers["grad/" + name + "anchors"] = {anchors.grad(), Measure::gradient};
    answers["grad/" + name + "prototypes"] = {prototypes.grad(), Measure::gradient};
    answers["out/" + name + "ce"] = {loss.cross_entropy.detach(), Measure::loss};
    answers["out/" + name + "me_max"] = {loss.me_max.detach(), Measure::loss};
    answers["out/" + name + "entropy"] = {loss.entropy.detach(), Measure::loss};
    answers["out/" + name + "targets"] = {loss.targets, Measure::forward};
    const double rounding = rounding_of(options);
    for (const char* loss_name : {"ce", "targets"}) answers["out/" + name + loss_name].rounding = rounding;
    for (const char* of : {"anchors", "prototypes"}) answers["grad/" + name + of].rounding = rounding;
  }
}

void add_schedule_case(const GoldenCase& golden, std::size_t number, Answers& answers) {
  const SiameseSchedules schedules = schedules_of(golden.config["cases"][number]);
  const std::string which = "out/case" + std::to_string(number) + "/";
  const auto steps = golden.get("out64/case" + std::to_string(number) + "/lr").numel();
  const auto add = [&](const char* name, auto&& value_at) {
    std::vector<double> values;
    for (std::int64_t step = 0; step < steps; ++step) values.push_back(value_at(step));
    answers[which + name] = {torch::tensor(values, torch::kFloat64), Measure::exact};
  };
  add("lr", [&](std::int64_t step) { return schedules.learning_rate(step); });
  add("wd", [&](std::int64_t step) { return schedules.weight_decay(step); });
  add("momentum", [&](std::int64_t step) { return schedules.momentum(step); });
  add("sharpen", [&](std::int64_t step) { return schedules.sharpening(step); });
}

Answers compute_siamese_part(const GoldenCase& golden, at::ScalarType type) {
  Answers answers;
  for (std::size_t i = 0; i < golden.config["cases"].size(); ++i) {
    if (golden.has("in/case0/prototypes"))
      add_loss_case(golden, i, type, answers);
    else
      add_schedule_case(golden, i, answers);
  }
  return answers;
}

}  // namespace

GoldenKind msn_kind() {
  return {"msn", is_siamese, compute_siamese};
}

GoldenKind msn_parts_kind() {
  return {"msn", is_siamese_part, compute_siamese_part};
}

}  // namespace scarp::nn
