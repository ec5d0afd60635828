// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/machine.h"

#include <nlohmann/json.hpp>

#include "geo/raster_source_gdal.h"
#include "pipelines/version.h"

namespace scarp::cli {

using Json = nlohmann::ordered_json;

std::vector<nn::DeviceInfo> machine_devices() {
#ifdef SCARP_WITH_NN
  return nn::devices();
#else
  return {{"cpu", "this build has no networks", false}};
#endif
}

std::string device_of(const std::string& wanted) {
  if (wanted != "auto") return wanted;
  const std::vector<nn::DeviceInfo> devices = machine_devices();
  return devices.size() > 1 ? devices[1].name : devices.at(0).name;
}

Json versions_json() {
  Json versions = {{"scarp", pipelines::version()},
                   {"gdal", geo::gdal_version()},
                   {"proj", geo::proj_version()},
                   {"torch", nullptr}};
#ifdef SCARP_WITH_NN
  versions["torch"] = nn::torch_version();
#endif
  return versions;
}

Json devices_json() {
  Json devices = Json::array();
  for (const nn::DeviceInfo& device : machine_devices()) {
    devices.push_back(
        {{"name", device.name}, {"description", device.description}, {"bf16_fast", device.bf16_fast}});
  }
  return devices;
}

}  // namespace scarp::cli
