// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "nn/verify.h"
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/model_verbs.h"

namespace scarp::cli {
namespace {

/// Networks, losses and gradients against files of numbers that are known: one JSON document, and kInput
/// where a result is above its tolerance or not known.
class ModelVerify final : public ModelVerb {
 public:
  CLI::App* declare(CLI::App& model) override {
    CLI::App* verify =
        model.add_subcommand("verify", "Networks, losses and gradients against golden files, as JSON");
    verify
        ->add_option("files", files_, "Golden safetensors files; weights alone with the file of their inputs")
        ->type_name(value::kFile)
        ->required();
    return verify;
  }

  int run(const Context& context) override {
    const auto document = nlohmann::ordered_json::parse(nn::verification_json(nn::verify_files(files_)));
    context.events.answer(document.dump(2) + "\n", document);
    return document.at("passed").get<bool>() ? kDone : kInput;
  }

 private:
  std::vector<std::string> files_;
};

}  // namespace

std::unique_ptr<ModelVerb> make_model_verify() {
  return std::make_unique<ModelVerify>();
}

}  // namespace scarp::cli
