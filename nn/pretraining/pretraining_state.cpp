// SPDX-License-Identifier: Apache-2.0
#include "nn/pretraining/pretraining_state.h"

#include "nn/error.h"
#include "nn/io/strict_json.h"
#include "nn/training/resumption.h"

namespace scarp::nn {
namespace {

using PretrainingJson = nlohmann::ordered_json;

constexpr const char* kFused = "fused";
constexpr const char* kExplicit = "explicit";

const char* attention_word(AttentionChoice choice) {
  if (choice == AttentionChoice::automatic) return "automatic";
  return choice == AttentionChoice::fused ? kFused : kExplicit;
}

AttentionPath attention_path_of(const std::string& word, const std::string& what) {
  if (word == kFused) return AttentionPath::fused;
  if (word == kExplicit) return AttentionPath::explicit_formula;
  throw Error(Fault::unreadable, what + ": its state holds no path of attention, fused or explicit");
}

PretrainingJson common_json(const PretrainOptions& o) {
  return {{"method", name_of(o.method)},
          {"backbone", o.backbone},
          {"width", o.width},
          {"depth", o.depth},
          {"heads", o.heads},
          {"mask_ratio", o.mask_ratio},
          {"seed", o.seed},
          {"epochs", o.epochs},
          {"batch", o.batch},
          {"learning_rate", o.learning_rate},
          {"warmup", o.warmup},
          {"weight_decay", o.weight_decay},
          {"clip_norm", o.clip_norm},
          {"smallest_crop", o.smallest_crop},
          {"flips", o.flips},
          {"ground_ratio", o.ground_ratio},
          {"precision", word_of(o.precision)},
          {"attention", attention_word(o.attention)}};
}

PretrainingJson pretraining_identity_json(const PretrainingIdentity& identity) {
  const PretrainOptions& o = identity.resolved;
  PretrainingJson json = common_json(o);
  if (o.method == PretrainMethod::msn) {
    json.update({{"random_views", o.random_views},
                 {"focal_views", o.focal_views},
                 {"focal_side", o.focal_side},
                 {"prototypes", o.prototypes},
                 {"head_hidden", o.head_hidden},
                 {"head_outputs", o.head_outputs},
                 {"temperature", o.temperature},
                 {"sharpening", o.sharpening},
                 {"me_max_weight", o.me_max_weight},
                 {"sinkhorn_rounds", o.sinkhorn_rounds},
                 {"photometric", o.photometric}});
  } else {
    json.update({{"decoder_width", o.decoder_width},
                 {"decoder_depth", o.decoder_depth},
                 {"decoder_heads", o.decoder_heads},
                 {"normalise_targets", o.normalise_targets},
                 {"drop_modality", o.drop_modality},
                 {"terrain_noise_m", o.terrain_noise_m}});
  }
  if (o.method == PretrainMethod::hpm) {
    json.update({{"hpm_masks", static_cast<int>(o.hpm_masks)},
                 {"hpm_targets", static_cast<int>(o.hpm_targets)},
                 {"hardest_share", o.hardest_share},
                 {"relative_loss", o.relative_loss},
                 {"teacher_decay", o.teacher_decay}});
  }
  json.update({{"windows", identity.windows}, {"side", identity.side}});
  return json;
}

}  // namespace

std::string pretraining_state_json(const PretrainingState& state, const PretrainingIdentity& identity) {
  const PretrainingJson document = {
      {"step", state.step},
      {"finished_passes", state.finished_passes},
      {"precision", word_of(state.precision)},
      {"attention", state.attention == AttentionPath::fused ? kFused : kExplicit},
      {"options", pretraining_identity_json(identity)}};
  return dump_strict_json(document, "pretraining state");
}

PretrainingState pretraining_state_from(const std::string& json,
                                        const PretrainingIdentity& identity,
                                        const std::string& what) {
  const auto document = parse_strict_json(json, what + ": pretraining state", 4);
  try {
    require_same_options(document.at("options"), pretraining_identity_json(identity), what);
    PretrainingState state;
    state.step = count_in(document, "step", what);
    state.finished_passes = count_in(document, "finished_passes", what);
    state.precision = trained_precision(document, what);
    state.attention = attention_path_of(document.at("attention").get<std::string>(), what);
    return state;
  } catch (const PretrainingJson::exception& error) {
    throw Error(Fault::unreadable, what + ": pretraining state: " + error.what());
  }
}

}  // namespace scarp::nn
