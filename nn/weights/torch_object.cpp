// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/torch_object.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "nn/format_error.h"
#include "nn/io/printable.h"

namespace scarp::nn {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kDeepest = 32;
constexpr std::size_t kMostValues = 1'000'000;
constexpr std::size_t kLongestKey = 4096;
constexpr std::size_t kLongestNames = std::size_t{32} << 20U;  // of all tensors together
constexpr std::size_t kLongestNote = 1024;
constexpr std::size_t kMostNotes = 1000;

class Walk {
 public:
  Walk(const PickleDocument& document, const std::string& what) : document_(document), what_(what) {}

  std::vector<TensorPlace> all() {
    enter(document_.root);
    if (found_.empty()) throw FormatError(Defect::not_a_state_dict, what_, "there is no tensor in it");
    return std::move(found_);
  }

 private:
  void enter(PickleValue value) {
    if (++values_ > kMostValues)
      throw FormatError(Defect::limit_exceeded, what_,
                        "more than a million values, counted where they are used");
    if (value.kind == Kind::tensor) return add(value.index);
    const bool sequence = value.kind == Kind::list || value.kind == Kind::tuple;
    if (!sequence && value.kind != Kind::dict) return;
    const std::pair<bool, std::uint32_t> container(sequence, value.index);
    if (std::find(open_.begin(), open_.end(), container) != open_.end()) return;  // it holds itself
    if (open_.size() == kDeepest)
      throw FormatError(Defect::limit_exceeded, what_, "lists and dicts nested deeper than 32");
    open_.push_back(container);
    sequence ? enter_sequence(value) : enter_dict(value);
    open_.pop_back();
  }

  void enter_sequence(PickleValue value) {
    const auto& items = document_.sequence(value);
    for (std::size_t i = 0; i < items.size(); ++i) enter_below(std::to_string(i), items[i]);
  }

  void enter_dict(PickleValue value) {
    std::size_t number = 0;
    for (const auto& [key, item] : document_.dict(value)) {
      std::string name = "#" + std::to_string(number++);
      if (key.kind == Kind::text) name = key_text(key);
      if (key.kind == Kind::integer) name = std::to_string(key.integer);
      enter_below(name, item);
    }
  }

  // Keys are copied wherever their dict is used.
  const std::string& key_text(PickleValue key) const {
    const std::string& text = document_.text(key);
    if (text.size() > kLongestKey)
      throw FormatError(
          Defect::limit_exceeded, what_,
          "key " + printable(text) + " is longer than " + std::to_string(kLongestKey) + " bytes");
    return text;
  }

  void enter_below(const std::string& name, PickleValue value) {
    path_.push_back(name);
    enter(value);
    path_.pop_back();
  }

  void add(std::uint32_t tensor) {
    for (const std::string& part : path_) name_bytes_ += part.size() + sizeof(std::string);
    if (name_bytes_ > kLongestNames)
      throw FormatError(Defect::limit_exceeded, what_, "the names of its tensors take more than 32 MiB");
    if (!names_.insert(path_).second)
      throw FormatError(Defect::malformed_pickle, what_,
                        "two tensors are called " + printable(path_.empty() ? "" : path_.back()));
    found_.push_back({path_, tensor});
  }

  const PickleDocument& document_;
  const std::string& what_;
  std::vector<std::pair<bool, std::uint32_t>> open_;
  std::vector<std::string> path_;
  std::set<std::vector<std::string>> names_;
  std::vector<TensorPlace> found_;
  std::size_t values_ = 0;
  std::size_t name_bytes_ = 0;
};

}  // namespace

std::vector<TensorPlace> tensors_of(const PickleDocument& document, const std::string& what) {
  return Walk(document, what).all();
}

std::map<std::string, std::string> notes_of(const PickleDocument& document) {
  std::map<std::string, std::string> notes;
  if (document.root.kind != Kind::dict) return notes;
  for (const auto& [key, value] : document.dict(document.root)) {
    if (key.kind != Kind::text || document.text(key).size() > kLongestNote) continue;
    if (notes.size() == kMostNotes) break;
    std::array<char, 32> digits = {};
    std::string& note = notes[document.text(key)];
    if (value.kind == Kind::text) note = document.text(value).substr(0, kLongestNote);
    if (value.kind == Kind::integer) note = std::to_string(value.integer);
    if (value.kind == Kind::boolean) note = value.integer != 0 ? "true" : "false";
    if (value.kind == Kind::real)
      note.assign(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value.real).ptr);
    if (note.empty()) notes.erase(document.text(key));
  }
  return notes;
}

}  // namespace scarp::nn
