// SPDX-License-Identifier: Apache-2.0
#include "pipelines/comparison/ablation.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "nn/segmenter.h"
#include "pipelines/comparison/ablation_log.h"
#include "pipelines/comparison/ablation_plan.h"
#include "pipelines/comparison/ablation_summary.h"
#include "pipelines/error.h"
#include "pipelines/pages/report_file.h"
#include "pipelines/pretraining/pretrain.h"
#include "pipelines/pretraining/pretrain_settings.h"
#include "pipelines/training/run_settings.h"
#include "pipelines/training/train.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

constexpr int kOutlineTolerance = 2;  // pixels

/// What one of several trainings says goes on under its own name; its progress is that of all jobs.
class JobEvents final : public Events {
 public:
  JobEvents(Events& events, std::mutex& mutex, std::string id, std::size_t done, std::size_t jobs)
      : events_(events), mutex_(mutex), id_(std::move(id)), done_(done), jobs_(jobs) {}
  void stage(std::string_view) override {}
  void metric(std::string_view, double) override {}
  void info(std::string_view) override {}
  void result(std::string_view, std::string_view) override {}
  void warning(std::string_view text) override {
    const std::scoped_lock lock(mutex_);
    events_.warning(fmt::format("{}: {}", id_, text));
  }
  void progress(double fraction, std::string_view detail) override {
    const std::scoped_lock lock(mutex_);
    events_.progress((static_cast<double>(done_) + fraction) / static_cast<double>(jobs_),
                     fmt::format("{}: {}", id_, detail));
  }

 private:
  Events& events_;
  std::mutex& mutex_;
  std::string id_;
  std::size_t done_;
  std::size_t jobs_;
};

class Ablation {
 public:
  Ablation(const AblationOptions& options, Events& events, std::stop_token stop)
      : options_(options),
        events_(events),
        stop_(std::move(stop)),
        plan_(read_ablation_plan(options.plan)),
        jobs_(plan_.jobs()) {}

  void run() {
    make_folders();
    require_same_settings();
    if (!options_.summary_only) make_runs();
    summarise_logs();
  }

 private:
  std::string log_path(const AblationJob& job) const {
    return options_.folder + "/logs/" + plan_.id_of(job) + ".json";
  }
  bool external(const AblationJob& job) const { return plan_.configurations[job.configuration].external; }

  void make_folders() const {
    std::error_code error;
    fs::create_directories(fs::path(options_.folder) / "logs", error);
    if (error) {
      throw Error(Fault::unwritable, fmt::format("The folder {} cannot be made ({}): choose another with -o.",
                                                 options_.folder, error.message()));
    }
  }

  void require_same_settings() const {
    for (const AblationJob& job : jobs_) {
      if (external(job) || !fs::exists(log_path(job))) continue;
      if (read_ablation_log(log_path(job)).settings == plan_.settings_of(job)) continue;
      throw Error(Fault::usage, fmt::format("{} was made with other settings than {} now says: remove it, or "
                                            "give another folder with -o.",
                                            log_path(job), options_.plan));
    }
  }

  bool all_logs_are_there() const {
    return std::all_of(jobs_.begin(), jobs_.end(),
                       [&](const AblationJob& job) { return fs::exists(log_path(job)); });
  }

  // What is there must be what the plan says: a finished backbone is not pretrained again.
  void require_same_backbone(const AblationBackbone& backbone, const std::string& run_folder) const {
    const std::string path = run_folder + "/config.resolved.yaml";
    std::ifstream in(path);
    std::stringstream made;
    made << in.rdbuf();
    if (made.str() == to_yaml(read_pretrain_settings(backbone.run, backbone.set, backbone.method))) return;
    throw Error(Fault::usage,
                fmt::format("{} was pretrained with other settings than {} now says: remove it, or "
                            "give another folder with -o.",
                            run_folder, options_.plan));
  }

  // A run that is cancelled says how it goes on by itself; here the plan goes on.
  void make_runs() {
    try {
      pretrain_backbones();
      run_jobs();
    } catch (const Error& error) {
      if (error.fault() != Fault::cancelled) throw;
      throw Error(Fault::cancelled, fmt::format("Cancelled: the same command goes on; what is done is in {}.",
                                                options_.folder));
    }
  }

  void pretrain_backbones() {
    if (all_logs_are_there()) return;
    for (const AblationBackbone& backbone : plan_.pretrain) {
      const std::string run_folder = options_.folder + "/backbones/" + backbone.name;
      if (fs::exists(run_folder + "/summary.json")) {
        require_same_backbone(backbone, run_folder);
        continue;
      }
      events_.stage("pretraining " + backbone.name);
      pretrain_run({backbone.method, backbone.run, backbone.set, run_folder, true, false}, events_, stop_);
      fs::remove_all(run_folder + "/checkpoints");
    }
    events_.stage("training");
  }

  void run_jobs() {
    std::vector<std::jthread> workers;
    for (int i = 0; i < options_.workers; ++i) workers.emplace_back([this] { work(); });
    workers.clear();  // joins
    if (failure_) std::rethrow_exception(failure_);
    if (stop_.stop_requested()) throw Error(Fault::cancelled, "Cancelled between two runs.");
  }

  void work() {
    try {
      while (!stop_.stop_requested() && !failed_) {
        const std::size_t next = next_++;
        if (next >= jobs_.size()) return;
        if (!external(jobs_[next]) && !fs::exists(log_path(jobs_[next]))) run_job(jobs_[next]);
        ++done_;
      }
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!failed_) failure_ = std::current_exception();
      failed_ = true;
    }
  }

  void run_job(const AblationJob& job) {
    const std::string run_folder = options_.folder + "/runs/" + plan_.id_of(job);
    const TrainOptions options{plan_.base, with_backbone_files(plan_.settings_of(job), options_.folder),
                               run_folder, true, false};
    JobEvents events(events_, mutex_, plan_.id_of(job), done_, jobs_.size());
    if (!fs::exists(run_folder + "/summary.json")) train_run(options, events, stop_);
    if (stop_.stop_requested()) return;
    write_text_file(log_path(job), to_json(score(job, options)), false);
    fs::remove_all(run_folder + "/checkpoints");  // large, and of no use once the run is scored
  }

  AblationLog score(const AblationJob& job, const TrainOptions& options) const {
    const RunSettings settings = read_run_settings(options.run_file, options.settings);
    const std::string model = options.run_folder + "/model.safetensors";
    std::vector<TrainingScene> scenes = open_training_scenes(settings);
    BlockSamples samples(scenes, settings, BlockSamples::Purpose::validation);
    const auto segmenter = nn::load_segmenter(model, {settings.training.device, nn::Precision::fp32});
    return {plan_.configurations[job.configuration].name,
            job.fold,
            job.seed,
            plan_.settings_of(job),
            nn::summarise_weights(model).parameters,
            read_training_summary(options.run_folder).cpu_seconds,
            score_blocks(*segmenter, samples, kOutlineTolerance, stop_)};
  }

  void summarise_logs() {
    std::vector<AblationLog> logs;
    for (const AblationJob& job : jobs_)
      if (fs::exists(log_path(job))) logs.push_back(read_ablation_log(log_path(job)));
    if (logs.size() < jobs_.size())
      events_.warning(
          fmt::format("{} of {} runs are there: the table is not complete.", logs.size(), jobs_.size()));
    const std::vector<AblationRow> rows = summarise(plan_, logs, options_.draws);
    const std::string table = options_.folder + "/table.md", report = options_.folder + "/report.html";
    write_text_file(table, to_markdown(plan_, rows), true);
    write_ablation_report(report, plan_, rows);
    events_.result("table", table);
    events_.result("report", report);
  }

  const AblationOptions& options_;
  Events& events_;
  std::stop_token stop_;
  AblationPlan plan_;
  std::vector<AblationJob> jobs_;
  std::mutex mutex_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> done_ = 0;
  std::atomic<bool> failed_ = false;
  std::exception_ptr failure_;
};

}  // namespace

void run_ablation(const AblationOptions& options, Events& events, std::stop_token stop) {
  Ablation(options, events, std::move(stop)).run();
}

}  // namespace scarp::pipelines
