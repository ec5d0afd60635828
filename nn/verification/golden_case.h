// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <torch/nn/module.h>

#include "nn/io/tensor_file.h"
#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

/// A golden file as it was read.
struct GoldenCase {
  std::string path;
  NamedTensors tensors;
  nlohmann::ordered_json config;  ///< of the metadata; an empty object where there is none

  /// @throws Error (missing_file, unreadable)
  static GoldenCase read(const std::string& path);

  bool has(const std::string& name) const { return tensors.contains(name); }
  bool has_under(const std::string& prefix) const;
  /// All tensors under "PREFIX/", by their name behind it.
  NamedTensors under(const std::string& prefix) const;
  /// A tensor that must be there; floating ones in `type`. @throws Error (mismatch)
  at::Tensor get(const std::string& name, at::ScalarType type) const;
  at::Tensor get(const std::string& name) const;
  double number(const std::string& key) const;  ///< @throws Error (mismatch)
  double number(const std::string& key,
                double otherwise) const;             ///< @throws Error (mismatch) if not a number
  std::int64_t whole(const std::string& key) const;  ///< @throws Error (mismatch)
  bool flag(const std::string& key, bool otherwise) const;
  /// What the reference itself loses in single precision: of gradients, or of all else.
  double reference_error(bool gradients) const;
};

enum class Measure : std::uint8_t { forward, loss, gradient, trajectory, optimiser, exact };

struct Answer {
  at::Tensor value;
  Measure measure = Measure::forward;
  bool zero_by_symmetry = false;  ///< a gradient that is rounding noise: compared with an absolute floor
  at::Tensor compared = {};       ///< bool, of the value's shape: entries that count; undefined: all
  bool up_to_row_means = false;   ///< rows are fixed up to a constant
  double rounding = 0;            ///< what single precision must lose, whoever computes
};

/// What was computed, by the name under which a file holds it in single precision ("out/latent",
/// "grad/norm.bias").
using Answers = std::map<std::string, Answer>;

/// One family of golden files.
struct GoldenKind {
  const char* name;
  bool (*fits)(const GoldenCase&);
  Answers (*compute)(const GoldenCase&, at::ScalarType);
};

/// All families that can be computed. A new one is added here.
const std::vector<GoldenKind>& golden_kinds();

/// Copies weights into a network by their names; each must be there with its shape, none may be left over.
/// @throws Error (mismatch)
void load_exactly(torch::nn::Module& network, const NamedTensors& weights);

/// Shape of a vision transformer by its weights (native names), heads and norm epsilon by the config.
/// @param grid  of the images
/// @throws Error (mismatch)
VisionTransformerOptions trunk_options(const NamedTensors& weights, const GoldenCase& golden, PatchGrid grid);
/// Layers `prefix`0, `prefix`1, ... in the weights.
std::int64_t layers_of(const NamedTensors& weights, const std::string& prefix);
const at::Tensor& weight_of(const NamedTensors& weights, const std::string& name, std::int64_t dimensions);
PatchGrid grid_of_images(const at::Tensor& images, std::int64_t patch);

/// The gradients of all trained parameters as "PREFIX/NAME". Parameters without one give zeros.
void add_gradients(const torch::nn::Module& network, const std::string& prefix, Answers& answers);
/// Entries of a trained parameter that are not driven by noise: of qkv.bias all but the keys' third.
at::Tensor entries_with_gradient(const std::string& name, const at::Tensor& value);

/// For families: the result names that the README of the vectors lists as zero by symmetry.
void mark_zero(Answers& answers, const std::vector<std::string>& names);

}  // namespace scarp::nn
