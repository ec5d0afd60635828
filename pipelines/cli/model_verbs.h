// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "pipelines/cli/command.h"

namespace scarp::cli {

/// One verb below `scarp model`, in a file of its own.
class ModelVerb {
 public:
  virtual ~ModelVerb() = default;
  /// Adds the sub-command and binds its arguments. @return the sub-command
  virtual CLI::App* declare(CLI::App& model) = 0;
  virtual int run(const Context& context) = 0;  ///< @return an ExitCode; errors are thrown
};

std::unique_ptr<ModelVerb> make_model_info();
std::unique_ptr<ModelVerb> make_model_convert();
#ifdef SCARP_WITH_NN
std::unique_ptr<ModelVerb> make_model_verify();
#endif

}  // namespace scarp::cli
