// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace scarp::nn {

bool is_floating(const std::string& dtype);

/// Values of floating-point elements (F16, BF16, F32, F64), exactly.
/// @throws Error (bad_argument) for other types
std::vector<double> values_of(const std::string& dtype, std::span<const std::byte> data);

/// The nearest elements, ties to even; beyond the type's range infinity.
/// @throws Error (bad_argument) for other types
std::vector<std::byte> elements_of(const std::string& dtype, std::span<const double> values);

/// NaN and infinities among floating-point elements; 0 for other types. F8 types are not looked into.
std::int64_t count_not_finite(const std::string& dtype, std::span<const std::byte> data);

}  // namespace scarp::nn
