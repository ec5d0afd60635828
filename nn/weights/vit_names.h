// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nn/weights/state_dict.h"

namespace scarp::nn {

/// What part of a network a native name belongs to.
enum class VitPart : std::uint8_t {
  trunk,       ///< patches, positions, blocks
  norm,        ///< norm.*: there, or replaced by fc_norm.*
  classifier,  ///< fc_norm.*, head.*
  decoder,     ///< MAE and HPM
  predictor,   ///< HPM: decoder_*_losspred.*, vis_mask_token
  projector,   ///< MSN: fc.*, prototypes
};

/// The part of a native name; none for a name that no vision transformer of ours has.
std::optional<VitPart> part_of(const std::string& native_name);

/// Hugging Face's names as transformers 4 spells them, of the three spellings there are: those of files of
/// transformers 4 and 5 and those of 5 in memory. Others come back as they are.
std::string hf_spelling_4(const std::string& name);

/// A name of Hugging Face's. Query, key and value of a block are one native tensor, and three of theirs.
struct HfName {
  std::string name;
  int third = -1;  ///< 0, 1, 2: query, key, value: that third of the native tensor's rows; -1: all of it
};

/// The names of a native tensor with Hugging Face: one, three, or none.
/// @param mae  ViTMAE (everything below "vit." and "decoder."), otherwise ViTMSN; `below_vit` puts ViTMSN's
/// trunk below "vit." too, as its classifier has it
std::vector<HfName> hf_names(const std::string& native_name, bool mae, bool below_vit);

/// A native name, and which part of its tensor one of Hugging Face's is.
struct NativeName {
  std::string name;
  int third = -1;  ///< as of HfName
};
/// The native name of one of Hugging Face's in spelling 4; none where there is no partner.
std::optional<NativeName> native_name(const std::string& hf_name);

}  // namespace scarp::nn
