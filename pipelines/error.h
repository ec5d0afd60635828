// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace scarp::pipelines {

enum class Fault : std::uint8_t {
  usage,           ///< a wrong option or run file
  contradiction,   ///< inputs that contradict each other or the model
  no_model,        ///< no shipped model fits
  already_exists,  ///< an output that would have to be overwritten
  unwritable,      ///< an output that cannot be written
  cancelled,       ///< stopped by the user
};

/// The error of pipelines: what, where, which values, and the remedy, in one sentence.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

}  // namespace scarp::pipelines
