// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>

#include "nn/backbone_card.h"
#include "nn/error.h"

// A card that is read is written, and read again to the same text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using scarp::nn::BackboneCard;
  try {
    const std::string text = BackboneCard::from_json({reinterpret_cast<const char*>(bytes), count}).to_json();
    if (BackboneCard::from_json(text).to_json() != text) std::abort();
  } catch (const scarp::nn::Error&) {
  }
  return 0;
}
