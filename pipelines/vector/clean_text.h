// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace scarp::vector {

/// Text that every format and XML 1.0 can hold: bytes that are no UTF-8 become U+FFFD, control characters
/// other than tab, line feed and return become '?'. Clean text stays as it is.
std::string clean_text(std::string_view text);

}  // namespace scarp::vector
