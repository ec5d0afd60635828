// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string_view>
#include <thread>

namespace scarp::cli {

/// Turns what a user does to end the program into a stop request: SIGINT, SIGTERM, SIGHUP; where asked, a
/// standard input that is closed and a standard output that nobody reads. Acknowledged on standard error at
/// once. A second signal ends the program at once. One object a program.
class Cancellation {
 public:
  struct Options {
    bool on_stdin_close = false;
    bool on_stdout_close = false;
  };
  explicit Cancellation(const Options& options);
  ~Cancellation();
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  /// @param reason  completes "cancelling: "
  void request(std::string_view reason);

 private:
  void watch(Options options);

  std::stop_source source_;
  std::thread watcher_;
};

}  // namespace scarp::cli
