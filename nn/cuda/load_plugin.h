// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/cuda/plugin.h"

namespace scarp::nn {

/// libscarp_cuda.so beside the program or in ../lib, opened when it is first asked for; null if it is not
/// there or of another version. It needs no GPU to be opened, only to be used.
const ScarpCudaPlugin* cuda_plugin();

}  // namespace scarp::nn
