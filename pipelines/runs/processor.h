// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace scarp::pipelines {

/// The processor, as far as it bears on speed and on the last bits of sums.
struct Processor {
  std::string model;                  ///< as the operating system names it, may be empty
  int threads = 0;                    ///< that run at once
  std::vector<std::string> features;  ///< extensions that make networks faster: avx2, avx512f, amx_bf16, ...
};

Processor this_processor();

}  // namespace scarp::pipelines
