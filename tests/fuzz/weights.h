// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "nn/error.h"
#include "nn/weight_summary.h"

namespace scarp::test {

/// As `scarp model info` does with a file of these bytes: it is read to its last value, or refused.
inline void read_weights(const std::string& name, const std::uint8_t* bytes, std::size_t count) {
  try {
    const nn::WeightFile file(name, bytes, count);
    static_cast<void>(nn::summarise(file));
  } catch (const nn::Error&) {
  }
}

}  // namespace scarp::test
