// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <set>
#include <string_view>

#include "datasets/error.h"
#include "datasets/folds.h"

namespace scarp::datasets {
namespace {

constexpr const char* kHeader = "scene,row,column,rows,columns,fold";
constexpr std::int64_t kFurthest = std::int64_t{1} << 40;  // no raster is larger
constexpr int kMostFolds = 1000;

std::int64_t number(std::string_view text, const std::string& where) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > kFurthest) {
    throw Error(Fault::bad_argument,
                where + ": \"" + std::string(text) + "\" is not a number of pixels or a fold");
  }
  return value;
}

/// The five numbers at the end of a line; what is before them is the scene's name, commas included.
std::array<std::int64_t, 5> numbers_of(std::string_view& line, const std::string& where) {
  std::array<std::int64_t, 5> numbers{};
  for (std::size_t i = numbers.size(); i-- > 0;) {
    const auto comma = line.rfind(',');
    if (comma == std::string_view::npos)
      throw Error(Fault::bad_argument, where + ": a line of folds reads " + kHeader);
    numbers[i] = number(line.substr(comma + 1), where);
    line = line.substr(0, comma);
  }
  return numbers;
}

SceneFolds& scene_of(Folds& folds, const std::string& name) {
  const auto found = std::find_if(folds.scenes.begin(), folds.scenes.end(),
                                  [&](const SceneFolds& s) { return s.scene == name; });
  if (found != folds.scenes.end()) return *found;
  return folds.scenes.emplace_back(SceneFolds{name, {}, {}});
}

void require_all_folds(const Folds& folds, const std::string& file) {
  std::set<int> used;
  for (const SceneFolds& scene : folds.scenes) used.insert(scene.fold.begin(), scene.fold.end());
  if (folds.count >= 2 && static_cast<int>(used.size()) == folds.count) return;
  throw Error(Fault::bad_argument, file + " holds " + std::to_string(used.size()) + " folds up to number " +
                                       std::to_string(folds.count) +
                                       "; folds are numbered from 1 without gaps, and there are two or more");
}

}  // namespace

Folds read_folds(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw Error(Fault::bad_argument, "the folds file " + file + " cannot be read; check its path");
  Folds folds;
  std::string line;
  for (int row = 1; std::getline(in, line); ++row) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#' || line == kHeader) continue;
    const std::string where = file + ", line " + std::to_string(row);
    std::string_view rest = line;
    const auto [top, left, rows, cols, fold] = numbers_of(rest, where);
    if (fold < 1 || fold > kMostFolds)
      throw Error(Fault::bad_argument, where + ": fold " + std::to_string(fold) + " is none from 1 to 1000");
    SceneFolds& scene = scene_of(folds, std::string(rest));
    scene.blocks.push_back({top, left, rows, cols});
    scene.fold.push_back(static_cast<int>(fold));
    folds.count = std::max(folds.count, static_cast<int>(fold));
  }
  require_all_folds(folds, file);
  return folds;
}

std::string to_csv(const Folds& folds) {
  std::string text = std::string(kHeader) + '\n';
  for (const SceneFolds& scene : folds.scenes) {
    for (std::size_t i = 0; i < scene.blocks.size(); ++i) {
      const geo::Window& block = scene.blocks[i];
      text += scene.scene;
      for (const std::int64_t value : {block.row, block.col, block.rows, block.cols})
        text += ',' + std::to_string(value);
      text += ',' + std::to_string(scene.fold[i]) + '\n';
    }
  }
  return text;
}

}  // namespace scarp::datasets
