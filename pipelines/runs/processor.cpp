// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/processor.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace scarp::pipelines {
namespace {

std::vector<std::string> features_in(const std::string& line) {
  static constexpr std::array kTold = {"avx2",        "fma",      "avx512f",  "avx512_vnni",
                                       "avx512_bf16", "amx_bf16", "amx_int8", "asimd"};
  std::istringstream words(line);
  const std::vector<std::string> flags{std::istream_iterator<std::string>(words), {}};
  std::vector<std::string> features;
  std::copy_if(kTold.begin(), kTold.end(), std::back_inserter(features),
               [&](const char* told) { return std::find(flags.begin(), flags.end(), told) != flags.end(); });
  return features;
}

std::string after_colon(const std::string& line) {
  const std::size_t at = line.find(": ");
  return at == std::string::npos ? std::string() : line.substr(at + 2);
}

}  // namespace

Processor this_processor() {
  Processor processor;
  processor.threads = static_cast<int>(std::thread::hardware_concurrency());
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line) && !line.empty();) {
    if (line.rfind("model name", 0) == 0) processor.model = after_colon(line);
    if (line.rfind("flags", 0) == 0 || line.rfind("Features", 0) == 0) processor.features = features_in(line);
  }
  return processor;
}

}  // namespace scarp::pipelines
