// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace scarp::nn {

/// A name out of a foreign file as it may stand in a message: in quotes, at most 100 bytes, control
/// characters and what is not UTF-8 as '?'.
std::string printable(std::string_view text);

/// Bytes of the UTF-8 character that `text` begins with; 0 if it is none (cut short, overlong, a surrogate,
/// beyond U+10FFFF).
std::size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

}  // namespace scarp::nn
