// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nn/backbone_card.h"

namespace scarp::nn {

/// A window to look at: planes in source units, row-major; values that are not valid are never looked at. The
/// mask of what a backbone has no channels for may be empty.
struct BackboneWindow {
  std::span<const float> optical;               ///< [optical channels, rows, cols]
  std::span<const float> terrain;               ///< [terrain channels, rows, cols]
  std::span<const std::uint8_t> valid;          ///< [rows, cols]
  std::span<const std::uint8_t> terrain_valid;  ///< [rows, cols]
};

/// Which numbers stand for a whole window.
enum class Readout : std::uint8_t {
  token,      ///< the class token after the last norm
  raw_token,  ///< the class token after the last block, before the norm: MSN's low-shot protocol
  mean,       ///< the mean of the patches after the last norm
};
/// What suits how a backbone was pretrained: raw_token for msn, mean for mae and hpm, token for others.
Readout readout_for(const std::string& method);

struct WindowFeatures {
  std::vector<float> window;        ///< [width]
  std::vector<float> patches;       ///< [rows / patch, cols / patch, width]; 0 where not `whole`
  std::vector<std::uint8_t> whole;  ///< [rows / patch, cols / patch]: every pixel holds data
};

/// A pretrained vision transformer as a function from windows to features, on the processor or a GPU.
class Backbone {
 public:
  virtual ~Backbone() = default;
  virtual const BackboneCard& card() const = 0;
  /// @param windows  of one size, a multiple of the patch; a window without one whole patch gives zeros
  /// @throws Error (bad_argument, out_of_memory)
  virtual std::vector<WindowFeatures> features(std::span<const BackboneWindow> windows,
                                               std::int64_t rows,
                                               std::int64_t cols,
                                               Readout readout) const = 0;
};

/// Opens a backbone of scarp pretrain, or any file of a vision transformer that `scarp model info` names:
/// what such a file does not say (heads: width / 64; statistics: those of ImageNet for three channels of 0 to
/// 255) is assumed, and written into its card's description.
/// @param threads  of LibTorch for the calling thread
/// @throws Error, FormatError
std::unique_ptr<Backbone> load_backbone(const std::string& path, const std::string& device, int threads);

/// A backbone whose weights were drawn, never trained: what a probe is compared with.
std::unique_ptr<Backbone> untrained_backbone(const BackboneCard& card,
                                             std::uint64_t seed,
                                             const std::string& device,
                                             int threads);

}  // namespace scarp::nn
