// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nn/weights/pickle_values.h"

namespace scarp::nn {

struct TensorPlace {
  std::vector<std::string> path;
  std::uint32_t tensor = 0;  ///< of the document
};

/// All tensors of an object, in its order: those in dicts by their key, those in lists and tuples by their
/// number. What holds itself is walked once; records and sets are not entered.
/// @throws FormatError (limit_exceeded) beyond 32 levels or a million values, (malformed_pickle) where two
/// tensors have one name, (not_a_state_dict) where there is none
std::vector<TensorPlace> tensors_of(const PickleDocument& document, const std::string& what);

/// Texts, numbers and truth values at the top of the object, as text.
std::map<std::string, std::string> notes_of(const PickleDocument& document);

}  // namespace scarp::nn
