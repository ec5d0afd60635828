// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

namespace scarp::pipelines {

/// Seconds since 1970 of the system's clock.
double seconds_since_1970();

/// Scalars of a run as TensorBoard reads them: an event file, records of TFRecord framing (length, masked
/// CRC-32C of the length, data, masked CRC-32C of the data; little-endian), each record one protobuf message
/// tensorflow.Event. Every start writes a file of its own, whose name sorts after those that are there: the
/// stock reader takes the files of a folder in the order of their names. A start at step n says so in its
/// file, and the reader forgets steps from n on that an interrupted start had logged before.
class TensorboardLog {
 public:
  using Clock = std::function<double()>;

  /// Makes the folder if need be and begins a file in it.
  /// @param first_step  the step that the first scalar will have, at least 0
  /// @param clock       wall time of each event, seconds since 1970
  /// @throws Error (unwritable)
  explicit TensorboardLog(const std::string& folder,
                          std::int64_t first_step = 0,
                          Clock clock = seconds_since_1970);

  /// Appends one value and hands it to the operating system.
  /// @param tag  "group/name": curves of one group share a pane
  /// @throws Error (unwritable)
  void scalar(std::string_view tag, std::int64_t step, double value);

  const std::string& path() const { return path_; }

 private:
  void record(std::string_view event);

  std::string path_;
  Clock clock_;
  std::ofstream file_;
};

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), reflected, as iSCSI and TFRecord use it.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace scarp::pipelines
