// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace scarp::pipelines {

/// Writes a text file under a temporary name beside its place, then renames: the file is whole or not there.
/// @throws geo::Error (already_exists) unless `overwrite`; Error (unwritable) if the folder or the disk
/// refuses
void write_text_file(const std::string& path, std::string_view text, bool overwrite);

}  // namespace scarp::pipelines
