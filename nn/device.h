// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace scarp::nn {

/// `automatic` is for training alone: whichever of the two is measured to be faster.
enum class Precision : std::uint8_t { fp32, bf16, automatic };

/// What can run a network here.
struct DeviceInfo {
  std::string name;         ///< "cpu", "cuda:0"
  std::string description;  ///< "AVX512_BF16", "NVIDIA H200, 141 GB"
  bool bf16_fast =
      false;  ///< bf16 matrix units: AMX or AVX512_BF16 on a processor, compute capability >= 8 on a GPU
};

/// Must be the first call of a program's main: opens the CUDA libraries where they are, before LibTorch asks
/// for them.
/// @return false where there are none (a processor-only LibTorch), which is no error
bool load_accelerators();

std::vector<DeviceInfo> devices();  ///< processor first
std::string torch_version();
/// One intra-op thread for the calling thread (sums depend on their number), denormals flushed.
void set_up_worker_thread(int threads = 1);

}  // namespace scarp::nn
