// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/element_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "nn/error.h"

namespace scarp::nn {
namespace {

/// A binary format of at most 16 bits: `mantissa` bits after the point, exponents from `lowest` on.
struct ShortFormat {
  int mantissa;
  int lowest;
  int highest;
};
constexpr ShortFormat kHalf = {10, -14, 15};
constexpr ShortFormat kBrain = {7, -126, 127};

double value_of_short(std::uint16_t bits, const ShortFormat& format) {
  const int field = (bits & 0x7FFFU) >> format.mantissa;
  const auto fraction = static_cast<double>(bits & ((1U << format.mantissa) - 1U));
  const double sign = (bits & 0x8000U) != 0 ? -1 : 1;
  if (field == format.highest - format.lowest + 2)
    return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                         : sign * std::numeric_limits<double>::infinity();
  const double one = field == 0 ? 0 : std::ldexp(1.0, format.mantissa);
  return sign * std::ldexp(one + fraction, format.lowest + std::max(field, 1) - 1 - format.mantissa);
}

std::uint16_t short_of_value(double value, const ShortFormat& format) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000U : 0U;
  const auto infinite = static_cast<std::uint16_t>((format.highest - format.lowest + 2) << format.mantissa);
  if (std::isnan(value)) return static_cast<std::uint16_t>(sign | infinite | 1U << (format.mantissa - 1));
  if (value == 0) return sign;
  int exponent = 0;
  std::frexp(value, &exponent);
  const int scale = std::max(exponent - 1, format.lowest) - format.mantissa;
  const double units = std::nearbyint(std::ldexp(std::fabs(value), -scale));  // ties to even
  if (!std::isfinite(value) || std::ldexp(units, scale) >= std::ldexp(1.0, format.highest + 1))
    return static_cast<std::uint16_t>(sign | infinite);
  // Units of the lowest exponent count on into the exponent's field, also where rounding carries.
  const auto above = static_cast<std::uint32_t>(scale + format.mantissa - format.lowest);
  return static_cast<std::uint16_t>(sign | ((above << format.mantissa) + static_cast<std::uint32_t>(units)));
}

template <typename Element, typename Use>
void for_each(std::span<const std::byte> data, Use use) {
  for (std::size_t at = 0; at + sizeof(Element) <= data.size(); at += sizeof(Element)) {
    Element element;
    std::memcpy(&element, data.data() + at, sizeof(element));
    use(element);
  }
}

template <typename Element, typename Make>
std::vector<std::byte> made_of(std::span<const double> values, Make make) {
  std::vector<std::byte> bytes(values.size() * sizeof(Element));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Element element = make(values[i]);
    std::memcpy(bytes.data() + i * sizeof(element), &element, sizeof(element));
  }
  return bytes;
}

[[noreturn]] void refuse(const std::string& dtype) {
  throw Error(Fault::bad_argument, "elements of type " + dtype + " are not floating-point numbers");
}

}  // namespace

bool is_floating(const std::string& dtype) {
  return dtype == "F16" || dtype == "BF16" || dtype == "F32" || dtype == "F64";
}

std::vector<double> values_of(const std::string& dtype, std::span<const std::byte> data) {
  std::vector<double> values;
  const auto add = [&values](double value) { values.push_back(value); };
  if (dtype == "F32") {
    for_each<float>(data, add);
  } else if (dtype == "F64") {
    for_each<double>(data, add);
  } else if (dtype == "F16" || dtype == "BF16") {
    const ShortFormat& format = dtype == "F16" ? kHalf : kBrain;
    for_each<std::uint16_t>(data, [&](std::uint16_t bits) { add(value_of_short(bits, format)); });
  } else {
    refuse(dtype);
  }
  return values;
}

std::vector<std::byte> elements_of(const std::string& dtype, std::span<const double> values) {
  if (dtype == "F32") return made_of<float>(values, [](double value) { return static_cast<float>(value); });
  if (dtype == "F64") return made_of<double>(values, [](double value) { return value; });
  if (dtype == "F16")
    return made_of<std::uint16_t>(values, [](double value) { return short_of_value(value, kHalf); });
  if (dtype == "BF16")
    return made_of<std::uint16_t>(values, [](double value) { return short_of_value(value, kBrain); });
  refuse(dtype);
}

std::int64_t count_not_finite(const std::string& dtype, std::span<const std::byte> data) {
  std::int64_t count = 0;
  // All ones in the exponent's field: no arithmetic, so that large files are read at the disk's speed.
  const auto look = [&count](auto bits, auto field) { count += (bits & field) == field ? 1 : 0; };
  if (dtype == "F32") for_each<std::uint32_t>(data, [&](std::uint32_t bits) { look(bits, 0x7F800000U); });
  if (dtype == "F64")
    for_each<std::uint64_t>(data, [&](std::uint64_t bits) { look(bits, std::uint64_t{0x7FF} << 52U); });
  if (dtype == "F16") for_each<std::uint16_t>(data, [&](std::uint16_t bits) { look(bits + 0U, 0x7C00U); });
  if (dtype == "BF16") for_each<std::uint16_t>(data, [&](std::uint16_t bits) { look(bits + 0U, 0x7F80U); });
  return count;
}

}  // namespace scarp::nn
