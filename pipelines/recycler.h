// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace scarp::pipelines {

/// Lends objects whose memory is worth keeping. One that is given back goes to the next borrower as it is,
/// whatever it holds. May be used from several threads; objects may outlive the recycler.
template <typename T>
class Recycler {
 public:
  std::shared_ptr<T> take() {
    std::unique_ptr<T> object;
    {
      const std::lock_guard lock(shelf_->mutex);
      if (!shelf_->free.empty()) {
        object = std::move(shelf_->free.back());
        shelf_->free.pop_back();
      }
    }
    if (!object) object = std::make_unique<T>();
    return std::shared_ptr<T>(object.release(), [shelf = shelf_](T* given_back) {
      std::unique_ptr<T> owned(given_back);
      const std::lock_guard lock(shelf->mutex);
      shelf->free.push_back(std::move(owned));
    });
  }

 private:
  struct Shelf {
    std::mutex mutex;
    std::vector<std::unique_ptr<T>> free;
  };
  std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

}  // namespace scarp::pipelines
