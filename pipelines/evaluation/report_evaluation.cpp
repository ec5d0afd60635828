// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/report_evaluation.h"

#include <filesystem>

#include <fmt/format.h>

#include "pipelines/version.h"

namespace scarp::pipelines {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string figure_text(double value) {
  return fmt::format("{:.3f}", value);
}

/// 1234567 as "1 234 567".
std::string count_text(std::int64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), " ");
  return digits;
}

std::string share_text(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? "-"
                    : fmt::format("{:.2f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

/// "0.781 to 0.843", empty where chance was not looked at.
std::string interval_text(const Intervals& intervals, const std::string& key) {
  const auto found = intervals.find(key);
  if (found == intervals.end()) return {};
  return fmt::format("{:.3f} to {:.3f}", found->second.low, found->second.high);
}

KeyFigure figure(const Evaluation& s,
                 const std::string& name,
                 const std::string& key,
                 const std::string& meaning) {
  return {name, figure_text(named_scores(s).at(key)), meaning, interval_text(s.bootstrap.scores, key)};
}

void add_main_figures(HtmlReport& report, const Evaluation& s) {
  std::vector<KeyFigure> figures = {
      figure(s, "F1", "f1", "balance of precision and recall, 1 is perfect"),
      figure(s, "IoU", "iou", "shared landslide ground over all landslide ground of map and labels"),
      figure(s, "Precision", "precision", "share of the mapped landslide ground that is right"),
      figure(s, "Recall", "recall", "share of the labelled landslide ground that was found"),
      {"Objects F1", figure_text(s.objects.f1), "landslides found as wholes: they overlap by at least half"},
      figure(s, "Boundary F1", "boundary_f1",
             fmt::format("outlines that lie within {} pixels of each other", s.boundary_tolerance_px))};
  if (s.ece >= 0) {
    figures.push_back(
        figure(s, "Calibration error", "ece", "mean gap between stated probability and truth, 0 is perfect"));
  }
  report.add_figures(figures);
}

constexpr std::pair<const char*, const char*> kScoreNames[] = {{"f1", "F1"},
                                                               {"iou", "IoU"},
                                                               {"miou", "Mean IoU"},
                                                               {"precision", "Precision"},
                                                               {"recall", "Recall"},
                                                               {"boundary_f1", "Boundary F1"},
                                                               {"ece", "Calibration error"}};

void add_intervals(HtmlReport& report, const Evaluation& s) {
  report.add_heading("How sure are these figures?");
  if (s.bootstrap.scores.empty()) {
    report.add_paragraph(fmt::format(
        "No intervals: they are drawn from squares of {} pixels with labelled ground, and there are {}{}.",
        s.block_side_px, s.bootstrap.blocks,
        s.bootstrap.draws == 0 && s.bootstrap.blocks > 1 ? ", of which none was drawn with landslides" : ""));
    return;
  }
  report.add_paragraph(fmt::format(
      "Other ground of the same kind would give other figures. The ground is cut into squares of {} pixels; "
      "{} of them hold labels. As many were drawn from them with repetition and scored, {} times: 95 % of "
      "these scores lie between the two limits.{}",
      s.block_side_px, s.bootstrap.blocks, s.bootstrap.draws,
      s.bootstrap.blocks < 20 ? " With so few squares the limits are rough." : ""));
  Rows rows;
  const std::map<std::string, double> scores = named_scores(s);
  for (const auto& [key, name] : kScoreNames) {
    const auto interval = s.bootstrap.scores.find(key);
    if (interval == s.bootstrap.scores.end()) continue;
    rows.push_back({name, figure_text(scores.at(key)), figure_text(interval->second.low),
                    figure_text(interval->second.high)});
  }
  report.add_table("", {"figure", "value", "from", "to"}, rows);
}

/// The verdict on a difference: its interval leaves zero out, or not.
std::string verdict(const Interval& difference, bool lower_is_better) {
  if (difference.low > 0) return lower_is_better ? "worse" : "better";
  if (difference.high < 0) return lower_is_better ? "better" : "worse";
  return "not decided";
}

void add_other(HtmlReport& report, const Evaluation& s) {
  if (!s.against) return;
  report.add_heading("Against another map");
  report.add_paragraph(fmt::format(
      "The other map is {}. Both are judged on the pixels that both know. The limits are of the difference, "
      "95 %, drawn on the same squares for both maps: where they leave out zero, the difference is more than "
      "chance.",
      s.against->prediction));
  Rows rows;
  const std::map<std::string, double> own = named_scores(s), other = named_scores(s.against->scores);
  for (const auto& [key, name] : kScoreNames) {
    if (!own.contains(key) || !other.contains(key)) continue;
    const std::string text = fmt::format("{:+.3f}", own.at(key) - other.at(key));
    const auto found = s.bootstrap.differences.find(key);
    const bool known = found != s.bootstrap.differences.end();
    rows.push_back(
        {name, figure_text(own.at(key)), figure_text(other.at(key)), text,
         known ? fmt::format("{:+.3f} to {:+.3f}", found->second.low, found->second.high) : std::string("-"),
         known ? verdict(found->second, std::string_view(key) == "ece") : std::string("-")});
  }
  report.add_table("", {"figure", "this map", "other map", "difference", "from, to", "this map is"}, rows);
}

void add_confusion(HtmlReport& report, const Evaluation& s) {
  const std::int64_t all = s.labelled_pixels;
  report.add_heading("Pixels");
  report.add_table("Labelled pixels by map and labels",
                   {"", "labelled landslide", "labelled background", "all"},
                   {{"mapped landslide", count_text(s.true_positive), count_text(s.false_positive),
                     count_text(s.true_positive + s.false_positive)},
                    {"mapped background", count_text(s.false_negative), count_text(s.true_negative),
                     count_text(s.false_negative + s.true_negative)},
                    {"all", count_text(s.true_positive + s.false_negative),
                     count_text(s.false_positive + s.true_negative), count_text(all)}});
  report.add_table(
      "What follows from them", {"figure", "value", "meaning"},
      {{"Mean IoU", figure_text(s.miou), "mean of the IoU of landslide and of background"},
       {"IoU of background", figure_text(s.iou_background), "the same measure for stable ground"},
       {"Boundary precision", figure_text(s.boundary_precision),
        fmt::format("share of the mapped outline that lies within {} pixels of a labelled one",
                    s.boundary_tolerance_px)},
       {"Boundary recall", figure_text(s.boundary_recall),
        fmt::format("share of the labelled outline that lies within {} pixels of a mapped one",
                    s.boundary_tolerance_px)},
       {"Accuracy", figure_text(s.accuracy),
        "share of pixels that are right; high where landslides are rare"},
       {"Mapped landslide", share_text(s.true_positive + s.false_positive, all),
        "share of the compared ground"},
       {"Labelled landslide", share_text(s.true_positive + s.false_negative, all),
        "share of the compared ground"},
       {"Unmapped pixels", count_text(s.unmapped_pixels),
        "labelled, without data in the map: left out of all counts"}});
}

Rows match_rows(const std::vector<vector::PolygonScores>& thresholds, bool distances) {
  Rows rows;
  for (const vector::PolygonScores& at : thresholds) {
    std::vector<std::string>& row = rows.emplace_back(std::vector<std::string>{
        fmt::format("{:.0f} %", 100 * at.least_iou), count_text(at.matched), figure_text(at.precision()),
        figure_text(at.recall()), figure_text(at.f1()), at.mean_iou ? figure_text(*at.mean_iou) : "-"});
    if (distances) row.push_back(at.boundary_m ? fmt::format("{:.3g} m", *at.boundary_m) : "-");
  }
  return rows;
}

void add_objects(HtmlReport& report, const Evaluation& s) {
  report.add_heading("Landslides as objects");
  report.add_paragraph(
      "An object is a group of landslide pixels that share sides, as far as it lies in the compared ground. "
      "A mapped and a labelled object are "
      "the same if the ground that they share is at least half of the ground that they cover together.");
  report.add_table("", {"objects", "number"},
                   {{"mapped", count_text(s.objects.predicted)},
                    {"labelled", count_text(s.objects.labelled)},
                    {"the same", count_text(s.objects.matched)}});
  report.add_table("Objects that share at least so much of the ground that they cover together",
                   {"at least", "the same", "precision", "recall", "F1", "mean IoU"},
                   match_rows(s.objects_at, false));
  if (s.polygons_at.empty()) return;
  report.add_table("Polygons as they are in their files, at least half within the labelled area",
                   {"at least", "the same", "precision", "recall", "F1", "mean IoU", "outlines apart"},
                   match_rows(s.polygons_at, true));
}

void add_classes(HtmlReport& report, const Evaluation& s) {
  if (s.classes.size() < 2) return;
  report.add_heading("Classes");
  Rows rows;
  for (const Evaluation::ClassScore& c : s.classes) {
    rows.push_back({c.name.empty() ? fmt::format("class {}", c.id) : fmt::format("{} ({})", c.name, c.id),
                    figure_text(c.f1), figure_text(c.iou), count_text(c.true_positive),
                    count_text(c.false_positive), count_text(c.false_negative)});
  }
  report.add_paragraph(
      fmt::format("Mean IoU over background and these classes: {}.", figure_text(s.miou_classes)));
  report.add_table("Each class against all others", {"class", "F1", "IoU", "hit", "false alarm", "missed"},
                   rows);
}

void add_calibration_curve(HtmlReport& report, const Evaluation& s) {
  report.add_heading("Calibration");
  if (s.ece < 0) {
    report.add_paragraph(
        "No probability raster was given, so it cannot be told whether probabilities can be believed.");
    return;
  }
  CurveSeries curve{"observed", {}, {}, true};
  Rows rows;
  for (const Evaluation::Bin& bin : s.reliability) {
    if (bin.pixels == 0) continue;
    curve.x.push_back(bin.confidence);
    curve.y.push_back(bin.frequency);
    rows.push_back({figure_text(bin.confidence), figure_text(bin.frequency), count_text(bin.pixels)});
  }
  report.add_paragraph(
      "Of all pixels that were given a probability of 0.7, seven in ten should be landslide: dots on the "
      "dotted line. Dots below it mean that "
      "the map is too sure, above it too cautious.");
  report.add_curve({"Share of landslide pixels against stated probability",
                    "stated probability of landslide",
                    "share that is landslide",
                    {curve},
                    {0, 1},
                    {0, 1},
                    true});
  report.add_table("Bins of equal width; empty ones are left out",
                   {"mean probability", "share that is landslide", "pixels"}, rows);
}

void add_inputs(HtmlReport& report,
                const Evaluation& s,
                const std::map<std::string, std::string>& provenance) {
  report.add_heading("Inputs");
  Rows rows = {{"map", s.prediction}, {"labels", s.labels}, {"labelled area", s.labelled_area}};
  if (!s.probability_raster.empty()) rows.push_back({"probability raster", s.probability_raster});
  if (s.against) rows.push_back({"other map", s.against->prediction});
  if (s.against && !s.against->probability_raster.empty())
    rows.push_back({"its probability raster", s.against->probability_raster});
  rows.push_back({"pixels", s.grid});
  rows.push_back({"evaluated with", "Scarp " + version()});
  report.add_table("", {"input", "value"}, rows);
  Rows facts;
  for (const auto& [key, value] : provenance) {
    if (key != "AREA_OR_POINT") facts.push_back({key, value});  // GDAL's own item tells nothing of the map
  }
  if (!facts.empty()) report.add_table("What the map says of itself", {"key", "value"}, facts);
}

}  // namespace

HtmlReport evaluation_report(const Evaluation& scores,
                             const ErrorPicture& errors,
                             const std::map<std::string, std::string>& provenance) {
  HtmlReport report("How good is this landslide map?",
                    fmt::format("{} against {}, {} labelled pixels",
                                std::filesystem::path(scores.prediction).filename().string(),
                                std::filesystem::path(scores.labels).filename().string(),
                                count_text(scores.labelled_pixels)));
  for (const std::string& warning : scores.warnings) report.add_warning(warning);
  add_main_figures(report, scores);
  report.add_heading("Where it is right and wrong");
  report.add_picture(errors.background.empty() ? std::string("The compared ground, north up.")
                                               : "The compared ground, north up, over " + errors.background +
                                                     "; paler where nothing is compared.",
                     errors.picture, errors.legend, "Map of hits, false alarms and missed landslides");
  add_intervals(report, scores);
  add_other(report, scores);
  add_confusion(report, scores);
  add_objects(report, scores);
  add_classes(report, scores);
  add_calibration_curve(report, scores);
  add_inputs(report, scores, provenance);
  return report;
}

}  // namespace scarp::pipelines
