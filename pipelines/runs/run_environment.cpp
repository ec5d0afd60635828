// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/run_environment.h"

#include <ctime>
#include <sys/utsname.h>

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include "geo/raster_source_gdal.h"
#include "pipelines/pages/report_file.h"
#include "pipelines/runs/processor.h"
#include "pipelines/version.h"

namespace scarp::pipelines {
namespace {

using Json = nlohmann::ordered_json;

std::string compiler() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

std::string operating_system() {
  utsname name = {};
  if (::uname(&name) != 0) return {};
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

Json inputs_json(std::span<const FileHash> inputs) {
  Json json = Json::array();
  for (const FileHash& input : inputs) {
    const Json hash = input.sha256.empty() ? Json(nullptr) : Json(input.sha256);
    json.push_back({{"path", input.path}, {"bytes", input.bytes}, {"sha256", hash}});
  }
  return json;
}

}  // namespace

std::string environment_json(const RunFacts& facts, std::span<const FileHash> inputs, double seconds) {
  const Processor processor = this_processor();
  Json json = {
      {"scarp", version()},
      {"compiler", compiler()},
      {"torch", nullptr},
      {"gdal", geo::gdal_version()},
      {"proj", geo::proj_version()},
      {"system", operating_system()},
      {"processor",
       {{"model", processor.model}, {"threads", processor.threads}, {"features", processor.features}}},
      {"device", facts.device},
      {"precision", facts.precision},
      {"threads", facts.threads},
      {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)))},
      {"inputs", inputs_json(inputs)}};
  if (!facts.torch.empty()) json["torch"] = facts.torch;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void write_environment(const std::string& path,
                       const RunFacts& facts,
                       std::span<const FileHash> inputs,
                       double seconds,
                       bool overwrite) {
  write_text_file(path, environment_json(facts, inputs, seconds), overwrite);
}

}  // namespace scarp::pipelines
