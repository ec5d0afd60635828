// SPDX-License-Identifier: Apache-2.0
// The ring contrast on a GPU: a warp an anchor. The arithmetic is that of nn/contrast/ring_row.h, which the
// tests hold against contrast_loss on the processor.
#include <cuda_runtime.h>

#include "nn/contrast/ring_row.h"
#include "nn/cuda/plugin.h"

namespace {

using scarp::nn::RingKeys;
using scarp::nn::RowLoss;

constexpr int kLanes = 32;
constexpr int kWarps = 4;  // a block
constexpr unsigned kAll = 0xffffffffu;

struct Warp {
  __device__ int lane() const { return static_cast<int>(threadIdx.x); }
  __device__ int count() const { return kLanes; }
  template <typename T>
  __device__ T sum(T value) const {
    for (int step = kLanes / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAll, value, step);
    return value;
  }
  template <typename T>
  __device__ T largest(T value) const {
    for (int step = kLanes / 2; step > 0; step /= 2) {
      const T other = __shfl_xor_sync(kAll, value, step);
      value = other > value ? other : value;
    }
    return value;
  }
  __device__ void wait() const { __syncwarp(); }
};

// Whole warps leave or stay: the shuffles always have all their lanes.
__global__ void ring_contrast_kernel(ScarpRingContrast call) {
  const std::int64_t anchor = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.y;
  if (anchor >= call.anchor_count) return;
  const std::int64_t from = call.anchors[anchor];
  const RingKeys<float> keys{call.ring, call.ring_labels, call.ring_valid, call.slots, call.width};
  const Warp warp;
  const RowLoss<float> result = scarp::nn::contrast_anchor(
      warp, keys, call.embeddings + from * call.width, call.labels[from], call.temperature,
      call.rows + anchor * call.slots, call.gradient + anchor * call.width);
  if (warp.lane() != 0) return;
  call.loss[anchor] = result.loss;
  call.has_positive[anchor] = result.has_positive;
}

const char* ring_contrast(const ScarpRingContrast* call, void* stream) {
  if (call->anchor_count == 0) return nullptr;
  const auto blocks = static_cast<unsigned>((call->anchor_count + kWarps - 1) / kWarps);
  ring_contrast_kernel<<<blocks, dim3(kLanes, kWarps), 0, static_cast<cudaStream_t>(stream)>>>(*call);
  const cudaError_t error = cudaGetLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

constexpr ScarpCudaPlugin kPlugin = {kScarpCudaPlugin, ring_contrast};

}  // namespace

extern "C" __attribute__((visibility("default"))) const ScarpCudaPlugin* scarp_cuda_plugin() {
  return &kPlugin;
}
