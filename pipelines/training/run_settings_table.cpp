// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/run_settings_table.h"

#include <iterator>

#include "pipelines/runs/setting_builders.h"
#include "pipelines/training/run_settings_backbones.h"
#include "pipelines/training/run_settings_data.h"

namespace scarp::pipelines {
namespace {

template <typename At>
Setting value(std::string key, std::string unit, std::string meaning, At at) {
  return value_setting<RunSettings>(std::move(key), std::move(unit), std::move(meaning), at);
}

template <typename E, typename At>
Setting choice(std::string key, const Names<E>& names, std::string meaning, At at) {
  return choice_setting<RunSettings>(std::move(key), names, std::move(meaning), at);
}

const Names<nn::EncoderShape> kEncoders = {{"resnet18", nn::EncoderShape::resnet18},
                                           {"resnet34", nn::EncoderShape::resnet34},
                                           {"resnet50", nn::EncoderShape::resnet50}};
const Names<nn::Fusion> kFusions = {{"all_levels", nn::Fusion::all_levels},
                                    {"high_levels", nn::Fusion::high_levels},
                                    {"early", nn::Fusion::early}};
const Names<nn::Precision> kPrecisions = {{"auto", nn::Precision::automatic},
                                          {"fp32", nn::Precision::fp32},
                                          {"bf16", nn::Precision::bf16}};
const Names<nn::ContrastKeys> kKeys = {{"batch", nn::ContrastKeys::batch},
                                       {"queue", nn::ContrastKeys::queue},
                                       {"momentum", nn::ContrastKeys::momentum}};
const Names<nn::AnchorMode> kAnchors = {{"walls", nn::AnchorMode::walls},
                                        {"band", nn::AnchorMode::band},
                                        {"random", nn::AnchorMode::random}};
const Names<KeptWeights> kKept = {{"last", KeptWeights::last}, {"best", KeptWeights::best}};

void append(std::vector<Setting>& table, std::vector<Setting> more) {
  table.insert(table.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<Setting> network_settings() {
  return {
      choice(
          "network.encoder", kEncoders, "shape of both encoders",
          [](RunSettings & s) -> auto& { return s.network.encoder; }),
      value(
          "network.width", "", "factor on all channel counts",
          [](RunSettings & s) -> auto& { return s.network.width; }),
      choice(
          "network.fusion", kFusions,
          "where image and terrain meet: two encoders joined at every stride, or at strides 16 and 32 only, "
          "or "
          "one encoder for both",
          [](RunSettings & s) -> auto& { return s.network.fusion; }),
      value(
          "network.fusion_strides", "px",
          "strides at which Coordinate Attention gates the joined features; empty: none",
          [](RunSettings & s) -> auto& { return s.network.fusion_strides; }),
      value(
          "network.attention_reduction", "", "channels over hidden channels of Coordinate Attention",
          [](RunSettings & s) -> auto& { return s.network.attention_reduction; }),
      value(
          "network.input_stride", "px", "2: the network works at half resolution",
          [](RunSettings & s) -> auto& { return s.network.input_stride; }),
      value(
          "network.dropout", "", "share of features dropped in the decoder while training",
          [](RunSettings & s) -> auto& { return s.network.dropout; }),
  };
}

std::vector<Setting> sample_settings() {
  return {
      value(
          "samples.side", "px",
          "side of a training window, a multiple of 32 times network.input_stride; may see beyond the "
          "labelled ground",
          [](RunSettings & s) -> auto& { return s.sample_side; }),
      value(
          "samples.block", "px", "labelled ground is cut into blocks of at most this side",
          [](RunSettings & s) -> auto& { return s.block_side; }),
      value(
          "samples.per_block", "", "windows drawn around each block in a pass",
          [](RunSettings & s) -> auto& { return s.samples_a_block; }),
      value(
          "samples.memory_mb", "MB", "memory for pixels that were read",
          [](RunSettings & s) -> auto& { return s.memory_mb; }),
      value(
          "samples.labelled_share", "",
          "share of the training blocks that is used, drawn by training.seed: a smaller share lies within a "
          "larger one; at least one block, the first with a landslide",
          [](RunSettings & s) -> auto& { return s.labelled_share; }),
      value(
          "validation.share", "",
          "share of the blocks that validates, in whole groups of touching ground; 0: none",
          [](RunSettings & s) -> auto& { return s.validation_share; }),
      value(
          "validation.margin", "px", "training blocks nearer than this to a validation block are left out",
          [](RunSettings & s) -> auto& { return s.validation_margin_px; }),
      value(
          "validation.seed", "", "chooses the groups", [](RunSettings & s) -> auto& { return s.split_seed; }),
      value(
          "validation.folds", "",
          "folds file (scarp folds makes it): instead of share and seed, for scenes of use split",
          [](RunSettings & s) -> auto& { return s.folds_file; }),
      value(
          "validation.fold", "", "the fold that validates, from 1; needs validation.folds; 0: none",
          [](RunSettings & s) -> auto& { return s.fold; }),
  };
}

std::vector<Setting> optimiser_settings() {
  return {
      value(
          "training.seed", "", "of weights, order, windows and augmentation",
          [](RunSettings & s) -> auto& { return s.training.seed; }),
      value(
          "training.epochs", "", "passes over the samples",
          [](RunSettings & s) -> auto& { return s.training.epochs; }),
      value(
          "training.batch", "", "samples a step", [](RunSettings & s) -> auto& { return s.training.batch; }),
      value(
          "training.learning_rate", "", "of AdamW, after warm-up",
          [](RunSettings & s) -> auto& { return s.training.learning_rate; }),
      value(
          "training.weight_decay", "", "of AdamW; not on biases and norms",
          [](RunSettings & s) -> auto& { return s.training.weight_decay; }),
      value(
          "training.warmup", "", "share of the steps in which the rate rises; then half a cosine down to 0",
          [](RunSettings & s) -> auto& { return s.training.warmup; }),
      value(
          "training.clip_norm", "", "largest norm of the gradient; 0: off",
          [](RunSettings & s) -> auto& { return s.training.clip_norm; }),
      value(
          "training.dice_weight", "", "weight of the Dice loss beside cross entropy",
          [](RunSettings & s) -> auto& { return s.training.dice_weight; }),
      value(
          "training.class_weights", "", "of cross entropy, one a class; empty: all 1",
          [](RunSettings & s) -> auto& { return s.training.class_weights; }),
      value(
          "training.toe_weight", "",
          "of labels along the toes of landslides: 1 as all, 0 they say nothing; below 1 terrain needs "
          "gradient_east and gradient_north",
          [](RunSettings & s) -> auto& { return s.training.toe_weight; }),
      value(
          "training.toe_width", "pixel", "on either side of a toe's outline, where toe_weight holds",
          [](RunSettings & s) -> auto& { return s.training.toe_width; }),
      value(
          "training.average_decay", "", "of the moving average of weights, which is what is kept; 0: off",
          [](RunSettings & s) -> auto& { return s.training.average_decay; }),
  };
}

std::vector<Setting> augmentation_settings() {
  return {
      value(
          "training.flips", "", "flips and quarter turns; gradients and aspects turn with the pixels",
          [](RunSettings & s) -> auto& { return s.training.flips; }),
      value(
          "training.rotation", "degree",
          "largest random rotation; gradients and aspects turn with the pixels",
          [](RunSettings & s) -> auto& { return s.training.rotation; }),
      value(
          "training.scale", "", "largest random zoom, from 1 / scale to scale; 1: off",
          [](RunSettings & s) -> auto& { return s.training.scale; }),
      value(
          "training.photometric", "", "relative jitter of brightness and contrast of the image; 0: off",
          [](RunSettings & s) -> auto& { return s.training.photometric; }),
      value(
          "training.drop_optical", "",
          "share of samples that lose their image, so that terrain is not neglected",
          [](RunSettings & s) -> auto& { return s.training.drop_optical; }),
      value(
          "training.drop_terrain", "", "share of samples that lose their terrain",
          [](RunSettings & s) -> auto& { return s.training.drop_terrain; }),
  };
}

std::vector<Setting> course_settings() {
  return {
      value(
          "training.patience", "", "ends after so many passes without a better validation F1; 0: never",
          [](RunSettings & s) -> auto& { return s.training.patience; }),
      choice(
          "training.keep", kKept,
          "which weights become model.safetensors: those of the last pass, or of the best one in validation "
          "(its "
          "score is then too good)",
          [](RunSettings & s) -> auto& { return s.keep; }),
      value(
          "training.temperature", "",
          "temperature of the model where no ground validates, e.g. that of a comparison over folds; else it "
          "is "
          "fitted",
          [](RunSettings & s) -> auto& { return s.temperature; }),
      value(
          "training.threads", "", "threads of the network; the weights depend on it",
          [](RunSettings & s) -> auto& { return s.training.threads; }),
      value(
          "training.device", "", "auto, cpu, cuda or cuda:N",
          [](RunSettings & s) -> auto& { return s.training.device; }),
      choice(
          "training.precision", kPrecisions,
          "arithmetic of forward and backward pass; auto: bf16 where a probe at the start finds it faster",
          [](RunSettings & s) -> auto& { return s.training.precision; }),
  };
}

std::vector<Setting> contrast_settings() {
  return {
      value(
          "contrast.weight", "", "of the contrastive loss at boundaries beside the others; 0: off",
          [](RunSettings & s) -> auto& { return s.training.contrast.weight; }),
      value(
          "contrast.temperature", "", "similarities are divided by it",
          [](RunSettings & s) -> auto& { return s.training.contrast.temperature; }),
      value(
          "contrast.ramp", "", "share of the steps in which the weight rises from 0",
          [](RunSettings & s) -> auto& { return s.training.contrast.ramp; }),
      choice(
          "contrast.keys", kKeys,
          "what anchors are held against: their batch, queues of earlier batches, or queues filled by the "
          "moving average of the weights (momentum encoder)",
          [](RunSettings & s) -> auto& { return s.training.contrast.keys; }),
      choice(
          "contrast.anchors", kAnchors,
          "where anchors lie in a landslide: back and side walls, the whole inner boundary band, or anywhere",
          [](RunSettings & s) -> auto& { return s.training.contrast.anchors; }),
      value(
          "contrast.stride", "px", "side of a hyper-pixel: 4, 8 or 16 times network.input_stride",
          [](RunSettings & s) -> auto& { return s.training.contrast.stride; }),
      value(
          "contrast.band", "cells", "depth of the boundary bands",
          [](RunSettings & s) -> auto& { return s.training.contrast.band; }),
      value(
          "contrast.width", "", "numbers of an embedding",
          [](RunSettings & s) -> auto& { return s.training.contrast.width; }),
      value(
          "contrast.queue", "", "embeddings that the queue of a category holds",
          [](RunSettings & s) -> auto& { return s.training.contrast.queue; }),
      value(
          "contrast.warmup", "", "embeddings that every queue needs before queues are used",
          [](RunSettings & s) -> auto& { return s.training.contrast.warmup; }),
      value(
          "contrast.draws", "", "cells of each category drawn from a window, at most",
          [](RunSettings & s) -> auto& { return s.training.contrast.draws; }),
  };
}

}  // namespace

const std::vector<Setting>& run_settings_keys() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> settings = scene_settings();
    append(settings, channel_settings());
    append(settings, validity_settings());
    append(settings, network_settings());
    append(settings, backbone_settings());
    append(settings, sample_settings());
    append(settings, optimiser_settings());
    append(settings, backbone_course_settings());
    append(settings, augmentation_settings());
    append(settings, course_settings());
    append(settings, contrast_settings());
    return settings;
  }();
  return all;
}

}  // namespace scarp::pipelines
