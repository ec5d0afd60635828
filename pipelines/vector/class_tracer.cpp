// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/class_tracer.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <tbb/concurrent_queue.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/info.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include "pipelines/vector/band_stitcher.h"
#include "pipelines/vector/error.h"

namespace scarp::vector {
namespace {

constexpr std::int64_t kBandPixels = std::int64_t{1} << 21;
/// Values take more memory than classes.
constexpr std::int64_t kBandPixelsWithValues = kBandPixels / 2;

std::int32_t checked_cols(std::int64_t cols) {
  if (cols > 0 && cols <= kMostColumns) return static_cast<std::int32_t>(cols);
  throw Error(Fault::bad_argument,
              fmt::format("a raster of {} columns cannot be made polygons: 1 to {} are possible", cols,
                          kMostColumns));
}

std::int64_t rows_of_band(std::int64_t cols, const TracerOptions& options) {
  return options.band_rows > 0 ? options.band_rows : default_band_rows(cols, options.rules.sums);
}

}  // namespace

std::int64_t default_band_rows(std::int64_t cols, bool sums) {
  return std::max<std::int64_t>(1, (sums ? kBandPixelsWithValues : kBandPixels) / cols);
}

template <typename T>
struct ClassTracer<T>::State {
  State(std::int32_t width, const TracerOptions& options, ObjectSink sink)
      : cols(width),
        band_rows(rows_of_band(width, options)),
        sums(options.rules.sums),
        tracer(width, options.rules),
        stitcher(width,
                 options.rules,
                 options.most_open_bytes,
                 std::move(sink),
                 options.corner_rows,
                 options.rows_done) {}

  void trace(const T* pixels, std::int64_t rows, BandValues* values = nullptr) {
    tracer.trace(pixels, next_row, rows, band, values);
    stitcher.add(band);
    next_row += rows;
  }

  std::int64_t cols;
  std::int64_t band_rows;
  bool sums;
  BandTracer<T> tracer;
  BandTrace band;
  BandStitcher stitcher;
  std::vector<T> waiting;  ///< rows that do not make a band yet
  std::int64_t next_row = 0;
};

template <typename T>
ClassTracer<T>::ClassTracer(std::int64_t cols, const TracerOptions& options, ObjectSink sink)
    : state_(std::make_unique<State>(checked_cols(cols), options, std::move(sink))) {}

template <typename T>
ClassTracer<T>::~ClassTracer() = default;

template <typename T>
void ClassTracer<T>::push(std::span<const T> pixels, BandValues* values) {
  State& s = *state_;
  const auto width = static_cast<std::size_t>(s.cols);
  if (pixels.size() % width != 0) {
    throw Error(Fault::bad_argument, fmt::format("{} pixels are no whole rows of {}", pixels.size(), width));
  }
  if (s.sums) {
    if (values == nullptr) throw Error(Fault::bad_argument, "rows whose values are summed came without");
    if (!pixels.empty()) s.trace(pixels.data(), static_cast<std::int64_t>(pixels.size() / width), values);
    return;
  }
  const std::size_t band = static_cast<std::size_t>(s.band_rows) * width;
  while (!pixels.empty()) {
    if (s.waiting.empty() && pixels.size() >= band) {
      s.trace(pixels.data(), s.band_rows);
      pixels = pixels.subspan(band);
      continue;
    }
    const std::size_t count = std::min(pixels.size(), band - s.waiting.size());
    s.waiting.insert(s.waiting.end(), pixels.begin(), pixels.begin() + static_cast<std::ptrdiff_t>(count));
    pixels = pixels.subspan(count);
    if (s.waiting.size() < band) continue;
    s.trace(s.waiting.data(), s.band_rows);
    s.waiting.clear();
  }
}

template <typename T>
void ClassTracer<T>::finish() {
  State& s = *state_;
  const auto rows = static_cast<std::int64_t>(s.waiting.size()) / s.cols;
  if (rows > 0) s.trace(s.waiting.data(), rows);
  s.waiting.clear();
  s.stitcher.finish();
}

template <typename T>
std::size_t ClassTracer<T>::open_bytes() const {
  return state_->stitcher.open_bytes();
}

namespace {

/// A band on its way from the reader to the stitcher.
template <typename T>
struct BandJob {
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  std::vector<T> pixels;
  std::shared_ptr<BandValues> values;
  BandTrace trace;
};

}  // namespace

template <typename T>
void trace_classes(std::int64_t rows,
                   std::int64_t cols,
                   const TracerOptions& options,
                   const std::function<void(std::int64_t, std::int64_t, T*)>& read,
                   const ObjectSink& sink,
                   const ValuesReader& values) {
  const std::int32_t width = checked_cols(cols);
  const std::int64_t band_rows = rows_of_band(cols, options);
  BandStitcher stitcher(width, options.rules, options.most_open_bytes, sink, options.corner_rows,
                        options.rows_done);
  tbb::enumerable_thread_specific<BandTracer<T>> tracers(width, options.rules);
  const int cores = tbb::info::default_concurrency();
  tbb::task_arena arena(options.workers > 0 ? std::min(options.workers, cores) : cores);
  const auto jobs = static_cast<std::size_t>(arena.max_concurrency()) + 1;
  std::vector<BandJob<T>> all(jobs);
  tbb::concurrent_queue<BandJob<T>*> spare;
  for (BandJob<T>& job : all) spare.push(&job);
  std::int64_t next_row = 0;

  const auto next_band = [&](tbb::flow_control& control) -> BandJob<T>* {
    BandJob<T>* job = nullptr;
    if (next_row >= rows || !spare.try_pop(job)) {
      control.stop();
      return nullptr;
    }
    job->first_row = next_row;
    job->rows = std::min(band_rows, rows - next_row);
    if (options.rules.sums) job->values = values(job->first_row, job->rows);
    next_row += job->rows;
    return job;
  };
  const auto trace_band = [&](BandJob<T>* job) {
    job->pixels.resize(static_cast<std::size_t>(job->rows * cols));
    read(job->first_row, job->rows, job->pixels.data());
    tracers.local().trace(job->pixels.data(), job->first_row, job->rows, job->trace, job->values.get());
    job->values.reset();
    return job;
  };
  const auto stitch_band = [&](BandJob<T>* job) {
    stitcher.add(job->trace);
    spare.push(job);
  };
  arena.execute([&] {
    tbb::parallel_pipeline(
        jobs, tbb::make_filter<void, BandJob<T>*>(tbb::filter_mode::serial_in_order, next_band) &
                  tbb::make_filter<BandJob<T>*, BandJob<T>*>(tbb::filter_mode::parallel, trace_band) &
                  tbb::make_filter<BandJob<T>*, void>(tbb::filter_mode::serial_in_order, stitch_band));
  });
  stitcher.finish();
}

#define SCARP_TRACER_OF(T)                                                                              \
  template class ClassTracer<T>;                                                                        \
  template void trace_classes<T>(                                                                       \
      std::int64_t, std::int64_t, const TracerOptions&,                                                 \
      const std::function<void(std::int64_t, std::int64_t, std::add_pointer_t<T>)>&, const ObjectSink&, \
      const ValuesReader&);
SCARP_TRACER_OF(std::uint8_t)
SCARP_TRACER_OF(std::uint16_t)
SCARP_TRACER_OF(std::int32_t)
#undef SCARP_TRACER_OF

}  // namespace scarp::vector
