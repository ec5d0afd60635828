// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

#include <nlohmann/json.hpp>

#include "pipelines/cli/rate_limit.h"
#include "pipelines/cli/reporter.h"
#include "pipelines/cli/standard_streams.h"
#include "pipelines/version.h"

namespace scarp::cli {

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

/// The events are described in events.schema.json; the tests hold every line against it.
class JsonReporter final : public Reporter {
 public:
  JsonReporter(std::string program, std::function<void()> on_closed)
      : program_(std::move(program)), on_closed_(std::move(on_closed)) {}

  void hello(std::string_view verb, std::string_view device) override {
    emit({{"event", "hello"},
          {"protocol", kProtocol},
          {"program", "scarp"},
          {"version", pipelines::version()},
          {"verb", verb},
          {"device", device}});
  }

  void stage(std::string_view name) override {
    flush();
    {
      const std::lock_guard lock(mutex_);
      stage_ = name;
    }
    emit({{"event", "stage"}, {"name", name}});
  }

  void progress(double fraction, std::string_view detail) override {
    std::string stage_name;
    {
      const std::lock_guard lock(mutex_);
      if (!std::isfinite(fraction) || !progress_.allows("")) return;
      stage_name = stage_;
    }
    emit({{"event", "progress"},
          {"stage", stage_name},
          {"fraction", std::clamp(fraction, 0.0, 1.0)},
          {"detail", detail}});
  }

  void metric(std::string_view name, double value) override {
    {
      const std::lock_guard lock(mutex_);
      if (!metrics_.allows(std::string(name), value)) return;
    }
    emit_metric(name, value);
  }

  void warning(std::string_view text) override { emit({{"event", "warning"}, {"text", text}}); }
  void info(std::string_view text) override { emit({{"event", "info"}, {"text", text}}); }
  void result(std::string_view kind, std::string_view path) override {
    flush();
    emit({{"event", "result"}, {"kind", kind}, {"path", path}});
  }
  void answer(const std::string&, const Json& document) override {
    emit({{"event", "result"}, {"kind", "answer"}, {"data", document}});
  }
  void summary(const std::string&, const Json& document) override {
    flush();
    emit({{"event", "result"}, {"kind", "summary"}, {"data", document}});
  }
  void failure(int exit_code, const std::string& text) override {
    emit({{"event", "error"}, {"exit_code", exit_code}, {"text", text}});
    write_stderr(program_ + ": " + text + "\n");
  }
  void finish() override { flush(); }

 private:
  void flush() {
    std::vector<std::pair<std::string, double>> held;
    {
      const std::lock_guard lock(mutex_);
      held = metrics_.take_held();
    }
    for (const auto& [name, value] : held) emit_metric(name, value);
  }

  /// JSON has no NaN and no infinity: they become null.
  void emit_metric(std::string_view name, double value) {
    emit(
        {{"event", "metric"}, {"name", name}, {"value", std::isfinite(value) ? Json(value) : Json(nullptr)}});
  }

  void emit(const Json& event) {
    const std::string line = event.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    const std::lock_guard lock(write_mutex_);
    if (closed_ || write_stdout(line)) return;
    closed_ = true;
    on_closed_();
  }

  const std::string program_;
  const std::function<void()> on_closed_;
  std::mutex mutex_;        ///< of the state
  std::mutex write_mutex_;  ///< of the stream: a line is never cut by another
  bool closed_ = false;
  std::string stage_;
  RateLimit progress_{100ms};
  MetricLimit metrics_{100ms};
};

}  // namespace

std::unique_ptr<Reporter> make_json_reporter(const std::string& program, std::function<void()> on_closed) {
  return std::make_unique<JsonReporter>(program, std::move(on_closed));
}

}  // namespace scarp::cli
