// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

class GDALDriver;

namespace scarp::vector {

/// The OGR driver that writes `path`: named by `format`, or if that is empty, by the path's ending.
/// @throws Error (bad_argument) if the format, the ending, or their combination cannot be written; the text
/// lists what can
GDALDriver& vector_driver(const std::string& path, const std::string& format);

/// Its name, e.g. "GPKG".
std::string vector_driver_name(const std::string& path, const std::string& format);

/// Whether one of the layer creation options that the driver documents has this name, in capitals or not.
bool has_layer_option(GDALDriver& driver, const std::string& name);

/// Names of the layer creation options that the driver documents.
std::vector<std::string> layer_option_names(GDALDriver& driver);

}  // namespace scarp::vector
