// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace scarp::nn {

/// Names of a vision transformer's tensors.
enum class WeightLayout : std::uint8_t {
  native,     ///< MAE's, HPM's, MSN's and Scarp's own
  timm,       ///< the same names, encoder and classifier alone
  hf_vitmae,  ///< Hugging Face ViTMAEForPreTraining
  hf_vitmsn,  ///< Hugging Face ViTMSNModel; with a classifier ViTMSNForImageClassification
};

const char* layout_name(WeightLayout layout);

/// How a patch projection is made for C' channels out of C. `repeat` and `mean` keep the size of the answer
/// to channels that are alike, by the factor C / C'.
enum class ChannelInit : std::uint8_t {
  repeat,  ///< channel j takes channel j mod C
  mean,    ///< every channel takes the mean of all
  zero,    ///< the first C stay as they are, others start from zero; fewer: the first C'
};

struct ConversionOptions {
  WeightLayout layout = WeightLayout::native;
  int channels = 0;  ///< of the patch projection; 0: as they are
  ChannelInit channel_init = ChannelInit::repeat;
  int rows = 0;  ///< of the grid of patches; 0: as it is
  int columns = 0;
  bool strict = true;         ///< missing and unexpected tensors, and values that are not finite, are errors
  bool encoder_only = false;  ///< decoder, predictor and projector are left out
  std::string dtype;          ///< "F32" or "F16" for all floating-point tensors; empty: as they are
  std::string state_dict;     ///< which dict of the file; empty: the one that choose_state_dict() takes
  bool overwrite = false;
};

struct ConversionReport {
  struct Change {
    std::string tensor;
    std::string from;
    std::string to;
    std::string how;
  };
  std::string state_dict;  ///< taken
  std::string prefix;      ///< taken off all names
  WeightLayout source = WeightLayout::native;
  std::vector<std::string> loaded;      ///< names in the new file
  std::vector<std::string> missing;     ///< names that the layout has and the new file has not
  std::vector<std::string> unexpected;  ///< names in the old file that no layout has
  std::vector<std::string> dropped;     ///< native names that the new layout has no place for
  std::vector<std::string> not_finite;  ///< names of tensors with NaN or infinity
  std::vector<Change> resized;          ///< positions, patch projection
  std::int64_t type_changed = 0;        ///< tensors
  std::string licence;
};

/// Reads weights of any layout and container and writes them in another; a path that ends in .pt or .pth
/// makes a file for torch.load(weights_only=True), any other safetensors. Whole or not at all. Tensors that
/// are neither resized nor of a new type keep every bit.
/// @throws Error (missing_file, unreadable, mismatch, already_exists, unwritable, bad_argument), FormatError
ConversionReport convert_weights(const std::string& from,
                                 const std::string& to,
                                 const ConversionOptions& options);

}  // namespace scarp::nn
