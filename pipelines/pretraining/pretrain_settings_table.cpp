// SPDX-License-Identifier: Apache-2.0
#include <iterator>
#include <stdexcept>

#include "pipelines/pretraining/pretrain_settings.h"
#include "pipelines/runs/setting_builders.h"

namespace scarp::pipelines {
namespace {

const Names<nn::TerrainUnit> kTerrainUnitNames = {{"metres", nn::TerrainUnit::metres},
                                                  {"pixels", nn::TerrainUnit::pixels}};
const Names<nn::PretrainMethod> kMethodNames = {{"mae", nn::PretrainMethod::mae},
                                                {"hpm", nn::PretrainMethod::hpm},
                                                {"msn", nn::PretrainMethod::msn}};
const Names<nn::HpmMasks> kMaskNames = {{"easy_to_hard", nn::HpmMasks::easy_to_hard},
                                        {"random", nn::HpmMasks::random}};
const Names<nn::HpmTargets> kTargetNames = {{"pixels", nn::HpmTargets::pixels},
                                            {"features", nn::HpmTargets::features}};
const Names<nn::Precision> kPrecisionNames = {{"auto", nn::Precision::automatic},
                                              {"fp32", nn::Precision::fp32},
                                              {"bf16", nn::Precision::bf16}};
const Names<nn::AttentionChoice> kAttentionNames = {{"auto", nn::AttentionChoice::automatic},
                                                    {"explicit", nn::AttentionChoice::explicit_formula},
                                                    {"fused", nn::AttentionChoice::fused}};

template <typename At>
PretrainSetting value(std::string key, std::string unit, std::string meaning, At at) {
  return value_setting<PretrainSettings>(std::move(key), std::move(unit), std::move(meaning), at);
}

template <typename E, typename At>
PretrainSetting choice(std::string key, const Names<E>& names, std::string meaning, At at) {
  return choice_setting<PretrainSettings>(std::move(key), names, std::move(meaning), at);
}

UnlabelledScene unlabelled_scene(const YAML::Node& node, std::size_t number) {
  const std::string where = fmt::format("scenes[{}]", number);
  require_keys(node, {"name", "optical", "dem", "bands"}, where);
  UnlabelledScene scene;
  scene.name = fmt::format("scene {}", number);
  take(node, "name", scene.name);
  take(node, "optical", scene.optical);
  take(node, "dem", scene.dem);
  take(node, "bands", scene.bands);
  if (scene.optical.empty()) throw std::invalid_argument(where + " needs the key optical");
  return scene;
}

YAML::Node node_of(const UnlabelledScene& scene) {
  YAML::Node node;
  node["name"] = scene.name;
  node["optical"] = scene.optical;
  if (!scene.dem.empty()) node["dem"] = scene.dem;
  if (!scene.bands.empty()) node["bands"] = scene.bands;
  return node;
}

std::vector<PretrainSetting> data_keys() {
  return {
      value(
          "name", "", "name of the backbone", [](PretrainSettings & s) -> auto& { return s.name; }),
      value(
          "description", "", "on what it was pretrained, and what for",
          [](PretrainSettings & s) -> auto& { return s.description; }),
      value(
          "licence", "", "licence of the backbone", [](PretrainSettings & s) -> auto& { return s.licence; }),
      value(
          "half", "", "backbone.safetensors in half precision, for shipping",
          [](PretrainSettings & s) -> auto& { return s.half; }),
      {"scenes", "list of maps", "",
       "rasters to draw windows from; keys of each: name, optical, dem, bands (1-based)",
       [](const PretrainSettings& s) {
         YAML::Node list(YAML::NodeType::Sequence);
         for (const UnlabelledScene& scene : s.scenes) list.push_back(node_of(scene));
         return list;
       },
       [](PretrainSettings& s, const YAML::Node& node) {
         s.scenes = list_from<UnlabelledScene>(node, unlabelled_scene);
       }},
      value(
          "images", "", "folders of pictures (JPEG, PNG, TIFF; with all folders below), instead of scenes",
          [](PretrainSettings & s) -> auto& { return s.images; }),
      value(
          "bands", "", "names of the optical bands, in the order of the image; empty list: terrain alone",
          [](PretrainSettings & s) -> auto& { return s.bands; }),
      value(
          "terrain", "", "terrain channels, derived from the DEM; empty list: image alone",
          [](PretrainSettings & s) -> auto& { return s.terrain; }),
      choice(
          "terrain_unit", kTerrainUnitNames, "lengths in terrain channels in metres, or in pixels",
          [](PretrainSettings & s) -> auto& { return s.terrain_unit; }),
      value(
          "windows.side", "pixel", "side of the windows that the network sees; a multiple of the patch",
          [](PretrainSettings & s) -> auto& { return s.window_side; }),
      value(
          "windows.per_pass", "",
          "windows of one pass; 0: one for each that fits side by side on valid ground, or each picture once",
          [](PretrainSettings & s) -> auto& { return s.windows_a_pass; }),
      value(
          "windows.valid_share", "", "patches of a window that must hold data, as a share",
          [](PretrainSettings & s) -> auto& { return s.valid_share; }),
      value(
          "windows.surveyed", "",
          "windows of a scene that are looked at before the start, for valid ground and statistics; of a "
          "larger scene these are drawn at random",
          [](PretrainSettings & s) -> auto& { return s.surveyed_windows; }),
      value(
          "windows.memory", "MB", "memory for pixels that were read",
          [](PretrainSettings & s) -> auto& { return s.memory_mb; }),
  };
}

std::vector<PretrainSetting> network_keys() {
  return {
      choice(
          "method", kMethodNames, "as the verb says",
          [](PretrainSettings & s) -> auto& { return s.options.method; }),
      value(
          "network.backbone", "", "vit-t, vit-s, vit-b, vit-l or vit-h and the patch side, e.g. vit-t8",
          [](PretrainSettings & s) -> auto& { return s.options.backbone; }),
      value(
          "network.width", "", "other width than the name says; 0: as named",
          [](PretrainSettings & s) -> auto& { return s.options.width; }),
      value(
          "network.depth", "", "other depth than the name says; 0: as named",
          [](PretrainSettings & s) -> auto& { return s.options.depth; }),
      value(
          "network.heads", "", "other number of heads than the name says; 0: as named",
          [](PretrainSettings & s) -> auto& { return s.options.heads; }),
      value(
          "network.ground_ratio", "",
          "ground sampling distance over that of the base, for the position table",
          [](PretrainSettings & s) -> auto& { return s.options.ground_ratio; }),
      value(
          "decoder.width", "", "mae, hpm: width of the decoder",
          [](PretrainSettings & s) -> auto& { return s.options.decoder_width; }),
      value(
          "decoder.depth", "", "mae, hpm: blocks of the decoder",
          [](PretrainSettings & s) -> auto& { return s.options.decoder_depth; }),
      value(
          "decoder.heads", "", "mae, hpm: heads of the decoder",
          [](PretrainSettings & s) -> auto& { return s.options.decoder_heads; }),
      value(
          "targets.normalise", "", "mae, hpm: each patch to mean 0 and deviation 1 before the loss",
          [](PretrainSettings & s) -> auto& { return s.options.normalise_targets; }),
      value(
          "targets.terrain_noise", "m",
          "mae of image and terrain: noise of elevations; flat ground is not blown up beyond it",
          [](PretrainSettings & s) -> auto& { return s.options.terrain_noise_m; }),
      value(
          "targets.drop_modality", "",
          "mae of image and terrain: share of windows that lose one of the two whole",
          [](PretrainSettings & s) -> auto& { return s.options.drop_modality; }),
  };
}

std::vector<PretrainSetting> method_keys() {
  return {
      choice(
          "mining.masks", kMaskNames, "hpm: hidden patches, from easy to hard or at random",
          [](PretrainSettings & s) -> auto& { return s.options.hpm_masks; }),
      choice(
          "mining.targets", kTargetNames, "hpm: pixels, or features of the teacher's encoder",
          [](PretrainSettings & s) -> auto& { return s.options.hpm_targets; }),
      value(
          "mining.hardest_share", "", "hpm: of the hidden patches, at the end; the others are random",
          [](PretrainSettings & s) -> auto& { return s.options.hardest_share; }),
      value(
          "mining.relative", "", "hpm: learn which of two patches is harder; false: how hard, as a z-score",
          [](PretrainSettings & s) -> auto& { return s.options.relative_loss; }),
      value(
          "mining.teacher_decay", "",
          "hpm: of the moving average; 0: 0.999 to 0.9999 over 100 passes, but at most so slow that it "
          "forgets in a twentieth of the run",
          [](PretrainSettings & s) -> auto& { return s.options.teacher_decay; }),
      value(
          "siamese.random_views", "", "msn: masked views of an image",
          [](PretrainSettings & s) -> auto& { return s.options.random_views; }),
      value(
          "siamese.focal_views", "", "msn: small views of an image",
          [](PretrainSettings & s) -> auto& { return s.options.focal_views; }),
      value(
          "siamese.focal_side", "pixel", "msn: side of the small views; 0: 3/7 of the window",
          [](PretrainSettings & s) -> auto& { return s.options.focal_side; }),
      value(
          "siamese.prototypes", "", "msn: prototypes; fewer for small data",
          [](PretrainSettings & s) -> auto& { return s.options.prototypes; }),
      value(
          "siamese.head_hidden", "", "msn: hidden width of the projection head",
          [](PretrainSettings & s) -> auto& { return s.options.head_hidden; }),
      value(
          "siamese.head_outputs", "", "msn: width of what prototypes are compared with",
          [](PretrainSettings & s) -> auto& { return s.options.head_outputs; }),
      value(
          "siamese.temperature", "", "msn: of the assignments",
          [](PretrainSettings & s) -> auto& { return s.options.temperature; }),
      value(
          "siamese.sharpening", "", "msn: of the targets",
          [](PretrainSettings & s) -> auto& { return s.options.sharpening; }),
      value(
          "siamese.me_max", "",
          "msn: weight of mean entropy maximisation; without it all images become alike",
          [](PretrainSettings & s) -> auto& { return s.options.me_max_weight; }),
      value(
          "siamese.sinkhorn_rounds", "", "msn: rounds that even out the targets; 0: none",
          [](PretrainSettings & s) -> auto& { return s.options.sinkhorn_rounds; }),
      value(
          "siamese.photometric", "", "msn: strength of colour changes; 0: none",
          [](PretrainSettings & s) -> auto& { return s.options.photometric; }),
  };
}

std::vector<PretrainSetting> training_keys() {
  return {
      value(
          "training.mask_ratio", "", "hidden share of the patches; 0: 0.75 (msn: 0.3)",
          [](PretrainSettings & s) -> auto& { return s.options.mask_ratio; }),
      value(
          "training.epochs", "", "passes", [](PretrainSettings & s) -> auto& { return s.options.epochs; }),
      value(
          "training.batch", "", "windows a step",
          [](PretrainSettings & s) -> auto& { return s.options.batch; }),
      value(
          "training.learning_rate", "",
          "at the end of warm-up; 0: 0.00015 batch / 256 (msn: 0.001 batch / 1024)",
          [](PretrainSettings & s) -> auto& { return s.options.learning_rate; }),
      value(
          "training.warmup", "", "share of all steps",
          [](PretrainSettings & s) -> auto& { return s.options.warmup; }),
      value(
          "training.weight_decay", "", "0: 0.05 (msn: 0.04, rising tenfold)",
          [](PretrainSettings & s) -> auto& { return s.options.weight_decay; }),
      value(
          "training.clip_norm", "", "of the encoder's gradient; 0: none (msn: 3)",
          [](PretrainSettings & s) -> auto& { return s.options.clip_norm; }),
      value(
          "training.smallest_crop", "",
          "smallest area of random crops, as a share of the window; 1: whole windows; 0: 0.2 (msn: 0.3)",
          [](PretrainSettings & s) -> auto& { return s.options.smallest_crop; }),
      value(
          "training.flips", "", "random flips; of scenes quarter turns, too",
          [](PretrainSettings & s) -> auto& { return s.options.flips; }),
      value(
          "training.seed", "", "of weights, windows, masks",
          [](PretrainSettings & s) -> auto& { return s.options.seed; }),
      value(
          "training.threads", "", "threads of the network; the weights depend on it",
          [](PretrainSettings & s) -> auto& { return s.options.threads; }),
      value(
          "training.device", "", "auto, cpu, cuda or cuda:N",
          [](PretrainSettings & s) -> auto& { return s.options.device; }),
      choice(
          "training.precision", kPrecisionNames,
          "arithmetic of forward and backward pass; auto: bf16 where a probe at the start finds it faster",
          [](PretrainSettings & s) -> auto& { return s.options.precision; }),
      choice(
          "training.attention", kAttentionNames,
          "how attention is computed; auto: the way that a probe at the start finds faster",
          [](PretrainSettings & s) -> auto& { return s.options.attention; }),
  };
}

}  // namespace

const std::vector<PretrainSetting>& pretrain_settings_keys() {
  static const std::vector<PretrainSetting> all = [] {
    std::vector<PretrainSetting> settings = data_keys();
    for (auto&& part : {network_keys(), method_keys(), training_keys()})
      settings.insert(settings.end(), part.begin(), part.end());
    return settings;
  }();
  return all;
}

}  // namespace scarp::pipelines
