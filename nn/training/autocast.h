// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/autocast_mode.h>

#include "nn/device.h"

namespace scarp::nn {

/// While it lives, matrix products and convolutions of the calling thread run in bf16; weights stay fp32.
/// fp32: does nothing.
class Autocast {
 public:
  Autocast(at::DeviceType device, Precision precision)
      : device_(device), active_(precision == Precision::bf16) {
    if (!active_) return;
    was_enabled_ = at::autocast::is_autocast_enabled(device_);
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_enabled(device_, true);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (!active_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, was_enabled_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool active_;
  bool was_enabled_ = false;
};

}  // namespace scarp::nn
