// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "nn/backbone_card.h"
#include "nn/model_card.h"
#include "nn/weight_summary.h"
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/model_verbs.h"
#include "pipelines/mapping/model_store.h"

namespace scarp::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string channel_names(const std::vector<nn::ChannelSpec>& channels) {
  std::vector<std::string> names;
  for (const nn::ChannelSpec& channel : channels)
    names.push_back(fmt::format("{} ({})", channel.name, channel.unit));
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

std::string class_names(const std::vector<nn::ClassSpec>& classes) {
  std::vector<std::string> names;
  for (const nn::ClassSpec& each : classes) names.push_back(fmt::format("{} {}", each.id, each.name));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string temperature_text(const nn::ModelCard& card) {
  if (card.calibration.pixels == 0) return fmt::format("{:g} (not fitted)", card.temperature);
  return fmt::format("{:.3f} (calibration error {:.3f} before, {:.3f} after, {} pixels)", card.temperature,
                     card.calibration.ece_before, card.calibration.ece_after, card.calibration.pixels);
}

/// A line for every encoder that is a vision transformer.
std::string backbones_text(const nn::NetworkOptions& network) {
  std::string text;
  const auto add = [&](const char* which, const std::optional<nn::BackboneShape>& backbone) {
    if (backbone) text += fmt::format("  backbone     {}: {}\n", which, backbone->text());
  };
  add("optical", network.optical_backbone);
  add("terrain", network.terrain_backbone);
  add("joint", network.joint_backbone);
  return text;
}

std::string card_text(const nn::ModelCard& card, const nn::WeightsSummary& weights, const std::string& path) {
  return fmt::format(
      "{}\n  {}\n  file         {}\n  optical      {}\n  terrain      {}\n{}  classes      {}\n  pixel size  "
      " "
      "{:g} to {:g} m\n"
      "  tiles        {} px, {} px shared\n  weights      {} {}, {:.1f} MB\n  temperature  {}\n  licence   "
      "   {}\n",
      card.name, card.description, path, channel_names(card.optical), channel_names(card.terrain),
      backbones_text(card.network), class_names(card.classes), card.gsd_min_m, card.gsd_max_m, card.tile_px,
      card.overlap_px, weights.parameters, weights.dtype, static_cast<double>(weights.bytes) / 1e6,
      temperature_text(card), card.licence);
}

Json card_json(const nn::ModelCard& card, const nn::WeightsSummary& weights, const std::string& path) {
  Json document = Json::parse(card.to_json());
  document["path"] = path;
  document["parameters"] = weights.parameters;
  document["bytes"] = weights.bytes;
  document["dtype"] = weights.dtype;
  return document;
}

Json vit_json(const nn::VitShape& vit) {
  return {{"width", vit.width},       {"depth", vit.depth},         {"patch", vit.patch},
          {"channels", vit.channels}, {"positions", vit.positions}, {"decoder_depth", vit.decoder_depth}};
}

Json weights_json(const nn::WeightFile& file, const nn::WeightSummary& summary) {
  Json document = {{"path", file.path()},
                   {"container", nn::container_name(file.container())},
                   {"kind", summary.kind},
                   {"layout", summary.layout},
                   {"state_dict", summary.state_dict},
                   {"prefix", summary.prefix},
                   {"vit", summary.vit ? vit_json(*summary.vit) : Json()},
                   {"parameters", summary.parameters},
                   {"bytes", summary.bytes},
                   {"dtypes", summary.types},
                   {"not_finite", summary.not_finite},
                   {"notes", file.notes()},
                   {"tensors", Json::array()}};
  for (const nn::WeightTensor& tensor : file.tensors())
    document["tensors"].push_back(
        {{"name", tensor.name()}, {"dtype", tensor.dtype}, {"shape", tensor.shape}});
  return document;
}

std::string type_names(const std::map<std::string, std::int64_t>& types) {
  std::vector<std::string> names;
  for (const auto& [type, count] : types) names.push_back(fmt::format("{} {}", count, type));
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

std::string vit_text(const nn::VitShape& vit) {
  const std::string decoder = vit.decoder_depth > 0 ? fmt::format(", decoder of {}", vit.decoder_depth) : "";
  return fmt::format("width {}, {} blocks{}, patches of {} px, {} channels, {} positions", vit.width,
                     vit.depth, decoder, vit.patch, vit.channels, vit.positions);
}

/// Names of foreign tensors are shown as JSON texts: no control character reaches a terminal.
std::string weights_text(const nn::WeightFile& file, const nn::WeightSummary& summary) {
  const auto shown = [](const std::string& text) { return Json(text).dump(-1, ' ', true); };
  std::string text = fmt::format(
      "{}\n  container    {}\n  kind         {}, layout {}\n  weights      {} in {} tensors ({}), {:.1f} "
      "MB\n",
      file.path(), nn::container_name(file.container()), summary.kind, summary.layout, summary.parameters,
      file.tensors().size(), type_names(summary.types), static_cast<double>(summary.bytes) / 1e6);
  if (summary.vit) text += "  network      " + vit_text(*summary.vit) + "\n";
  if (!summary.state_dict.empty() || !summary.prefix.empty()) {
    text += fmt::format("  state dict   {}{}\n", shown(summary.state_dict),
                        summary.prefix.empty() ? "" : ", names without " + shown(summary.prefix));
  }
  for (const auto& [name, count] : summary.not_finite)
    text += fmt::format("  not finite   {} values in {}\n", count, shown(name));
  for (const nn::WeightTensor& tensor : file.tensors())
    text += fmt::format("  {} [{}] {}\n", tensor.dtype, fmt::join(tensor.shape, ", "), shown(tensor.name()));
  return text;
}

std::string backbone_text(const nn::BackboneCard& card) {
  const std::string size =
      card.gsd_max_m > 0 ? fmt::format("{:g} to {:g} m", card.gsd_min_m, card.gsd_max_m) : std::string("any");
  return fmt::format(
      "{}\n  {}\n  pretrained   {}, windows of {} px{}\n  optical      {}\n  terrain      {}\n  pixel size   "
      "{}\n  licence      {}\n",
      card.name, card.description, card.method, card.side_px,
      card.grouped ? ", image and terrain with patch projections of their own" : "",
      channel_names(card.optical), channel_names(card.terrain), size, card.licence);
}

class ModelInfo final : public ModelVerb {
 public:
  CLI::App* declare(CLI::App& model) override {
    CLI::App* info = model.add_subcommand(
        "info", "Card of a model of Scarp; tensors, kind and layout of any safetensors, .pt or .pth file");
    add_value(*info, "model", model_, value::kModel, "Name or file of a model or backbone")->required();
    info->add_flag("--json", json_, "Everything as JSON");
    return info;
  }

  int run(const Context& context) override {
    const std::string path = pipelines::find_weights(model_);
    const nn::WeightFile file(path);
    const nn::WeightSummary summary = nn::summarise(file);
    if (nn::has_model_card(file)) {
      const nn::ModelCard card = nn::read_model_card(path);
      const nn::WeightsSummary weights = nn::summarise_weights(path);
      answer(context, card_text(card, weights, path), card_json(card, weights, path));
    } else if (nn::has_backbone_card(file)) {
      const auto card = nn::BackboneCard::from_json(file.notes().at(nn::kBackboneKey));
      Json document = weights_json(file, summary);
      document["backbone"] = Json::parse(card.to_json());
      answer(context, backbone_text(card) + weights_text(file, summary), document);
    } else {
      answer(context, weights_text(file, summary), weights_json(file, summary));
    }
    return kDone;
  }

 private:
  void answer(const Context& context, const std::string& text, const Json& document) const {
    context.events.answer(json_ ? document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : text,
                          document);
  }

  std::string model_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<ModelVerb> make_model_info() {
  return std::make_unique<ModelInfo>();
}

}  // namespace scarp::cli
