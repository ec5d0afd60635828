// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "nn/pretrainer.h"

namespace scarp::nn {

double PretrainEvent::value(const std::string& name) const {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const auto& each) { return each.first == name; });
  return found == values.end() ? 0 : found->second;
}

}  // namespace scarp::nn
