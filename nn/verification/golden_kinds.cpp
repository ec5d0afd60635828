// SPDX-License-Identifier: Apache-2.0
#include "nn/verification/mae_kind.h"

namespace scarp::nn {

const std::vector<GoldenKind>& golden_kinds() {
  static const std::vector<GoldenKind> kinds = {
      mae_kind(),       hpm_kind(),       hpm_parts_kind(),
      msn_kind(),       msn_parts_kind(), block_kind(),
      positions_kind(), optimiser_kind(), coordinate_attention_kind(),
      contrast_kind()};
  return kinds;
}

}  // namespace scarp::nn
