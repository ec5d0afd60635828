// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace scarp::geo {

/// An 8-bit colour picture for people: reports and previews.
struct Picture {
  int rows = 0;
  int cols = 0;
  std::vector<std::uint8_t> rgb;  ///< [rows, cols, 3]
};

/// The picture as a PNG file's bytes.
std::vector<std::uint8_t> encode_png(const Picture& picture);
void write_png(const std::string& path, const Picture& picture);

}  // namespace scarp::geo
