// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace scarp::datasets {

enum class Fault : std::uint8_t {
  bad_argument,  ///< a value that cannot be used
  no_labels,     ///< no label polygons, or none where they could be used
  no_overlap,    ///< labels or labelled area lie elsewhere than the scene
  empty_split,   ///< a part of a split without samples
  other_data,    ///< a folds file that was made for other ground
};

/// The error of datasets: what, where, which values, and the remedy, in one sentence.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  Fault fault() const noexcept { return fault_; }

 private:
  Fault fault_;
};

}  // namespace scarp::datasets
