// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/regions.h"

#include <algorithm>

namespace scarp::vector {
namespace {

template <typename Items>
std::uint32_t root_of(Items& items, std::uint32_t i) {
  while (items[i].parent != i) {
    items[i].parent = items[items[i].parent].parent;
    i = items[i].parent;
  }
  return i;
}

}  // namespace

void Regions::clear(bool with_sums) {
  with_sums_ = with_sums;
  sums_.clear();
  parts_.clear();
  objects_.clear();
  next_ring_.clear();
}

std::uint32_t Regions::add(std::int32_t value, std::int64_t row) {
  const auto id = static_cast<std::uint32_t>(parts_.size());
  const auto object = static_cast<std::uint32_t>(objects_.size());
  parts_.push_back({id, kNone, kNone, object, kNone, value});
  objects_.push_back({object, 1, kNone, kNone, row});
  if (with_sums_) sums_.emplace_back();
  return id;
}

std::uint32_t Regions::part_of(std::uint32_t part) {
  return root_of(parts_, part);
}

std::uint32_t Regions::object_of(std::uint32_t part) {
  return root_of(objects_, parts_[part_of(part)].object);
}

void Regions::unite_parts(std::uint32_t a, std::uint32_t b) {
  std::uint32_t keep = part_of(a);
  std::uint32_t gone = part_of(b);
  if (keep == gone) return;
  if (gone < keep) std::swap(keep, gone);
  unite_object_roots(root_of(objects_, parts_[keep].object), root_of(objects_, parts_[gone].object));
  Part& kept = parts_[keep];
  Part& merged = parts_[gone];
  merged.parent = keep;
  --objects_[root_of(objects_, kept.object)].open_parts;
  if (merged.first_ring == kNone) return;
  if (kept.first_ring == kNone) {
    kept.first_ring = merged.first_ring;
  } else {
    next_ring_[kept.last_ring] = merged.first_ring;
  }
  kept.last_ring = merged.last_ring;
}

void Regions::unite_objects(std::uint32_t a, std::uint32_t b) {
  unite_object_roots(object_of(a), object_of(b));
}

void Regions::unite_object_roots(std::uint32_t keep, std::uint32_t gone) {
  if (keep == gone) return;
  if (gone < keep) std::swap(keep, gone);
  Object& kept = objects_[keep];
  Object& merged = objects_[gone];
  merged.parent = keep;
  kept.open_parts += merged.open_parts;
  kept.first_row = std::min(kept.first_row, merged.first_row);
  if (with_sums_) sums_[keep].merge(sums_[gone]);
  if (merged.first_closed == kNone) return;
  if (kept.first_closed == kNone) {
    kept.first_closed = merged.first_closed;
  } else {
    parts_[kept.last_closed].next_closed = merged.first_closed;
  }
  kept.last_closed = merged.last_closed;
}

void Regions::add_ring(std::uint32_t part, std::uint32_t ring) {
  if (next_ring_.size() <= ring) next_ring_.resize(ring + std::size_t{1} + ring / 2, kNone);
  next_ring_[ring] = kNone;
  Part& owner = parts_[part];
  if (owner.first_ring == kNone) {
    owner.first_ring = ring;
  } else {
    next_ring_[owner.last_ring] = ring;
  }
  owner.last_ring = ring;
}

bool Regions::close_part(std::uint32_t part) {
  Object& object = objects_[root_of(objects_, parts_[part].object)];
  parts_[part].next_closed = kNone;
  if (object.first_closed == kNone) {
    object.first_closed = part;
  } else {
    parts_[object.last_closed].next_closed = part;
  }
  object.last_closed = part;
  return --object.open_parts == 0;
}

void Regions::label(const std::vector<Run>& above,
                    std::vector<Run>& below,
                    std::int64_t row,
                    bool eight_connected) {
  std::size_t first = 0;
  for (Run& run : below) {
    while (first < above.size() && above[first].end < run.begin) ++first;
    for (std::size_t i = first; i < above.size() && above[i].begin <= run.end; ++i) {
      const Run& other = above[i];
      if (other.value != run.value || other.end == run.begin || other.begin == run.end) continue;
      if (run.part == kNone) {
        run.part = part_of(other.part);
      } else {
        unite_parts(run.part, other.part);
      }
    }
    if (run.part == kNone) run.part = add(run.value, row);
    if (!eight_connected) continue;
    for (std::size_t i = first; i < above.size() && above[i].begin <= run.end; ++i) {
      const bool corner = above[i].end == run.begin || above[i].begin == run.end;
      if (corner && above[i].value == run.value) unite_objects(run.part, above[i].part);
    }
  }
}

void Regions::forget_all_but(std::vector<Run>& runs) {
  constexpr std::size_t kFewParts = 4096;
  if (parts_.size() < 2 * kept_parts_ + kFewParts) return;
  std::vector<Part> kept;
  std::vector<Object> objects;
  std::vector<PixelSums> sums;
  std::vector<std::uint32_t> new_part(parts_.size(), kNone);
  std::vector<std::uint32_t> new_object(objects_.size(), kNone);
  const auto keep = [&](std::uint32_t part, std::uint32_t object) {
    new_part[part] = static_cast<std::uint32_t>(kept.size());
    kept.push_back(parts_[part]);
    kept.back().parent = new_part[part];
    kept.back().object = object;
    return new_part[part];
  };
  for (Run& run : runs) {
    const std::uint32_t part = part_of(run.part);
    const std::uint32_t object = object_of(part);
    if (new_object[object] == kNone) {
      const auto id = static_cast<std::uint32_t>(objects.size());
      new_object[object] = id;
      objects.push_back({id, objects_[object].open_parts, kNone, kNone, objects_[object].first_row});
      if (with_sums_) sums.push_back(sums_[object]);
      for (std::uint32_t p = objects_[object].first_closed; p != kNone; p = parts_[p].next_closed) {
        const std::uint32_t moved = keep(p, id);
        kept[moved].next_closed = objects[id].first_closed;
        if (objects[id].first_closed == kNone) objects[id].last_closed = moved;
        objects[id].first_closed = moved;
      }
    }
    if (new_part[part] == kNone) keep(part, new_object[object]);
    run.part = new_part[part];
  }
  parts_.swap(kept);
  objects_.swap(objects);
  sums_.swap(sums);
  kept_parts_ = parts_.size();
}

const Run& run_at(const std::vector<Run>& runs, std::int32_t col) {
  const auto after = std::upper_bound(runs.begin(), runs.end(), col,
                                      [](std::int32_t at, const Run& run) { return at < run.begin; });
  return *(after - 1);
}

}  // namespace scarp::vector
