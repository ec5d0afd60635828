// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "nn/weight_conversion.h"
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/model_verbs.h"
#include "pipelines/error.h"

namespace scarp::cli {

namespace {

using Json = nlohmann::ordered_json;

/// "14x14": rows and columns of patches
void parse_grid(const std::string& text, int& rows, int& columns) {
  const char* const end = text.data() + text.size();
  const auto [cross, first] = std::from_chars(text.data(), end, rows);
  const bool crossed = first == std::errc() && cross != end && *cross == 'x';
  const auto [last, second] = std::from_chars(crossed ? cross + 1 : end, end, columns);
  if (!crossed || second != std::errc() || last != end || rows < 1 || columns < 1) {
    throw pipelines::Error(pipelines::Fault::usage,
                           fmt::format("--grid {}: rows and columns of patches, as in 14x14", text));
  }
}

Json report_json(const nn::ConversionReport& report,
                 const nn::ConversionOptions& options,
                 const std::string& output) {
  Json resized = Json::array();
  for (const auto& change : report.resized)
    resized.push_back(
        {{"tensor", change.tensor}, {"from", change.from}, {"to", change.to}, {"how", change.how}});
  return {{"path", output},
          {"from_layout", nn::layout_name(report.source)},
          {"layout", nn::layout_name(options.layout)},
          {"state_dict", report.state_dict},
          {"prefix", report.prefix},
          {"loaded", report.loaded},
          {"missing", report.missing},
          {"unexpected", report.unexpected},
          {"dropped", report.dropped},
          {"not_finite", report.not_finite},
          {"resized", resized},
          {"type_changed", report.type_changed},
          {"licence", report.licence}};
}

/// Names as JSON texts: no control character of a foreign file reaches a terminal.
std::string names_text(const char* what, const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text +=
        fmt::format("  {:<12} {}\n", what, Json(name).dump(-1, ' ', true, Json::error_handler_t::replace));
  return text;
}

std::string report_text(const nn::ConversionReport& report,
                        const nn::ConversionOptions& options,
                        const std::string& output) {
  std::string text =
      fmt::format("{}\n  layout       {} to {}\n  loaded       {} tensors\n", output,
                  nn::layout_name(report.source), nn::layout_name(options.layout), report.loaded.size());
  text += names_text("missing", report.missing) + names_text("unexpected", report.unexpected) +
          names_text("dropped", report.dropped) + names_text("not finite", report.not_finite);
  for (const auto& change : report.resized)
    text +=
        fmt::format("  resized      {}: {} to {}, {}\n", change.tensor, change.from, change.to, change.how);
  if (report.type_changed > 0)
    text += fmt::format("  {} tensors are now {}\n", report.type_changed, options.dtype);
  return text + fmt::format("  licence      {}\n", report.licence);
}

class ModelConvert final : public ModelVerb {
 public:
  CLI::App* declare(CLI::App& model) override {
    CLI::App* app = model.add_subcommand(
        "convert", "Weights of a vision transformer under other names, for another grid or other channels");
    add_value(*app, "input", input_, value::kFile, "safetensors, .pt or .pth")->required();
    add_value(*app, "output", output_, value::kNewFile, "Ends in .pt or .pth for PyTorch, else safetensors")
        ->required();
    add_value(*app, "--layout", layout_, value::kText, "Names of the new file")
        ->check(one_of({"native", "timm", "hf-vitmae", "hf-vitmsn"}));
    add_value(*app, "--channels", options_.channels, value::kInteger,
              "Input channels of the patch projection; 0: as they are")
        ->check(between(0, 4096));
    add_value(
        *app, "--channel-init", init_, value::kText,
        "repeat: channel j takes j mod C, times C / N; mean: all take the mean, times C / N; zero: further "
        "channels start from zero")
        ->check(one_of({"repeat", "mean", "zero"}));
    add_value(*app, "--grid", grid_, value::kText, "Rows x columns of patches: positions are resized");
    add_value(*app, "--dtype", dtype_, value::kText, "Type of all floating-point tensors; keep: as they are")
        ->check(one_of({"keep", "f32", "f16"}));
    add_value(*app, "--state-dict", options_.state_dict, value::kText,
              "Dict of the file to take, where the choice of the program is not the one");
    app->add_flag("--encoder-only", options_.encoder_only, "Leave out decoder, predictor and projector");
    app->add_flag("--not-strict", not_strict_, "Report missing, unexpected and non-finite tensors, go on");
    app->add_flag("--json", json_, "The report as JSON");
    add_overwrite(*app, options_.overwrite);
    return app;
  }

  int run(const Context& context) override {
    require_other_file(output_, {input_});
    take_choices();
    const nn::ConversionReport report = nn::convert_weights(input_, output_, options_);
    const Json document = report_json(report, options_, output_);
    context.events.answer(json_ ? document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                                : report_text(report, options_, output_),
                          document);
    return kDone;
  }

 private:
  void take_choices() {
    using enum nn::WeightLayout;
    for (const auto layout : {native, timm, hf_vitmae, hf_vitmsn}) {
      if (layout_ == nn::layout_name(layout)) options_.layout = layout;
    }
    if (init_ == "mean") options_.channel_init = nn::ChannelInit::mean;
    if (init_ == "zero") options_.channel_init = nn::ChannelInit::zero;
    if (dtype_ != "keep") options_.dtype = dtype_ == "f16" ? "F16" : "F32";
    if (!grid_.empty()) parse_grid(grid_, options_.rows, options_.columns);
    options_.strict = !not_strict_;
  }

  std::string input_;
  std::string output_;
  std::string layout_ = "native";
  std::string init_ = "repeat";
  std::string grid_;
  std::string dtype_ = "keep";
  bool not_strict_ = false;
  bool json_ = false;
  nn::ConversionOptions options_;
};

}  // namespace

std::unique_ptr<ModelVerb> make_model_convert() {
  return std::make_unique<ModelConvert>();
}

}  // namespace scarp::cli
