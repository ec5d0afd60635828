// SPDX-License-Identifier: Apache-2.0
#include "nn/cuda/load_plugin.h"

#include <dlfcn.h>
#include <filesystem>

namespace scarp::nn {
namespace {

namespace fs = std::filesystem;

const ScarpCudaPlugin* plugin_at(const fs::path& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // open for the life of the program
  if (library == nullptr) return nullptr;
  const auto entry = reinterpret_cast<const ScarpCudaPlugin* (*)()>(dlsym(library, "scarp_cuda_plugin"));
  const ScarpCudaPlugin* plugin = entry == nullptr ? nullptr : entry();
  return plugin != nullptr && plugin->version == kScarpCudaPlugin ? plugin : nullptr;
}

const ScarpCudaPlugin* first_plugin() {
  Dl_info here = {};
  if (dladdr(reinterpret_cast<const void*>(&cuda_plugin), &here) == 0) return nullptr;
  const fs::path folder = fs::path(here.dli_fname).parent_path();
  for (const fs::path& place : {folder, folder / ".." / "lib"}) {
    if (const ScarpCudaPlugin* plugin = plugin_at(place / "libscarp_cuda.so")) return plugin;
  }
  return nullptr;
}

}  // namespace

const ScarpCudaPlugin* cuda_plugin() {
  static const ScarpCudaPlugin* const plugin = first_plugin();
  return plugin;
}

}  // namespace scarp::nn
