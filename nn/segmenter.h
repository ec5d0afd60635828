// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "nn/device.h"
#include "nn/model_card.h"

namespace scarp::nn {

/// A few tiles side by side, lent for one call. All planes row-major.
struct TileBatch {
  int tiles = 0;
  int rows = 0;
  int cols = 0;
  std::span<const float> optical;       ///< [tiles, optical channels, rows, cols], source units
  std::span<const float> terrain;       ///< [tiles, terrain channels, rows, cols], units of the card
  std::span<const std::uint8_t> valid;  ///< [tiles, rows, cols]; 0: what the pixel holds is never looked at
  std::span<const std::uint8_t> terrain_valid;  ///< [tiles, rows, cols]
};

/// A network behind a door without torch: spans in, logits out. It knows no place.
/// `segment` may be called from several threads at once; the answer for a tile depends on that tile alone,
/// bit for bit, never on its neighbours in the batch or on the number of threads, for one device kind and
/// precision.
class Segmenter {
 public:
  virtual ~Segmenter() = default;
  virtual const ModelCard& card() const = 0;
  virtual std::string device() const = 0;     ///< "cpu", "cuda:0"
  virtual std::string precision() const = 0;  ///< "fp32", "bf16"
  virtual int flips() const { return 1; }     ///< views of a tile whose probabilities are averaged
  /// @param logits [tiles, classes, rows, cols], divided by the card's temperature; with several flips the
  /// logarithms of the averaged probabilities
  virtual void segment(const TileBatch& batch, std::span<float> logits) const = 0;
};

struct SegmenterOptions {
  std::string device = "auto";  ///< "auto", "cpu", "cuda", "cuda:1"
  Precision precision = Precision::fp32;
  int flips = 1;  ///< 1, 2, 4 or 8 flips and quarter turns of every tile; the time grows with it
};

/// @throws Error (missing_file, unreadable, mismatch, no_device, bad_argument: flips of terrain channels that
/// cannot be turned, hillshade and aspect)
std::unique_ptr<Segmenter> load_segmenter(const std::string& path, const SegmenterOptions& options);

}  // namespace scarp::nn
