// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "nn/device.h"

namespace scarp::cli {

/// What can run a network here; only the processor where Scarp was built without LibTorch.
std::vector<nn::DeviceInfo> machine_devices();

/// The device that "auto" stands for, or the wanted one as it is.
std::string device_of(const std::string& wanted);

/// Versions of Scarp and of what it stands on. "torch" is null in a build without networks.
nlohmann::ordered_json versions_json();

/// [{name, description, bf16_fast}]
nlohmann::ordered_json devices_json();

}  // namespace scarp::cli
