// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/model_verify.h"

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "nn/verify.h"
#include "pipelines/cli/arguments.h"
#include "pipelines/cli/exit_code.h"

namespace scarp::cli {

void ModelVerify::declare(CLI::App& model) {
  app_ = model.add_subcommand("verify", "Networks, losses and gradients against golden files, as JSON");
  app_->add_option("files", files_, "Golden safetensors files; weights alone with the file of their inputs")
      ->type_name(value::kFile)
      ->required();
}

bool ModelVerify::chosen() const {
  return app_ != nullptr && app_->parsed();
}

int ModelVerify::run(const Context& context) const {
  const auto document = nlohmann::ordered_json::parse(nn::verification_json(nn::verify_files(files_)));
  context.events.answer(document.dump(2) + "\n", document);
  return document.at("passed").get<bool>() ? kDone : kInput;
}

}  // namespace scarp::cli
