// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace scarp::nn {

/// Values of a model card, read as hostile input. All throw Error (unreadable) naming the key and what was
/// expected.
using CardValue = nlohmann::ordered_json;

[[noreturn]] void refuse_card(const std::string& key, const std::string& expected);
const CardValue& card_member(const CardValue& object, const std::string& key);
double card_number(const CardValue& object, const std::string& key, double lowest, double highest);
int card_integer(const CardValue& object, const std::string& key, int lowest, int highest);
std::string card_text(const CardValue& object, const std::string& key, std::size_t longest);
bool card_flag(const CardValue& object, const std::string& key);
const CardValue& card_list(const CardValue& object,
                           const std::string& key,
                           std::size_t fewest,
                           std::size_t most);

}  // namespace scarp::nn
