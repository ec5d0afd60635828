// SPDX-License-Identifier: Apache-2.0
#include "nn/io/card_values.h"

#include "nn/error.h"

namespace scarp::nn {

void refuse_card(const std::string& key, const std::string& expected) {
  throw Error(Fault::unreadable, "the model card's key " + key + " must be " + expected);
}

const CardValue& card_member(const CardValue& object, const std::string& key) {
  const auto found = object.find(key);
  if (found == object.end()) throw Error(Fault::unreadable, "the model card has no key " + key);
  return *found;
}

double card_number(const CardValue& object, const std::string& key, double lowest, double highest) {
  const CardValue& value = card_member(object, key);
  if (!value.is_number()) refuse_card(key, "a number");
  const double result = value.get<double>();
  if (!(result >= lowest && result <= highest))
    refuse_card(key, "a number from " + std::to_string(lowest) + " to " + std::to_string(highest));
  return result;
}

int card_integer(const CardValue& object, const std::string& key, int lowest, int highest) {
  if (!card_member(object, key).is_number_integer()) refuse_card(key, "a whole number");
  return static_cast<int>(card_number(object, key, lowest, highest));
}

std::string card_text(const CardValue& object, const std::string& key, std::size_t longest) {
  const CardValue& value = card_member(object, key);
  if (!value.is_string()) refuse_card(key, "a text");
  auto result = value.get<std::string>();
  if (result.size() > longest) refuse_card(key, "a text of at most " + std::to_string(longest) + " bytes");
  return result;
}

bool card_flag(const CardValue& object, const std::string& key) {
  const CardValue& value = card_member(object, key);
  if (!value.is_boolean()) refuse_card(key, "true or false");
  return value.get<bool>();
}

const CardValue& card_list(const CardValue& object,
                           const std::string& key,
                           std::size_t fewest,
                           std::size_t most) {
  const CardValue& value = card_member(object, key);
  if (!value.is_array() || value.size() < fewest || value.size() > most) {
    refuse_card(key, "a list of " + std::to_string(fewest) + " to " + std::to_string(most) + " items");
  }
  return value;
}

}  // namespace scarp::nn
