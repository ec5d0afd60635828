// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace scarp::pipelines {

/// What a run tells while it goes on. The program shows it as a progress bar and lines, or as JSON lines with
/// --events. Calls may come from several threads.
class Events {
 public:
  virtual ~Events() = default;
  virtual void stage(std::string_view name) = 0;  ///< "reading model", "mapping", "polygons"
  virtual void progress(double fraction, std::string_view detail = {}) = 0;  ///< 0..1 of the stage
  virtual void metric(std::string_view name, double value) = 0;
  virtual void warning(std::string_view text) = 0;
  virtual void info(std::string_view text) = 0;
  /// One finished output file: kind is "polygons", "class_raster", "report", ...
  virtual void result(std::string_view kind, std::string_view path) = 0;
};

}  // namespace scarp::pipelines
