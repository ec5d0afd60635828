// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace scarp::cli {

/// A driver of GDAL that Scarp writes with.
struct DriverInfo {
  std::string name;
  std::string use;        ///< what for
  bool required = false;  ///< without it `detect` cannot keep its promises
  bool present = false;
};

/// Call geo::set_up_gdal before.
std::vector<DriverInfo> output_drivers();

}  // namespace scarp::cli
