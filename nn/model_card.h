// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/backbone_shape.h"

namespace scarp::nn {

enum class EncoderShape : std::uint8_t { resnet18, resnet34, resnet50 };

/// Where optical and terrain features meet.
enum class Fusion : std::uint8_t {
  all_levels,   ///< two encoders, joined at every stride
  high_levels,  ///< two encoders, joined at strides 16 and 32 only; the finer skips are optical. In the
                ///< manner of FFS-Net (IEEE TGRS 2023) as far as its abstract tells
  early         ///< one encoder sees the planes of both
};

/// The dual-branch network: an optical and a terrain encoder with the same strides, fused, and a U-shaped
/// decoder.
struct NetworkOptions {
  EncoderShape encoder = EncoderShape::resnet18;
  double width = 0.5;                  ///< factor on all channel counts (64, 128, 256, 512 at 1), 0.125..2
  Fusion fusion = Fusion::all_levels;  ///< without meaning for a network of one branch
  std::vector<int> fusion_strides = {
      2, 4, 8, 16,
      32};  ///< where Coordinate Attention gates the joined branches before their 1x1; elsewhere a plain 1x1
  int attention_reduction = 32;  ///< r of Coordinate Attention: hidden width max(8, C / r)
  int input_stride = 1;  ///< 2: the network sees the mean of 2 x 2 pixels, logits are brought up again
  double dropout = 0.1;  ///< in the decoder
  std::optional<BackboneShape> optical_backbone =
      {};  ///< a vision transformer in place of the optical encoder
  std::optional<BackboneShape> terrain_backbone = {};  ///< ... of the terrain encoder
  std::optional<BackboneShape> joint_backbone = {};    ///< ... of the one encoder of early fusion
  bool has_backbone() const;
  void check() const;  ///< @throws std::invalid_argument naming the first field out of range
  bool operator==(const NetworkOptions&) const = default;

 private:
  void check_backbones() const;
};

/// One input plane: what it holds and how it is normalised, (value - mean) / deviation.
struct ChannelSpec {
  std::string name;  ///< "red", "relative_elevation_65", ...
  std::string unit;  ///< "digital number", "m", "degree", "1", ...
  double mean = 0;
  double deviation = 1;
  bool operator==(const ChannelSpec&) const = default;
};

struct ClassSpec {
  int id = 0;
  std::string name;
  std::array<std::uint8_t, 3> colour = {0, 0, 0};
  bool operator==(const ClassSpec&) const = default;
};

/// Lengths in terrain channels: metres as they are, or divided by the ground sampling distance, so that a
/// scene at 5 m and one at 30 m that look alike in pixels look alike to the network.
enum class TerrainUnit : std::uint8_t { metres, pixels };

/// How the temperature was found: on labelled ground that the training did not see.
struct CalibrationSummary {
  double ece_before = 0;    ///< expected calibration error at temperature 1
  double ece_after = 0;     ///< on ground that the temperature was not fitted to
  std::int64_t pixels = 0;  ///< 0: the temperature was not fitted
  std::int64_t blocks = 0;
  bool operator==(const CalibrationSummary&) const = default;
};

/// Everything a model says of itself. One file is the whole model: this is the JSON document in its metadata.
struct ModelCard {
  std::string name;
  std::string description;  ///< what it was trained on and how well it does where
  std::string licence = "Apache-2.0";
  std::string scarp_version;
  NetworkOptions network;
  std::vector<ChannelSpec> optical;  ///< in the order of the optical raster's bands that the model wants
  int optical_window_px =
      0;  ///< odd: optical channels are local contrast in windows of this side; 0: as they are
  std::vector<ChannelSpec> terrain;
  TerrainUnit terrain_unit = TerrainUnit::metres;
  std::vector<ClassSpec> classes;  ///< index = logit; [0] is background
  double gsd_min_m = 0;            ///< the pixel sizes it is valid for
  double gsd_max_m = 0;
  int tile_px = 512;
  int overlap_px = 128;
  double temperature = 1;          ///< logits are divided by it before softmax
  CalibrationSummary calibration;  ///< of the temperature
  std::string training = "{}";     ///< JSON: data, protocol, scores

  std::string to_json() const;  ///< the document, one key a field
  static ModelCard from_json(
      const std::string& json);  ///< @throws Error (unreadable) naming key and what was expected
};

/// Reads only the card of a checkpoint; weights stay on disk.
/// @throws Error (missing_file, unreadable)
ModelCard read_model_card(const std::string& path);

/// Rewrites a model file with another card, weights untouched.
void rewrite_model_card(const std::string& path, const ModelCard& card);

/// Number of weights in a checkpoint, and the element type that they are stored in.
struct WeightsSummary {
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  std::string dtype;
};
WeightsSummary summarise_weights(const std::string& path);

/// A copy for shipping: weights in half precision, no optimiser state.
void export_half(const std::string& from, const std::string& to, bool overwrite);

}  // namespace scarp::nn
