// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "pipelines/error.h"
#include "pipelines/events.h"

namespace scarp::cli {

/// For functions that take no stop token: their next word on how far they are ends them with Error
/// (cancelled).
class StoppableEvents final : public pipelines::Events {
 public:
  StoppableEvents(pipelines::Events& to, std::stop_token stop) : to_(to), stop_(std::move(stop)) {}

  void stage(std::string_view name) override {
    check();
    to_.stage(name);
  }
  void progress(double fraction, std::string_view detail) override {
    check();
    to_.progress(fraction, detail);
  }
  void metric(std::string_view name, double value) override { to_.metric(name, value); }
  void warning(std::string_view text) override { to_.warning(text); }
  void info(std::string_view text) override { to_.info(text); }
  void result(std::string_view kind, std::string_view path) override { to_.result(kind, path); }

 private:
  void check() const {
    if (stop_.stop_requested())
      throw pipelines::Error(pipelines::Fault::cancelled, "cancelled; no output was written");
  }

  pipelines::Events& to_;
  std::stop_token stop_;
};

}  // namespace scarp::cli
