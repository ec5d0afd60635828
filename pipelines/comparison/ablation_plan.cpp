// SPDX-License-Identifier: Apache-2.0
#include "pipelines/comparison/ablation_plan.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "pipelines/error.h"
#include "pipelines/nearest_name.h"
#include "pipelines/runs/bound_settings.h"

namespace scarp::pipelines {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string> kPlanKeys = {"title", "protocol",  "base",     "set",           "folds",
                                            "seeds", "reference", "pretrain", "configurations"};
const std::vector<std::string> kBackboneKeys = {"name", "method", "run", "set"};
const std::vector<std::string> kConfigurationKeys = {"name", "set", "seeds", "external"};
const std::string kBackboneWord = "backbone:";

void require(bool condition, const std::string& sentence) {
  if (!condition) throw Error(Fault::usage, sentence);
}

void require_keys(const YAML::Node& map, const std::vector<std::string>& known, const std::string& where) {
  require(map.IsMap(), fmt::format("{} must be a map of keys.", where));
  for (const auto& entry : map) {
    const auto key = entry.first.as<std::string>();
    require(std::find(known.begin(), known.end(), key) != known.end(),
            fmt::format("{}: unknown key '{}'; did you mean '{}'?", where, key, nearest_name(key, known)));
  }
}

template <typename T>
void take(const YAML::Node& map, const char* key, const std::string& where, T& target) {
  if (!map[key]) return;
  try {
    target = map[key].as<T>();
  } catch (const YAML::Exception&) {
    throw Error(Fault::usage,
                fmt::format("{}: the key {} cannot be '{}'.", where, key, YAML::Dump(map[key])));
  }
}

void require_plain(const std::string& name, const std::string& what, const std::string& where) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  require(plain && !name.empty(),
          fmt::format("{}: a {} needs a name of letters, digits, - and _, not '{}'.", where, what, name));
}

AblationConfiguration configuration_from(const YAML::Node& node, const std::string& where) {
  require_keys(node, kConfigurationKeys, where);
  AblationConfiguration configuration;
  take(node, "name", where, configuration.name);
  take(node, "set", where, configuration.set);
  take(node, "seeds", where, configuration.seeds);
  take(node, "external", where, configuration.external);
  require_plain(configuration.name, "configuration", where);
  return configuration;
}

AblationBackbone backbone_from(const YAML::Node& node, const std::string& file) {
  const std::string where = file + ", pretrain";
  require_keys(node, kBackboneKeys, where);
  AblationBackbone backbone;
  std::string method = "mae";
  take(node, "name", where, backbone.name);
  take(node, "method", where, method);
  take(node, "run", where, backbone.run);
  take(node, "set", where, backbone.set);
  require_plain(backbone.name, "backbone", where);
  require(!backbone.run.empty(), fmt::format("{}: {} needs the key run: a run file.", where, backbone.name));
  require(method == "mae" || method == "hpm" || method == "msn",
          fmt::format("{}: '{}' is none of mae, hpm, msn.", where, method));
  if (method == "hpm") backbone.method = nn::PretrainMethod::hpm;
  if (method == "msn") backbone.method = nn::PretrainMethod::msn;
  backbone.run = beside_run_file(file, backbone.run);
  return backbone;
}

/// The name in key=backbone:NAME; empty in another setting.
std::string backbone_in(const std::string& setting) {
  const auto at = setting.find('=');
  if (at == std::string::npos || setting.compare(at + 1, kBackboneWord.size(), kBackboneWord) != 0) return {};
  return setting.substr(at + 1 + kBackboneWord.size());
}

void check_backbones(const AblationPlan& plan, const std::string& file) {
  std::set<std::string> names;
  for (const AblationBackbone& backbone : plan.pretrain) {
    require(names.insert(backbone.name).second,
            fmt::format("{}: two backbones are called {}.", file, backbone.name));
  }
  std::vector<std::string> all = plan.set;
  for (const auto& configuration : plan.configurations)
    all.insert(all.end(), configuration.set.begin(), configuration.set.end());
  for (const std::string& setting : all) {
    const std::string name = backbone_in(setting);
    require(name.empty() || names.count(name) > 0,
            fmt::format("{}: {} names no backbone of the key pretrain ({}).", file, setting,
                        names.empty() ? "there is none" : fmt::format("{}", fmt::join(names, ", "))));
  }
}

// Two jobs of one name would train in one folder.
template <typename Number>
void require_distinct(const std::vector<Number>& numbers, const std::string& what, const std::string& where) {
  std::set<Number> seen;
  for (const Number number : numbers)
    require(seen.insert(number).second, fmt::format("{}: the {} {} is named twice.", where, what, number));
}

void check(const AblationPlan& plan, const std::string& file) {
  require(!plan.base.empty(), fmt::format("{} needs the key base: a run file.", file));
  require(!plan.configurations.empty(), fmt::format("{} needs at least one configuration.", file));
  require(!plan.folds.empty() && !plan.seeds.empty(), fmt::format("{} needs a fold and a seed.", file));
  std::set<std::string> names;
  for (const AblationConfiguration& configuration : plan.configurations) {
    require(names.insert(configuration.name).second,
            fmt::format("{}: two configurations are called {}.", file, configuration.name));
    require_distinct(configuration.seeds, "seed", fmt::format("{}, {}", file, configuration.name));
  }
  require_distinct(plan.seeds, "seed", file);
  require_distinct(plan.folds, "fold", file);
  require(plan.reference.empty() || names.count(plan.reference) > 0,
          fmt::format("{}: the reference {} is none of the configurations {}.", file, plan.reference,
                      fmt::join(names, ", ")));
  check_backbones(plan, file);
  for (const int fold : plan.folds)
    require(fold >= 0, fmt::format("{}: fold {} is none; folds are numbered from 1.", file, fold));
}

}  // namespace

std::vector<AblationJob> AblationPlan::jobs() const {
  std::vector<AblationJob> jobs;
  std::size_t most = 0;
  const auto seeds_of = [&](const AblationConfiguration& c) -> const std::vector<std::uint64_t>& {
    return c.seeds.empty() ? seeds : c.seeds;
  };
  for (const AblationConfiguration& c : configurations) most = std::max(most, seeds_of(c).size());
  for (std::size_t s = 0; s < most; ++s) {
    for (std::size_t c = 0; c < configurations.size(); ++c) {
      if (s >= seeds_of(configurations[c]).size()) continue;
      for (const int fold : folds) jobs.push_back({c, fold, seeds_of(configurations[c])[s]});
    }
  }
  return jobs;
}

std::string AblationPlan::id_of(const AblationJob& job) const {
  return fmt::format("{}-f{}-s{}", configurations[job.configuration].name, job.fold, job.seed);
}

std::vector<std::string> AblationPlan::settings_of(const AblationJob& job) const {
  std::vector<std::string> settings = set;
  const AblationConfiguration& configuration = configurations[job.configuration];
  settings.insert(settings.end(), configuration.set.begin(), configuration.set.end());
  settings.push_back("name=" + configuration.name);
  if (job.fold > 0) settings.push_back(fmt::format("validation.fold={}", job.fold));
  settings.push_back(fmt::format("training.seed={}", job.seed));
  return settings;
}

std::vector<std::string> with_backbone_files(std::vector<std::string> settings, const std::string& folder) {
  for (std::string& setting : settings) {
    const std::string name = backbone_in(setting);
    if (name.empty()) continue;
    setting.erase(setting.find('=') + 1);
    setting +=
        fs::absolute(folder + "/backbones/" + name + "/backbone.safetensors").lexically_normal().string();
  }
  return settings;
}

AblationPlan read_ablation_plan(const std::string& file) {
  YAML::Node document;
  try {
    document = YAML::LoadFile(file);
  } catch (const YAML::BadFile&) {
    throw Error(Fault::usage, fmt::format("The plan {} cannot be read: give the path of a YAML file.", file));
  } catch (const YAML::Exception& error) {
    throw Error(Fault::usage, fmt::format("{} is not valid YAML: {}.", file, error.what()));
  }
  require_keys(document, kPlanKeys, file);
  AblationPlan plan;
  take(document, "title", file, plan.title);
  take(document, "protocol", file, plan.protocol);
  take(document, "base", file, plan.base);
  take(document, "set", file, plan.set);
  take(document, "folds", file, plan.folds);
  take(document, "seeds", file, plan.seeds);
  take(document, "reference", file, plan.reference);
  for (const YAML::Node& node : document["configurations"])
    plan.configurations.push_back(configuration_from(node, file + ", configurations"));
  for (const YAML::Node& node : document["pretrain"]) plan.pretrain.push_back(backbone_from(node, file));
  plan.base = beside_run_file(file, plan.base);
  check(plan, file);
  return plan;
}

}  // namespace scarp::pipelines
