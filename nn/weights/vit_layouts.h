// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/weight_conversion.h"
#include "nn/weights/state_dict.h"

namespace scarp::nn {

/// The layout that a state dict's names are of: Hugging Face's where they hold embeddings.cls_token, with a
/// decoder ViTMAE; native otherwise.
WeightLayout layout_of(const std::vector<std::string>& names);

/// Takes weights to native names: spellings are made one, query, key and value are joined. What no layout
/// knows is left out and told in `report.unexpected`; Hugging Face's embeddings.mask_token, which has no
/// native partner, in `report.dropped`.
/// @throws Error (mismatch) where two names are one, or a block's query, key and value do not fit
WeightMap to_native(WeightMap weights, ConversionReport& report);

/// Leaves out what `options.layout` has no place for, and with encoder_only all but trunk, norm and
/// classifier; told in `report.dropped`.
void keep_what_fits(WeightMap& native, const ConversionOptions& options, ConversionReport& report);

/// Native names that a whole network of this layout has and `native` has not. Depths are taken from the
/// highest block there is.
std::vector<std::string> missing_of(const WeightMap& native, WeightLayout layout);

/// Names of the layout; query, key and value are split.
WeightMap from_native(WeightMap native, WeightLayout layout);

}  // namespace scarp::nn
