// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <new>
#include <string>
#include <utility>

#include <c10/util/Exception.h>

#include "nn/error.h"

namespace scarp::nn {

/// LibTorch's exception as ours: its first line, and what was being done.
[[noreturn]] void throw_as_ours(const std::string& doing, const c10::Error& error);

/// Calls `work`; no exception of LibTorch leaves it.
/// @param doing  opens the message, e.g. "training"
template <typename Work>
auto with_our_errors(const std::string& doing, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const c10::Error& error) {
    throw_as_ours(doing, error);
  } catch (const std::bad_alloc&) {
    throw Error(Fault::out_of_memory, doing + ": out of memory; use smaller tiles or a smaller batch");
  }
}

}  // namespace scarp::nn
