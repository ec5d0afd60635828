// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipelines/vector/plain_file.h"
#include "pipelines/vector/shape.h"

namespace scarp::vector {

/// Where features are on the map and in a row of bytes, in the order in which they came: 40 bytes each.
class FeaturePlaces {
 public:
  void add(const Bounds& bounds, std::size_t bytes) {
    places_.push_back({bounds, end_});
    end_ += bytes;
  }
  std::size_t size() const { return places_.size(); }
  const Bounds& bounds(std::size_t i) const { return places_[i].bounds; }
  std::uint64_t begin(std::size_t i) const { return places_[i].begin; }
  std::uint64_t bytes(std::size_t i) const {
    return (i + 1 < places_.size() ? places_[i + 1].begin : end_) - places_[i].begin;
  }
  std::uint64_t end() const { return end_; }
  void prefetch(std::size_t i) const { __builtin_prefetch(&places_[i]); }

 private:
  struct Place {
    Bounds bounds;
    std::uint64_t begin;
  };
  std::vector<Place> places_;
  std::uint64_t end_ = 0;
};

/// Keeps the bytes of features until they are asked for in another order: in memory within a budget, beyond
/// it in a file. They are gathered in stretches of the new order, each in the order in which they came.
class FeatureSpool {
 public:
  using Visit = std::function<void(std::span<const std::uint8_t>)>;

  /// @param path    a file that is made where the budget is exceeded
  /// @param target  the output, for messages
  FeatureSpool(std::string path, std::string target, std::size_t budget_bytes);
  ~FeatureSpool();
  FeatureSpool(const FeatureSpool&) = delete;
  FeatureSpool& operator=(const FeatureSpool&) = delete;

  void add(std::span<const std::uint8_t> feature);

  /// Hands out all features, and removes what was kept.
  /// @param features  as they were added
  /// @param order     their numbers in the order in which they are wanted
  void take_in_order(const FeaturePlaces& features, std::span<const std::uint32_t> order, const Visit& visit);

 private:
  void spill();
  void prefetch(const FeaturePlaces& features, std::uint32_t feature) const;
  void visit_kept(const FeaturePlaces& features,
                  std::span<const std::uint32_t> order,
                  const Visit& visit) const;

  std::string path_;
  std::string target_;
  std::size_t budget_bytes_;
  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;  ///< bytes from spilled_ on
  std::uint64_t spilled_ = 0;
  std::uint64_t end_ = 0;
  std::optional<PlainFile> file_;
};

}  // namespace scarp::vector
