// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/exit_code.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <system_error>

#include "datasets/error.h"
#include "geo/error.h"
#include "nn/error.h"
#include "pipelines/error.h"
#include "pipelines/vector/error.h"

namespace scarp::cli {

namespace {

// No default label in the switches: a new fault without a code is a warning of the compiler, and ends in
// kDefect.

int code_of(geo::Fault fault) {
  switch (fault) {
    case geo::Fault::bad_argument:
    case geo::Fault::already_exists:
      return kUsage;
    case geo::Fault::missing_file:
    case geo::Fault::unreadable:
    case geo::Fault::missing_crs:
    case geo::Fault::unsupported_grid:
    case geo::Fault::no_overlap:
    case geo::Fault::no_valid_data:
    case geo::Fault::wrong_bands:
      return kInput;
    case geo::Fault::unwritable:
    case geo::Fault::out_of_space:
      return kResource;
  }
  return kDefect;
}

int code_of(nn::Fault fault) {
  switch (fault) {
    case nn::Fault::bad_argument:
    case nn::Fault::already_exists:
      return kUsage;
    case nn::Fault::missing_file:
    case nn::Fault::unreadable:
    case nn::Fault::mismatch:
      return kInput;
    case nn::Fault::no_device:
    case nn::Fault::out_of_memory:
    case nn::Fault::unwritable:
      return kResource;
    case nn::Fault::not_finite:
      return kPartial;
  }
  return kDefect;
}

int code_of(datasets::Fault fault) {
  switch (fault) {
    case datasets::Fault::bad_argument:
      return kUsage;
    case datasets::Fault::no_labels:
    case datasets::Fault::no_overlap:
    case datasets::Fault::empty_split:
    case datasets::Fault::other_data:
      return kInput;
  }
  return kDefect;
}

int code_of(vector::Fault fault) {
  switch (fault) {
    case vector::Fault::bad_argument:
    case vector::Fault::already_exists:
      return kUsage;
    case vector::Fault::invalid:
    case vector::Fault::too_complex:
      return kInput;
    case vector::Fault::unwritable:
    case vector::Fault::out_of_space:
      return kResource;
  }
  return kDefect;
}

int code_of(pipelines::Fault fault) {
  switch (fault) {
    case pipelines::Fault::usage:
    case pipelines::Fault::already_exists:
      return kUsage;
    case pipelines::Fault::contradiction:
    case pipelines::Fault::no_model:
      return kInput;
    case pipelines::Fault::unwritable:
      return kResource;
    case pipelines::Fault::cancelled:
      return kCancelled;
  }
  return kDefect;
}

int code_of(const std::error_code& code) {
  const bool absent = code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory;
  return absent ? kInput : kResource;
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\r', ' ');
  return text;
}

/// The rooms do not know what the program's options are called.
void add_remedy(Failure& failure) {
  if (failure.text.find("--overwrite") == std::string::npos) failure.text += " (--overwrite replaces it)";
}

template <typename Error>
bool take(const std::exception& error, Failure& failure) {
  const auto* typed = dynamic_cast<const Error*>(&error);
  if (!typed) return false;
  failure.exit_code = code_of(typed->fault());
  using Faults = decltype(typed->fault());
  if constexpr (requires { Faults::already_exists; }) {
    if (typed->fault() == Faults::already_exists) add_remedy(failure);
  }
  return true;
}

}  // namespace

Failure failure_of(const std::exception& error) {
  Failure failure{kDefect, one_line(error.what())};
  if (take<geo::Error>(error, failure) || take<nn::Error>(error, failure) ||
      take<datasets::Error>(error, failure) || take<vector::Error>(error, failure) ||
      take<pipelines::Error>(error, failure)) {
    return failure;
  }
  if (dynamic_cast<const std::bad_alloc*>(&error)) {
    return {kResource, "not enough memory; use fewer workers (-j), a smaller --batch, or a smaller --bbox"};
  }
  if (dynamic_cast<const std::invalid_argument*>(&error)) {
    failure.exit_code = kUsage;
  } else if (const auto* system = dynamic_cast<const std::system_error*>(&error)) {
    failure.exit_code = code_of(system->code());
  } else {
    failure.text = "unforeseen error, a defect of Scarp: " + failure.text;
  }
  return failure;
}

std::string exit_code_help() {
  return "Exit codes:\n"
         "  0    done\n"
         "  1    an error that Scarp did not foresee\n"
         "  2    wrong option or value, or an output exists and --overwrite was not said\n"
         "  3    input that cannot be read, or that contradicts the other inputs or the model\n"
         "  4    memory, disk or device: an output that cannot be written, a full disk, a device that is not "
         "there\n"
         "  5    ended early, a part of the result was kept\n"
         "  130  cancelled (SIGINT, SIGTERM, closed standard output)\n";
}

}  // namespace scarp::cli
