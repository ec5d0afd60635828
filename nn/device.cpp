// SPDX-License-Identifier: Apache-2.0
#include "nn/device.h"

#include <algorithm>
#include <cctype>
#include <dlfcn.h>
#include <filesystem>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

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
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx >> 22 & 1u) != 0;
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

// Asks the driver itself: LibTorch's own answer needs the CUDA headers, these three functions do not.
class Driver {
 public:
  Driver() {
    void* library = dlopen("libcuda.so.1", RTLD_NOW);
    if (library == nullptr) return;
    const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(library, "cuInit"));
    if (init == nullptr || init(0) != 0) return;
    name_ = reinterpret_cast<Name>(dlsym(library, "cuDeviceGetName"));
    memory_ = reinterpret_cast<Memory>(dlsym(library, "cuDeviceTotalMem_v2"));
    attribute_ = reinterpret_cast<Attribute>(dlsym(library, "cuDeviceGetAttribute"));
  }

  DeviceInfo describe(int index) const {
    constexpr int kComputeCapabilityMajor = 75;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
    char name[256] = "CUDA device";
    std::size_t bytes = 0;
    int major = 0;
    if (name_ != nullptr) name_(name, static_cast<int>(sizeof(name)) - 1, index);
    if (attribute_ != nullptr) attribute_(&major, kComputeCapabilityMajor, index);
    DeviceInfo info{"cuda:" + std::to_string(index), name, major >= 8};
    if (memory_ != nullptr && memory_(&bytes, index) == 0)
      info.description += ", " + std::to_string(bytes / 1'000'000'000) + " GB";
    return info;
  }

 private:
  using Name = int (*)(char*, int, int);
  using Memory = int (*)(std::size_t*, int);
  using Attribute = int (*)(int*, int, int);
  Name name_ = nullptr;
  Memory memory_ = nullptr;
  Attribute attribute_ = nullptr;
};

}  // namespace

bool load_accelerators() {
  // Kept open for the life of the program: LibTorch registers itself with it.
  Dl_info torch_cpu = {};
  if (dladdr(reinterpret_cast<const void*>(&at::get_cpu_capability), &torch_cpu) == 0) return false;
  const auto beside = std::filesystem::path(torch_cpu.dli_fname).parent_path() / "libtorch_cuda.so";
  return dlopen(beside.c_str(), RTLD_NOW | RTLD_GLOBAL) != nullptr;
}

std::vector<DeviceInfo> devices() {
  std::vector<DeviceInfo> all = {processor()};
  const int gpus = cuda_devices();
  if (gpus == 0) return all;
  const Driver driver;
  for (int i = 0; i < gpus; ++i) all.push_back(driver.describe(i));
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
