// SPDX-License-Identifier: Apache-2.0
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "pipelines/cli/commands.h"
#include "pipelines/cli/exit_code.h"
#include "pipelines/cli/model_verbs.h"

namespace scarp::cli {

namespace {

class ModelCommand final : public Command {
 public:
  std::string name() const override { return "model"; }
  std::string summary() const override { return "Tell what a file of weights holds, convert it, verify it"; }

  void declare(CLI::App& app) override {
    app.require_subcommand(1);
    add(app, make_model_info());
    add(app, make_model_convert());
#ifdef SCARP_WITH_NN
    add(app, make_model_verify());
#endif
  }

  int run(const Context& context) override {
    for (const auto& [verb, app] : verbs_) {
      if (app->parsed()) return verb->run(context);
    }
    return kUsage;
  }

 private:
  void add(CLI::App& app, std::unique_ptr<ModelVerb> verb) {
    CLI::App* declared = verb->declare(app);
    verbs_.emplace_back(std::move(verb), declared);
  }

  std::vector<std::pair<std::unique_ptr<ModelVerb>, CLI::App*>> verbs_;
};

}  // namespace

std::unique_ptr<Command> make_model_command() {
  return std::make_unique<ModelCommand>();
}

}  // namespace scarp::cli
