// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "pipelines/events.h"

namespace scarp::cli {

/// Number of the protocol that --events and --version --json speak. It grows when a reader of the old one
/// would misunderstand.
inline constexpr int kProtocol = 1;

/// How a run talks to whoever started it.
class Reporter : public pipelines::Events {
 public:
  /// Before all else.
  virtual void hello(std::string_view verb, std::string_view device) = 0;
  /// What a verb was asked for (model info, inspect, ...): `text` goes to standard output, or `document` as
  /// an event.
  virtual void answer(const std::string& text, const nlohmann::ordered_json& document) = 0;
  /// How a run went, said once at its end: `text` goes to standard error, or `document` as an event.
  virtual void summary(const std::string& text, const nlohmann::ordered_json& document) = 0;
  virtual void failure(int exit_code, const std::string& text) = 0;
  /// After the last call: shows what was held back.
  virtual void finish() = 0;
};

/// People: a bar on standard error if that is a terminal, else a line a stage.
/// @param program  "scarp detect", begins the line of an error
std::unique_ptr<Reporter> make_terminal_reporter(const std::string& program, bool quiet);

/// Programs: one JSON object a line on standard output (events.schema.json), at most ten a second of one
/// kind.
/// @param on_closed  called when nobody reads standard output any more
std::unique_ptr<Reporter> make_json_reporter(const std::string& program, std::function<void()> on_closed);

}  // namespace scarp::cli
