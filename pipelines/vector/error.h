// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace scarp::vector {

enum class Fault : std::uint8_t {
  bad_argument,    ///< a value that cannot be used
  already_exists,  ///< an output that would have to be overwritten
  unwritable,      ///< folder or file that cannot be written, driver that is not there
  out_of_space,    ///< the disk is full
  invalid,         ///< a geometry that could not be made valid
  too_complex,     ///< more than memory is meant to hold
};

/// The error of pipelines/vector: what, where, which values, and the remedy, in one sentence.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

}  // namespace scarp::vector
