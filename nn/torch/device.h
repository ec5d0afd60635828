// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <c10/core/Device.h>

namespace scarp::nn {

/// "auto" (a GPU where there is one), "cpu", "cuda" or "cuda:N" as a device that is there.
/// @throws Error (no_device, bad_argument)
c10::Device choose_device(const std::string& text);

}  // namespace scarp::nn
