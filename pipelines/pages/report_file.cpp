// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pages/report_file.h"

#include <filesystem>
#include <fstream>

#include "geo/raster_writer_gdal.h"
#include "pipelines/error.h"

namespace scarp::pipelines {

void write_text_file(const std::string& path, std::string_view text, bool overwrite) {
  geo::require_writable(path, overwrite);
  const std::string temporary = path + ".part";
  std::error_code ignored;
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) {
    std::filesystem::remove(temporary, ignored);
    throw Error(Fault::unwritable, "cannot write " + std::to_string(text.size()) + " bytes to " + path +
                                       ": check the free space and the permissions of its folder");
  }
  std::error_code failure;
  std::filesystem::rename(temporary, path, failure);
  if (failure) {
    std::filesystem::remove(temporary, ignored);
    throw Error(Fault::unwritable,
                "cannot give " + temporary + " its name " + path + ": " + failure.message());
  }
}

}  // namespace scarp::pipelines
