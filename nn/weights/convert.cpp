// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "nn/backbone_card.h"
#include "nn/error.h"
#include "nn/io/card_file.h"
#include "nn/io/safetensors.h"
#include "nn/weights/element_values.h"
#include "nn/weights/patch_projection.h"
#include "nn/weights/positions.h"
#include "nn/weights/torch_writer.h"
#include "nn/weights/vit_layouts.h"

namespace scarp::nn {
namespace {

constexpr double kSameTable = 1e-5;  // what half of a float's digits lose
constexpr int kLargestGrid = 4096;

std::string text_of(TokenGrid grid) {
  return std::to_string(grid.rows) + "x" + std::to_string(grid.columns);
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 4;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) list += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kShown ? list + " and " + std::to_string(names.size() - kShown) + " more" : list;
}

void check(const ConversionOptions& options) {
  const auto refuse = [](const std::string& reason) { throw Error(Fault::bad_argument, reason); };
  if (options.channels < 0 || options.channels > 4096) refuse("channels: 1 to 4096");
  const bool one = (options.rows == 0) != (options.columns == 0);
  if (one || std::min(options.rows, options.columns) < 0 ||
      std::max(options.rows, options.columns) > kLargestGrid)
    refuse("grid: rows and columns from 1 to 4096");
  if (!options.dtype.empty() && options.dtype != "F32" && options.dtype != "F16") refuse("dtype: F32 or F16");
}

TokenGrid square_grid_of(const WeightArray& table, const std::string& name) {
  const bool sound = table.shape.size() == 3 && table.shape[0] == 1 && table.shape[1] >= 2 &&
                     table.shape[2] >= 1 && is_floating(table.dtype);
  const auto patches = sound ? table.shape[1] - 1 : 0;
  const auto side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(patches))));
  if (!sound || side > kLargestGrid || std::int64_t{side} * side != patches)
    throw Error(Fault::mismatch,
                name + " is no table [1, 1 + g * g, D] of a square grid: it cannot be resized");
  return {side, side};
}

bool is_sine_cosine(const std::vector<double>& table, TokenGrid grid, int width) {
  if (width % 4 != 0) return false;
  const std::vector<double> fixed = sine_cosine_table(grid, width);
  return std::equal(table.begin(), table.end(), fixed.begin(),
                    [](double a, double b) { return std::fabs(a - b) < kSameTable; });
}

void resize_positions(WeightMap& native, const std::string& name, TokenGrid to, ConversionReport& report) {
  const auto found = native.find(name);
  if (found == native.end()) return;
  WeightArray& table = found->second;
  const TokenGrid from = square_grid_of(table, name);
  if (from == to) return;
  const auto width = static_cast<int>(table.shape[2]);
  const std::vector<double> values = values_of(table.dtype, table.data);
  const bool fixed = is_sine_cosine(values, from, width);
  table.data =
      elements_of(table.dtype, fixed ? sine_cosine_table(to, width) : resized_table(values, from, to, width));
  table.shape[1] = static_cast<std::int64_t>(to.tokens());
  report.resized.push_back(
      {name, text_of(from), text_of(to), fixed ? "sine-cosine table made anew" : "bicubic"});
}

void adapt_channels(WeightMap& native, const ConversionOptions& options, ConversionReport& report) {
  const auto found = native.find("patch_embed.proj.weight");
  if (options.channels == 0 || found == native.end()) return;
  const WeightArray adapted = projection_for(found->second, options.channels, options.channel_init);
  if (adapted.shape == found->second.shape) return;
  if (native.contains("decoder_pred.weight"))
    throw Error(Fault::mismatch, "the decoder predicts " + std::to_string(found->second.shape[1]) +
                                     " channels and cannot be adapted to " +
                                     std::to_string(options.channels) + ": convert the encoder only");
  static constexpr const char* kHow[] = {"repeated and scaled", "mean, scaled", "further channels from zero"};
  report.resized.push_back({found->first, std::to_string(found->second.shape[1]) + " channels",
                            std::to_string(options.channels) + " channels",
                            kHow[static_cast<int>(options.channel_init)]});
  found->second = adapted;
}

void change_type(WeightMap& weights, const std::string& dtype, ConversionReport& report) {
  for (auto& [name, array] : weights) {
    if (dtype.empty() || !is_floating(array.dtype) || array.dtype == dtype) continue;
    const std::int64_t before = count_not_finite(array.dtype, array.data);
    array.data = elements_of(dtype, values_of(array.dtype, array.data));
    array.dtype = dtype;
    if (count_not_finite(dtype, array.data) != before)
      throw Error(Fault::mismatch, name + " has values beyond the range of " + dtype + ": keep its type");
    ++report.type_changed;
  }
}

void be_strict(const std::string& from, const ConversionReport& report) {
  const auto refuse = [&](const std::vector<std::string>& names, const std::string& what) {
    if (!names.empty()) throw Error(Fault::mismatch, from + ": " + what + ": " + list_of(names));
  };
  refuse(report.unexpected, "tensors that no layout of a vision transformer has");
  refuse(report.missing, "tensors are missing");
  refuse(report.not_finite, "NaN or infinity in");
}

// Nothing that is no longer true goes along: of other channels nobody knows the names and statistics, and a
// card knows one side alone.
void keep_true_card(std::map<std::string, std::string>& metadata, const ConversionOptions& options) {
  const auto found = metadata.find(kBackboneKey);
  if (found == metadata.end()) return;
  BackboneCard card = BackboneCard::from_json(found->second);
  const bool same_channels = options.channels == 0 || options.channels == card.channels();
  if (!same_channels || options.rows != options.columns) {
    metadata.erase(found);
    return;
  }
  if (options.rows > 0) card.side_px = options.rows * card.patch;
  found->second = card.to_json();
}

std::map<std::string, std::string> metadata_of(const WeightFile& file,
                                               const ConversionOptions& options,
                                               const ConversionReport& report) {
  std::map<std::string, std::string> metadata;
  if (file.container() == WeightContainer::safetensors) metadata = file.notes();
  metadata.erase(kCardKey);
  for (const char* of_a_run : {"scarp_training", "scarp_pretraining"}) metadata.erase(of_a_run);
  keep_true_card(metadata, options);
  metadata["format"] = "pt";
  metadata["layout"] = layout_name(options.layout);
  metadata["licence"] = report.licence;
  return metadata;
}

std::string licence_of(const WeightFile& file) {
  for (const char* key : {"licence", "license"}) {
    const auto found = file.notes().find(key);
    if (found != file.notes().end()) return found->second;
  }
  return "that of the weights in " + std::filesystem::path(file.path()).filename().string() +
         ": conversion does not change it";
}

void write(const std::string& path,
           const std::map<std::string, std::string>& metadata,
           const WeightMap& weights) {
  if (path.ends_with(".pt") || path.ends_with(".pth")) return write_torch_zip(path, weights);
  std::vector<OutgoingTensor> outgoing;
  for (const auto& [name, array] : weights) outgoing.push_back({name, array.dtype, array.shape, array.data});
  write_safetensors(path, metadata, outgoing);
}

}  // namespace

const char* layout_name(WeightLayout layout) {
  switch (layout) {
    case WeightLayout::native:
      return "native";
    case WeightLayout::timm:
      return "timm";
    case WeightLayout::hf_vitmae:
      return "hf-vitmae";
    case WeightLayout::hf_vitmsn:
      return "hf-vitmsn";
  }
  return "";
}

ConversionReport convert_weights(const std::string& from,
                                 const std::string& to,
                                 const ConversionOptions& options) {
  check(options);
  if (!options.overwrite && std::filesystem::exists(to))
    throw Error(Fault::already_exists, to + " is already there: overwrite it, or choose another name");
  const WeightFile file(from);
  const StateDict chosen = choose_state_dict(file, options.state_dict);
  ConversionReport report;
  report.state_dict = chosen.key;
  report.prefix = chosen.prefix;
  report.licence = licence_of(file);
  WeightMap weights = to_native(load_state_dict(file, chosen), report);
  for (const auto& [name, array] : weights) {
    if (count_not_finite(array.dtype, array.data) > 0) report.not_finite.push_back(name);
  }
  keep_what_fits(weights, options, report);
  report.missing = missing_of(weights, options.layout);
  if (options.strict) be_strict(from, report);
  if (weights.empty()) throw Error(Fault::mismatch, from + ": no tensor of a vision transformer in it");
  adapt_channels(weights, options, report);
  if (options.rows > 0) {
    for (const char* table : {"pos_embed", "decoder_pos_embed"})
      resize_positions(weights, table, {options.rows, options.columns}, report);
  }
  change_type(weights, options.dtype, report);
  weights = from_native(std::move(weights), options.layout);
  for (const auto& [name, array] : weights) report.loaded.push_back(name);
  write(to, metadata_of(file, options, report), weights);
  return report;
}

}  // namespace scarp::nn
