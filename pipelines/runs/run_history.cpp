// SPDX-License-Identifier: Apache-2.0
#include "pipelines/runs/run_history.h"

#include <algorithm>
#include <array>
#include <fstream>

#include <nlohmann/json.hpp>

namespace scarp::pipelines {
namespace {

using Line = nlohmann::ordered_json;

constexpr std::array kPretrainingKeys = {"epoch",           "step",      "learning_rate",
                                         "images_a_second", "precision", "collapsed"};

const char* word_of(nn::Precision precision) {
  return precision == nn::Precision::bf16 ? "bf16" : "fp32";
}

nn::Precision precision_of(const Line& line) {
  return line.value("precision", "fp32") == "bf16" ? nn::Precision::bf16 : nn::Precision::fp32;
}

nn::TrainingEvent training_event(const Line& line) {
  nn::TrainingEvent event;
  event.epoch = line.at("epoch");
  event.step = line.at("step");
  event.loss = line.at("loss");
  event.learning_rate = line.at("learning_rate");
  event.seconds_a_step = line.at("seconds_a_step");
  event.contrast = line.value("contrast", 0.0);
  event.precision = precision_of(line);
  if (!line.contains("validation")) return event;
  event.validated = true;
  event.validation_loss = line.at("validation_loss");
  event.validation.emplace_back();  // of the background nothing is logged
  for (const Line& scores : line.at("validation")) {
    const auto counts = scores.at("counts").get<std::array<std::int64_t, 3>>();
    event.validation.push_back({counts[0], counts[1], counts[2]});
  }
  return event;
}

nn::PretrainEvent pretraining_event(const Line& line) {
  nn::PretrainEvent event;
  event.epoch = line.at("epoch");
  event.step = line.at("step");
  event.learning_rate = line.at("learning_rate");
  event.images_a_second = line.at("images_a_second");
  event.precision = precision_of(line);
  event.collapsed = line.value("collapsed", false);
  for (const auto& [key, value] : line.items()) {
    const bool own =
        std::find(kPretrainingKeys.begin(), kPretrainingKeys.end(), key) != kPretrainingKeys.end();
    if (!own) event.values.emplace_back(key, value.get<double>());
  }
  return event;
}

template <typename Event, typename Read>
std::vector<Event> read_events(const std::string& metrics, Read read) {
  std::vector<Event> history;
  std::ifstream file(metrics);
  for (std::string text; std::getline(file, text);) {
    const Line line = Line::parse(text, nullptr, /*allow_exceptions=*/false);
    try {
      append_event(history, read(line));
    } catch (const Line::exception&) {
      continue;  // see the header
    }
  }
  return history;
}

}  // namespace

std::string history_line(const nn::TrainingEvent& event) {
  Line line = {{"epoch", event.epoch},
               {"step", event.step},
               {"loss", event.loss},
               {"learning_rate", event.learning_rate},
               {"seconds_a_step", event.seconds_a_step},
               {"precision", word_of(event.precision)}};
  if (event.contrast > 0) line["contrast"] = event.contrast;
  if (!event.validated) return line.dump();
  line["validation_loss"] = event.validation_loss;
  for (std::size_t c = 1; c < event.validation.size(); ++c) {
    const nn::ClassCounts& counts = event.validation[c];
    line["validation"].push_back(
        {{"class", c},
         {"f1", counts.f1()},
         {"iou", counts.iou()},
         {"counts", {counts.true_positive, counts.false_positive, counts.false_negative}}});
  }
  return line.dump();
}

std::string history_line(const nn::PretrainEvent& event) {
  Line line = {{"epoch", event.epoch},
               {"step", event.step},
               {"learning_rate", event.learning_rate},
               {"images_a_second", event.images_a_second},
               {"precision", word_of(event.precision)}};
  if (event.collapsed) line["collapsed"] = true;
  for (const auto& [name, value] : event.values) line[name] = value;
  return line.dump();
}

std::string lines_before(const std::string& metrics, std::int64_t step) {
  std::string kept;
  std::ifstream file(metrics);
  for (std::string text; std::getline(file, text);) {
    const Line line = Line::parse(text, nullptr, /*allow_exceptions=*/false);
    const auto found = line.is_object() ? line.find("step") : line.end();
    const bool done_again =
        found != line.end() && found->is_number_integer() && found->get<std::int64_t>() >= step;
    if (!done_again) kept += text + '\n';
  }
  return kept;
}

std::vector<nn::TrainingEvent> read_training_history(const std::string& metrics) {
  return read_events<nn::TrainingEvent>(metrics, training_event);
}

std::vector<nn::PretrainEvent> read_pretraining_history(const std::string& metrics) {
  return read_events<nn::PretrainEvent>(metrics, pretraining_event);
}

}  // namespace scarp::pipelines
