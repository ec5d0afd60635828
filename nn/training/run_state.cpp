// SPDX-License-Identifier: Apache-2.0
#include "nn/training/run_state.h"

#include "nn/error.h"
#include "nn/io/strict_json.h"
#include "nn/training/resumption.h"

namespace scarp::nn {
namespace {

using StateJson = nlohmann::ordered_json;

StateJson contrast_json(const ContrastOptions& options) {
  if (!options.on()) return "off";
  return {{"weight", options.weight},
          {"temperature", options.temperature},
          {"ramp", options.ramp},
          {"keys", static_cast<int>(options.keys)},
          {"anchors", to_string(options.anchors)},
          {"stride", options.stride},
          {"band", options.band},
          {"width", options.width},
          {"queue", options.queue},
          {"warmup", options.warmup},
          {"draws", options.draws}};
}

StateJson identity_json(const RunIdentity& identity) {
  const auto& options = identity.options;
  StateJson document = {{"seed", options.seed},
                        {"epochs", options.epochs},
                        {"batch", options.batch},
                        {"learning_rate", options.learning_rate},
                        {"weight_decay", options.weight_decay},
                        {"warmup", options.warmup},
                        {"clip_norm", options.clip_norm},
                        {"dice_weight", options.dice_weight},
                        {"class_weights", options.class_weights},
                        {"toe_weight", options.toe_weight},
                        {"toe_width", options.toe_width},
                        {"average_decay", options.average_decay},
                        {"flips", options.flips},
                        {"rotation", options.rotation},
                        {"scale", options.scale},
                        {"photometric", options.photometric},
                        {"drop_optical", options.drop_optical},
                        {"drop_terrain", options.drop_terrain},
                        {"patience", options.patience},
                        {"contrast", contrast_json(options.contrast)},
                        {"precision", word_of(options.precision)},
                        {"samples", identity.samples},
                        {"side", identity.side}};
  if (options.backbones.files.empty()) return document;
  document["backbone_weights"] = options.backbones.pretrained ? "pretrained" : "drawn";
  document["backbone"] = options.backbones.frozen ? "frozen" : "tuned";
  document["backbone_rate"] = options.backbones.rate;
  document["layer_decay"] = options.backbones.layer_decay;
  return document;
}

}  // namespace

std::string run_state_json(const RunState& state, const RunIdentity& identity) {
  const StateJson document = {{"step", state.step},
                              {"finished_passes", state.finished_passes},
                              {"best_f1", state.best_f1},
                              {"passes_since_best", state.passes_since_best},
                              {"precision", word_of(state.precision)},
                              {"options", identity_json(identity)}};
  return dump_strict_json(document, "training state");
}

RunState run_state_from(const std::string& json, const RunIdentity& identity, const std::string& what) {
  const auto document = parse_strict_json(json, what + ": training state", 4);
  try {
    require_same_options(document.at("options"), identity_json(identity), what);
    return {count_in(document, "step", what), count_in(document, "finished_passes", what),
            document.at("best_f1").get<double>(), count_in(document, "passes_since_best", what),
            trained_precision(document, what)};
  } catch (const StateJson::exception& error) {
    throw Error(Fault::unreadable, what + ": training state: " + error.what());
  }
}

}  // namespace scarp::nn
