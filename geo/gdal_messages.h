// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace scarp::geo {

/// Keeps what GDAL says on this thread for as long as it lives, so that an error of ours can tell the reason.
/// Nests.
class GdalMessages {
 public:
  GdalMessages();
  ~GdalMessages();
  GdalMessages(const GdalMessages&) = delete;
  GdalMessages& operator=(const GdalMessages&) = delete;

  bool failed() const { return failed_; }                    ///< an error was told, not only warnings
  const std::string& first() const { return first_error_; }  ///< text of the first error: mostly the cause
  /// " (TEXT)" of the first error to append to a sentence, empty if none was told.
  std::string as_reason() const;

 private:
  struct Handler;
  bool failed_ = false;
  std::string first_error_;
};

/// Registers GDAL's drivers once and sets what every use of GDAL in here relies on. Cheap to call again.
void ensure_gdal();

}  // namespace scarp::geo
