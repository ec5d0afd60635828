// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "nn/model_card.h"
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/model_verify.h"
#include "pipelines/model_store.h"

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

std::string card_text(const nn::ModelCard& card, const nn::WeightsSummary& weights, const std::string& path) {
  return fmt::format(
      "{}\n  {}\n  file         {}\n  optical      {}\n  terrain      {}\n  classes      {}\n  pixel size   "
      "{:g} to {:g} m\n"
      "  tiles        {} px, {} px shared\n  weights      {} {}, {:.1f} MB\n  temperature  {:g}\n  licence   "
      "   {}\n",
      card.name, card.description, path, channel_names(card.optical), channel_names(card.terrain),
      class_names(card.classes), card.gsd_min_m, card.gsd_max_m, card.tile_px, card.overlap_px,
      weights.parameters, weights.dtype, static_cast<double>(weights.bytes) / 1e6, card.temperature,
      card.licence);
}

class ModelCommand final : public Command {
 public:
  std::string name() const override { return "model"; }
  std::string summary() const override { return "Tell what a model file says of itself"; }

  void declare(CLI::App& app) override {
    app.require_subcommand(1);
    CLI::App* info =
        app.add_subcommand("info", "Bands, terrain channels, classes, pixel sizes, training of a model");
    add_value(*info, "model", model_, value::kModel, "Name or file of a model")->required();
    info->add_flag("--json", json_, "The whole card as JSON");
    verify_.declare(app);
  }

  int run(const Context& context) override {
    if (verify_.chosen()) return verify_.run(context);
    const std::string path = pipelines::find_model(model_);
    const nn::ModelCard card = nn::read_model_card(path);
    const nn::WeightsSummary weights = nn::summarise_weights(path);
    Json document = Json::parse(card.to_json());
    document["path"] = path;
    document["parameters"] = weights.parameters;
    document["bytes"] = weights.bytes;
    document["dtype"] = weights.dtype;
    context.events.answer(json_ ? document.dump(2) + "\n" : card_text(card, weights, path), document);
    return kDone;
  }

 private:
  std::string model_;
  bool json_ = false;
  ModelVerify verify_;
};

}  // namespace

std::unique_ptr<Command> make_model_command() {
  return std::make_unique<ModelCommand>();
}

}  // namespace scarp::cli
