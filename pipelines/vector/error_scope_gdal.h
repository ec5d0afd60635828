// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace scarp::vector {

/// While it lives, GDAL's errors of this thread are kept here instead of being printed; warnings are dropped.
class GdalErrorScope {
 public:
  GdalErrorScope();
  ~GdalErrorScope();
  GdalErrorScope(const GdalErrorScope&) = delete;
  GdalErrorScope& operator=(const GdalErrorScope&) = delete;

  bool failed() const { return !first_.empty(); }
  /// The first error, which is mostly the cause of the others; "no reason given" if there is none.
  std::string text() const { return failed() ? first_ : "no reason given"; }

  void keep(const char* message);

 private:
  std::string first_;
};

}  // namespace scarp::vector
