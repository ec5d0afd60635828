// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace scarp::vector {

/// While it lives, GDAL's errors of this thread are kept here instead of being printed; warnings are dropped.
class GdalErrorScope {
 public:
  /// @param no_room  asked at the first error, before GDAL tidies up and makes room again; may be empty
  explicit GdalErrorScope(std::function<bool()> no_room = {});
  ~GdalErrorScope();
  GdalErrorScope(const GdalErrorScope&) = delete;
  GdalErrorScope& operator=(const GdalErrorScope&) = delete;

  bool failed() const { return !first_.empty(); }
  /// The first error, which is mostly the cause of the others; "no reason given" if there is none.
  std::string text() const { return failed() ? first_ : "no reason given"; }

  /// Whether there was no room on the disk at the first error.
  bool no_room() const { return found_no_room_; }

  void keep(const char* message);

 private:
  std::function<bool()> no_room_;
  std::string first_;
  bool found_no_room_ = false;
};

}  // namespace scarp::vector
