// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "pipelines/vector/attributes.h"
#include "pipelines/vector/clean_text.h"

namespace scarp::vector {

enum class FieldType : std::uint8_t { text, integer, real, boolean };

struct AttributeField {
  const char* name;
  FieldType type;
};

/// The fields of ObjectAttributes in the order of every file. No name is longer than 10 characters: what a
/// shapefile holds.
inline constexpr std::array<AttributeField, 19> kAttributeFields = {{
    {"uid", FieldType::text},       {"class_id", FieldType::integer}, {"class", FieldType::text},
    {"conf_mean", FieldType::real}, {"conf_min", FieldType::real},    {"conf_std", FieldType::real},
    {"area_m2", FieldType::real},   {"perim_m", FieldType::real},     {"elev_min", FieldType::real},
    {"elev_max", FieldType::real},  {"relief_m", FieldType::real},    {"slope_mean", FieldType::real},
    {"slope_max", FieldType::real}, {"aspect", FieldType::real},      {"length_m", FieldType::real},
    {"width_m", FieldType::real},   {"reach", FieldType::real},       {"edge", FieldType::boolean},
    {"model_id", FieldType::text},
}};

/// A bit for each field that has a value.
inline std::uint32_t known_fields(const ObjectAttributes& a) {
  constexpr int kConfidence = 3;
  constexpr int kTerrain = 8;
  std::uint32_t known = (std::uint32_t{1} << kAttributeFields.size()) - 1;
  const auto check = [&](const std::optional<double>& value, int field) {
    if (!value) known &= ~(std::uint32_t{1} << field);
  };
  int field = kConfidence;
  for (const auto* value : {&a.conf_mean, &a.conf_min, &a.conf_std}) check(*value, field++);
  field = kTerrain;
  for (const auto* value : {&a.elev_min, &a.elev_max, &a.relief_m, &a.slope_mean, &a.slope_max, &a.aspect,
                            &a.length_m, &a.width_m, &a.reach}) {
    check(*value, field++);
  }
  return known;
}

/// Names as every format can hold them. The same few names come again and again: the last one is kept.
class CleanName {
 public:
  const std::string& of(const std::string& name) {
    if (name != name_) {
      name_ = name;
      clean_ = clean_text(name);
    }
    return clean_;
  }

 private:
  std::string name_;
  std::string clean_;
};

/// Hands the values to `visit` in the order of kAttributeFields: std::string, int, std::optional<double>
/// (empty: NULL) or bool. Names are those given here, clean ones.
template <class Visit>
void visit_fields(const ObjectAttributes& a,
                  const std::string& class_name,
                  const std::string& model_id,
                  const Visit& visit) {
  visit(a.uid);
  visit(a.class_id);
  visit(class_name);
  for (const auto& value : {a.conf_mean, a.conf_min, a.conf_std}) visit(value);
  visit(std::optional<double>(a.area_m2));
  visit(std::optional<double>(a.perim_m));
  for (const auto& value : {a.elev_min, a.elev_max, a.relief_m, a.slope_mean, a.slope_max, a.aspect,
                            a.length_m, a.width_m, a.reach}) {
    visit(value);
  }
  visit(a.edge);
  visit(model_id);
}

/// The same with the names cleaned, until the next object. Class names are cleaned as in the style, which
/// finds its category by this name.
class AttributeValues {
 public:
  template <class Visit>
  void visit(const ObjectAttributes& a, const Visit& visit) {
    visit_fields(a, class_name_.of(a.class_name), model_id_.of(a.model_id), visit);
  }

 private:
  CleanName class_name_;
  CleanName model_id_;
};

}  // namespace scarp::vector
