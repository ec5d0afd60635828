// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

class GDALDriver;

namespace scarp::vector {

/// The OGR driver that writes `path`: named by `format`, or if that is empty, by the path's ending.
/// @throws Error (bad_argument) if the format, the ending, or their combination cannot be written; the text
/// lists what can
GDALDriver& vector_driver(const std::string& path, const std::string& format);

/// Whether one of the options that the driver documents has this name.
bool has_layer_option(GDALDriver& driver, const std::string& name);

}  // namespace scarp::vector
