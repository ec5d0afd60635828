// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include "nn/torch/coordinate_attention.h"
#include "nn/torch/positions.h"
#include "nn/verification/mae_kind.h"

namespace scarp::nn {

namespace {

std::vector<std::string> strings_between(const std::string& text, const std::vector<std::string>& marks) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (const std::string& mark : marks) {
    const auto at = text.find(mark, from);
    if (at == std::string::npos) return {};
    parts.push_back(text.substr(from, at - from));
    from = at + mark.size();
  }
  parts.push_back(text.substr(from));
  return parts;
}

bool is_block(const GoldenCase& golden) {
  return golden.has("weights/attn.qkv.weight") && golden.has("weights/norm2.weight") && golden.has("in/x");
}

Answers compute_block(const GoldenCase& golden, at::ScalarType type) {
  const auto weights = golden.under("weights");
  TransformerBlockOptions options;
  options.width = weight_of(weights, "attn.qkv.weight", 2).size(1);
  options.heads = golden.whole("heads");
  options.mlp_width = weight_of(weights, "mlp.fc1.weight", 2).size(0);
  options.epsilon = golden.number("ln_eps", 1e-6);
  TransformerBlock block(options);
  load_exactly(*block, weights);
  block->to(type);
  auto x = golden.get("in/x", type).clone().requires_grad_();
  const auto y = block(x);
  y.backward(golden.get("in/grad_out", type));
  Answers answers;
  add_gradients(*block, "grad", answers);
  answers["grad/x"] = {x.grad(), Measure::gradient};
  answers["out/y"] = {y.detach(), Measure::forward};
  const torch::NoGradGuard no_grad;
  answers["out/attention"] = {block->attend(x), Measure::forward};
  return answers;
}

bool is_positions(const GoldenCase& golden) {
  if (golden.has_under("out/by_size")) return true;
  if (!golden.config.contains("cases")) return false;
  const auto& cases = golden.config["cases"];
  return cases.is_array() && !cases.empty() && cases[0].is_object() && cases[0].contains("g");
}

// Before memory is taken for a table: names and config can ask for any, the file holds what it holds.
bool holds_table(const GoldenCase& golden, const std::string& name, std::int64_t g, std::int64_t width) {
  bool held = false;
  for (const char* folder : {"out/", "out64/"}) {
    if (!golden.has(folder + name)) continue;
    held = true;
    TORCH_CHECK(golden.get(folder + name).numel() == (1 + g * g) * width, folder, name,
                " has another size than a table of a ", g, " x ", g, " grid");
  }
  return held;
}

// Tables in/gA_to_gB_DW, square grids.
void add_resized(const GoldenCase& golden, const std::string& name, at::ScalarType type, Answers& answers) {
  const auto parts = strings_between(name, {"g", "_to_g", "_D"});
  TORCH_CHECK(parts.size() == 4, "in/", name, " is not named gA_to_gB_DW");
  const std::int64_t from = std::stoll(parts[1]), to = std::stoll(parts[2]);
  TORCH_CHECK(from >= 1 && from <= 512 && to >= 1 && to <= 512, "the grids of ", name, " are out of reason");
  const auto given = golden.get("in/" + name, type);
  const bool by_size = holds_table(golden, "by_size/" + name, to, given.size(-1));
  if (!holds_table(golden, "by_scale_factor/" + name, to, given.size(-1)) && !by_size) return;
  const auto table = resized_positions(given, {from, from}, {to, to});
  answers["out/by_size/" + name] = {table, Measure::forward};
  answers["out/by_scale_factor/" + name] = {table, Measure::forward};
}

Answers compute_positions(const GoldenCase& golden, at::ScalarType type) {
  Answers answers;
  for (const auto& item : golden.under("in")) add_resized(golden, item.first, type, answers);
  if (golden.has_under("in")) return answers;
  for (const auto& each : golden.config["cases"]) {
    const auto width = each.at("D").get<std::int64_t>(), g = each.at("g").get<std::int64_t>();
    TORCH_CHECK(width >= 4 && width <= 8192 && g >= 1 && g <= 512, "a case is out of reason");
    const std::string name = "D" + std::to_string(width) + "_g" + std::to_string(g);
    if (!holds_table(golden, name, g, width)) continue;
    answers["out/" + name] = {sincos_positions(width, {g, g}).to(type), Measure::forward};
  }
  return answers;
}

bool is_coordinate_attention(const GoldenCase& golden) {
  return golden.has("weights/conv_h.weight") && golden.has("weights/conv_w.weight");
}

void add_mode(const GoldenCase& golden, const std::string& mode, at::ScalarType type, Answers& answers) {
  const auto weights = golden.under("weights");
  const auto channels = weight_of(weights, "conv1.weight", 4).size(1);
  CoordinateAttention attention(CoordinateAttentionOptions{channels, golden.whole("reduction")});
  load_exactly(*attention, weights);
  attention->to(type);
  attention->train(mode == "train");
  auto x = golden.get("in/x", type).clone().requires_grad_();
  const auto y = attention(x);
  y.backward(golden.get("in/grad_out", type));
  add_gradients(*attention, "grad/" + mode, answers);
  if (mode == "train") mark_zero(answers, {"grad/train/conv1.bias"});
  answers["grad/" + mode + "/x"] = {x.grad(), Measure::gradient};
  answers["out/" + mode + "/y"] = {y.detach(), Measure::forward};
  for (const auto& item : attention->named_buffers()) {
    const bool whole = !item.value().is_floating_point();
    answers["out/" + mode + "/after/" + item.key()] = {item.value(),
                                                       whole ? Measure::exact : Measure::forward};
  }
}

Answers compute_coordinate_attention(const GoldenCase& golden, at::ScalarType type) {
  Answers answers;
  add_mode(golden, "train", type, answers);
  add_mode(golden, "eval", type, answers);
  return answers;
}

bool is_optimiser(const GoldenCase& golden) {
  return golden.has("in/p0") && golden.has("in/g0") && golden.config.contains("runs");
}

void add_run(const GoldenCase& golden, std::size_t run, at::ScalarType type, Answers& answers) {
  constexpr const char* kUndecayed = "1";  // the second parameter is in a group without decay
  const auto& settings = golden.config["runs"][run];
  std::vector<ParameterGroup> groups(2);
  groups[1].decayed = false;
  for (std::size_t i = 0; golden.has("in/p" + std::to_string(i)); ++i) {
    const std::string name = std::to_string(i);
    groups[name == kUndecayed ? 1 : 0].parameters.emplace_back(
        name, golden.get("in/p" + name, type).clone().requires_grad_());
  }
  AdamW::Options options{settings.at("betas").at(0), settings.at("betas").at(1), settings.at("eps"),
                         settings.at("weight_decay")};
  AdamW optimiser(groups, options);
  std::map<std::string, std::vector<at::Tensor>> path;
  const auto steps = golden.get("in/g0").size(0);
  for (std::int64_t step = 0; step < steps; ++step) {
    for (auto& group : groups) {
      for (auto& [name, parameter] : group.parameters)
        parameter.mutable_grad() = golden.get("in/g" + name, type)[step].clone();
    }
    optimiser.step(settings.at("lr").get<double>());
    for (const auto& group : groups) {
      for (const auto& [name, parameter] : group.parameters) path[name].push_back(parameter.detach().clone());
    }
  }
  NamedTensors state;
  optimiser.save(state);
  const std::string prefix = "out/run" + std::to_string(run) + "/";
  for (const auto& [name, values] : path) {
    answers[prefix + "p" + name] = {torch::stack(values), Measure::optimiser};
    answers[prefix + "m" + name] = {state.at("adam.m." + name), Measure::optimiser};
    answers[prefix + "v" + name] = {state.at("adam.v." + name), Measure::optimiser};
  }
}

Answers compute_optimiser(const GoldenCase& golden, at::ScalarType type) {
  Answers answers;
  for (std::size_t run = 0; run < golden.config["runs"].size(); ++run) add_run(golden, run, type, answers);
  return answers;
}

}  // namespace

GoldenKind block_kind() {
  return {"block", is_block, compute_block};
}

GoldenKind positions_kind() {
  return {"positions", is_positions, compute_positions};
}

GoldenKind coordinate_attention_kind() {
  return {"coordatt", is_coordinate_attention, compute_coordinate_attention};
}

GoldenKind optimiser_kind() {
  return {"optim", is_optimiser, compute_optimiser};
}

}  // namespace scarp::nn
