// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "pipelines/cli/command.h"

namespace scarp::cli {

/// scarp model verify FILE...: networks, losses and gradients against files of numbers that are known.
class ModelVerify {
 public:
  void declare(CLI::App& model);
  bool chosen() const;  ///< on the command line
  /// Prints one JSON document. @return kDone, or kInput where a result is above its tolerance or not known
  int run(const Context& context) const;

 private:
  CLI::App* app_ = nullptr;
  std::vector<std::string> files_;
};

}  // namespace scarp::cli
