// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/cli/rate_limit.h"
#include "pipelines/cli/reporter.h"
#include "pipelines/cli/standard_streams.h"
#include "pipelines/error.h"

namespace scarp::cli {

namespace {

using namespace std::chrono_literals;

constexpr int kBarWidth = 40;

/// Control characters in names of files and classes must not steer the terminal.
std::string printable(std::string_view text) {
  std::string clean(text);
  std::replace_if(
      clean.begin(), clean.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return clean;
}

class TerminalReporter final : public Reporter {
 public:
  TerminalReporter(std::string program, bool quiet)
      : program_(std::move(program)), quiet_(quiet), bar_(!quiet && isatty(STDERR_FILENO)) {}

  void hello(std::string_view, std::string_view device) override {
    if (!quiet_ && !device.empty()) line(fmt::format("device: {}", device));
  }

  void stage(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    flush();
    stage_ = printable(name);
    if (!quiet_ && !bar_) write_stderr(stage_ + "\n");
    if (bar_) draw(0, "");
  }

  void progress(double fraction, std::string_view detail) override {
    const std::lock_guard lock(mutex_);
    if (!bar_ || !std::isfinite(fraction) || !bar_limit_.allows("bar")) return;
    draw(std::clamp(fraction, 0.0, 1.0), printable(detail));
  }

  void metric(std::string_view name, double value) override {
    const std::lock_guard lock(mutex_);
    if (metrics_.allows(std::string(name), value)) say(fmt::format("{} {:.6g}", printable(name), value));
  }

  void warning(std::string_view text) override { line(fmt::format("warning: {}", printable(text)), true); }
  void info(std::string_view text) override { line(printable(text)); }
  void result(std::string_view kind, std::string_view path) override {
    const std::lock_guard lock(mutex_);
    flush();
    say(fmt::format("{}: {}", printable(kind), printable(path)));
  }

  void answer(const std::string& text, const nlohmann::ordered_json&) override {
    const std::lock_guard lock(mutex_);
    clear();
    if (write_stdout(text)) return;
    throw pipelines::Error(pipelines::Fault::unwritable,
                           "standard output cannot be written: it is closed, or the disk is full");
  }

  void summary(const std::string& text, const nlohmann::ordered_json&) override { line(text); }

  void failure(int, const std::string& text) override {
    line(fmt::format("{}: {}", program_, printable(text)), true);
  }

  void finish() override {
    const std::lock_guard lock(mutex_);
    flush();
  }

 private:
  void line(const std::string& text, bool always = false) {
    const std::lock_guard lock(mutex_);
    say(text, always);
  }

  void say(const std::string& text, bool always = false) {
    if (quiet_ && !always) return;
    clear();
    write_stderr(text + "\n");
  }

  void flush() {
    for (const auto& [name, value] : metrics_.take_held())
      say(fmt::format("{} {:.6g}", printable(name), value));
    clear();
  }

  void clear() {
    if (drawn_) write_stderr("\r\x1b[K");
    drawn_ = false;
  }

  void draw(double fraction, const std::string& detail) {
    const int filled = static_cast<int>(std::lround(fraction * kBarWidth));
    write_stderr(fmt::format("\r\x1b[K{:<16} [{:=<{}}{:<{}}] {:3.0f} % {}", stage_, "", filled, "",
                             kBarWidth - filled, 100 * fraction, detail));
    drawn_ = true;
  }

  std::mutex mutex_;
  const std::string program_;
  const bool quiet_;
  const bool bar_;
  bool drawn_ = false;
  std::string stage_;
  RateLimit bar_limit_{100ms};
  MetricLimit metrics_{10s};
};

}  // namespace

std::unique_ptr<Reporter> make_terminal_reporter(const std::string& program, bool quiet) {
  return std::make_unique<TerminalReporter>(program, quiet);
}

}  // namespace scarp::cli
