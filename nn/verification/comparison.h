// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/verification/golden_case.h"
#include "nn/verify.h"

namespace scarp::nn {

/// Compares every result of a golden file (out/, out64/, grad/, grad64/, grad_NAME/) with what was computed.
/// @param single, twice  computed in single and in double precision
/// @return with `problem` set where the file holds a result that was not computed, or lacks one of several
/// gradients
VerifiedFile compare(const GoldenCase& golden,
                     const std::string& kind,
                     const Answers& single,
                     const Answers& twice);

}  // namespace scarp::nn
