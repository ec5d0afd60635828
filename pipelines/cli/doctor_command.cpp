// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "pipelines/cli/arguments.h"
#include "pipelines/cli/commands.h"
#include "pipelines/cli/drivers_gdal.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/machine.h"
#include "pipelines/runs/processor.h"
#ifdef SCARP_WITH_NN
#include "pipelines/mapping/model_store.h"
#endif

namespace scarp::cli {

namespace {

using Json = nlohmann::ordered_json;

Json drivers_json() {
  Json drivers = Json::array();
  for (const DriverInfo& driver : output_drivers()) {
    drivers.push_back({{"name", driver.name},
                       {"use", driver.use},
                       {"required", driver.required},
                       {"present", driver.present}});
  }
  return drivers;
}

Json models_json() {
  Json models = {{"folders", Json::array()}, {"found", Json::array()}};
#ifdef SCARP_WITH_NN
  for (const std::string& folder : pipelines::model_folders()) {
    std::error_code ignored;
    models["folders"].push_back(
        {{"path", folder}, {"present", std::filesystem::is_directory(folder, ignored)}});
  }
  for (const pipelines::StoredModel& model : pipelines::shipped_models()) {
    models["found"].push_back({{"name", model.name}, {"path", model.path}});
  }
#endif
  return models;
}

/// What to do about what is missing, a sentence each; those of required things come first.
Json remedies(const Json& report) {
  Json sentences = Json::array();
  for (const Json& driver : report["drivers"]) {
    if (driver["present"] || !driver["required"]) continue;
    sentences.push_back(fmt::format("GDAL has no driver {} ({}): install a GDAL that was built with it",
                                    driver["name"].get<std::string>(), driver["use"].get<std::string>()));
  }
  if (report["versions"]["torch"].is_null()) {
    sentences.push_back(
        "this build has no networks: build with -DSCARP_NN=ON and LIBTORCH_ROOT for detect, train, model and "
        "demo");
  } else if (report["models"]["found"].empty()) {
    sentences.push_back(
        "no model was found: put *.safetensors files into one of the folders or name a folder in "
        "SCARP_MODELS, or train one");
  }
  if (report["devices"].size() < 2) {
    sentences.push_back(
        "no GPU is used: networks run on the processor; for a GPU install NVIDIA's driver and a LibTorch "
        "with CUDA");
  }
  return sentences;
}

Json examine() {
  const pipelines::Processor processor = pipelines::this_processor();
  Json report = {{"versions", versions_json()},
                 {"devices", devices_json()},
                 {"processor", {{"threads", processor.threads}, {"features", processor.features}}},
                 {"precision", Json::array({"fp32", "bf16"})},
                 {"drivers", drivers_json()},
                 {"models", models_json()}};
  report["ready"] = std::none_of(report["drivers"].begin(), report["drivers"].end(),
                                 [](const Json& driver) { return driver["required"] && !driver["present"]; });
  report["remedies"] = remedies(report);
  return report;
}

std::string devices_text(const Json& devices) {
  std::string text;
  for (const Json& device : devices) {
    text += fmt::format("  {:<10} {}{}\n", device["name"].get<std::string>(),
                        device["description"].get<std::string>(), device["bf16_fast"] ? ", fast bf16" : "");
  }
  return text;
}

std::string models_text(const Json& models) {
  std::string text;
  for (const Json& model : models["found"]) {
    text += fmt::format("  {:<14} {}\n", model["name"].get<std::string>(), model["path"].get<std::string>());
  }
  for (const Json& folder : models["folders"]) {
    text += fmt::format("  looked in {}{}\n", folder["path"].get<std::string>(),
                        folder["present"] ? "" : " (absent)");
  }
  return text;
}

std::string report_text(const Json& report) {
  std::string text = "versions\n";
  for (const auto& [name, version] : report["versions"].items()) {
    text += fmt::format("  {:<10} {}\n", name, version.is_null() ? "absent" : version.get<std::string>());
  }
  text += "devices\n" + devices_text(report["devices"]);
  const auto features = report["processor"]["features"].get<std::vector<std::string>>();
  text += fmt::format("processor\n  {} threads; {}\ndrivers\n", report["processor"]["threads"].get<int>(),
                      fmt::join(features, " "));
  for (const Json& driver : report["drivers"]) {
    text += fmt::format("  {:<15} {:<8} {}\n", driver["name"].get<std::string>(),
                        driver["present"] ? "present" : "missing", driver["use"].get<std::string>());
  }
  text += "models\n" + models_text(report["models"]);
  for (const Json& remedy : report["remedies"]) text += fmt::format("note: {}\n", remedy.get<std::string>());
  return text + (report["ready"] ? "ready\n" : "not ready\n");
}

class DoctorCommand final : public Command {
 public:
  std::string name() const override { return "doctor"; }
  std::string summary() const override { return "Tell what is here, what is missing, and how to get it"; }
  void declare(CLI::App& app) override { app.add_flag("--json", json_, "As JSON"); }

  int run(const Context& context) override {
    const Json report = examine();
    context.events.answer(json_ ? report.dump(2) + "\n" : report_text(report), report);
    return report["ready"] ? kDone : kResource;
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_doctor_command() {
  return std::make_unique<DoctorCommand>();
}

}  // namespace scarp::cli
