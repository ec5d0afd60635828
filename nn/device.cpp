// SPDX-License-Identifier: Apache-2.0
#include "nn/device.h"

#include <algorithm>
#include <cctype>
#include <dlfcn.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

#include "nn/error.h"
#include "nn/torch/device.h"

namespace scarp::nn {
namespace {

int cuda_devices() {
  return at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0;
}

// AMX is not among the names that the compiler knows: CPUID leaf 7, EDX bit 22 (Intel SDM volume 2A).
bool has_amx_bf16() {
#if defined(__x86_64__)
  unsigned eax = 7, ebx = 0, ecx = 0, edx = 0;
  __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
  return (edx >> 22 & 1u) != 0;
#else
  return false;
#endif
}

bool has_avx512_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

DeviceInfo processor() {
  const bool amx = has_amx_bf16();
  const bool avx = has_avx512_bf16();
  std::string description = at::get_cpu_capability();
  if (avx) description += ", AVX512_BF16";
  if (amx) description += ", AMX_BF16";
  return {"cpu", description, amx || avx};
}

}  // namespace

bool load_accelerators() {
  // Kept open for the life of the program: LibTorch registers itself with it.
  return dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
}

std::vector<DeviceInfo> devices() {
  std::vector<DeviceInfo> all = {processor()};
  for (int i = 0; i < cuda_devices(); ++i) all.push_back({"cuda:" + std::to_string(i), "NVIDIA GPU", true});
  return all;
}

std::string torch_version() {
  return TORCH_VERSION;
}

void set_up_worker_thread(int threads) {
  at::set_num_threads(threads);
  at::globalContext().setFlushDenormal(true);
}

c10::Device choose_device(const std::string& text) {
  const int gpus = cuda_devices();
  if (text == "cpu" || (text == "auto" && gpus == 0)) return c10::Device(c10::kCPU);
  if (text == "auto") return c10::Device(c10::kCUDA, 0);
  const bool numbered =
      text.rfind("cuda:", 0) == 0 && text.size() > 5 && text.size() < 8 &&
      std::all_of(text.begin() + 5, text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (text != "cuda" && !numbered)
    throw Error(Fault::bad_argument, "device '" + text + "' is none of auto, cpu, cuda, cuda:N");
  const int index = numbered ? std::stoi(text.substr(5)) : 0;
  if (index >= gpus) {
    throw Error(Fault::no_device,
                "device " + text + " is not there (" + std::to_string(gpus) +
                    " CUDA devices found): run on the processor with --device cpu, or see `scarp doctor`");
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

}  // namespace scarp::nn
