// SPDX-License-Identifier: Apache-2.0
#include "nn/format_error.h"

namespace scarp::nn {

const char* defect_name(Defect defect) {
  switch (defect) {
    case Defect::checksum:
      return "checksum";
    case Defect::global_not_allowed:
      return "global not allowed";
    case Defect::limit_exceeded:
      return "limit exceeded";
    case Defect::malformed_header:
      return "malformed header";
    case Defect::malformed_pickle:
      return "malformed pickle";
    case Defect::malformed_tensor:
      return "malformed tensor";
    case Defect::malformed_zip:
      return "malformed zip";
    case Defect::not_a_state_dict:
      return "not a state dict";
    case Defect::out_of_bounds:
      return "out of bounds";
    case Defect::size_mismatch:
      return "size mismatch";
    case Defect::storage_missing:
      return "storage missing";
    case Defect::truncated:
      return "truncated";
    case Defect::unknown_format:
      return "unknown format";
    case Defect::unsupported:
      return "unsupported";
  }
  return "defect";
}

FormatError::FormatError(Defect defect, const std::string& where, const std::string& reason)
    : Error(Fault::unreadable, where + ": " + defect_name(defect) + ": " + reason), defect_(defect) {}

}  // namespace scarp::nn
