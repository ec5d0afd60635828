// SPDX-License-Identifier: Apache-2.0
#include "geo/raster_source.h"

namespace scarp::geo {

std::string to_string(PixelType type) {
  switch (type) {
    case PixelType::u8:
      return "u8";
    case PixelType::i8:
      return "i8";
    case PixelType::u16:
      return "u16";
    case PixelType::i16:
      return "i16";
    case PixelType::u32:
      return "u32";
    case PixelType::i32:
      return "i32";
    case PixelType::f32:
      return "f32";
    case PixelType::f64:
      return "f64";
  }
  return "unknown";
}

}  // namespace scarp::geo
