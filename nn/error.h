// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace scarp::nn {

enum class Fault : std::uint8_t {
  missing_file,    ///< no such checkpoint
  unreadable,      ///< not a safetensors file, damaged, or not made by Scarp
  mismatch,        ///< weights and options contradict each other
  bad_argument,    ///< an option out of range
  no_device,       ///< the device that was asked for is not there
  out_of_memory,   ///< processor or device
  not_finite,      ///< a loss that is not a number
  already_exists,  ///< an output that would have to be overwritten
  unwritable,      ///< a checkpoint that cannot be written
};

/// The error of nn: what, where, which values, and the remedy, in one sentence.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

}  // namespace scarp::nn
