// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pages/report_html.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <cpl_vsi.h>
#include <gdal_priv.h>
#include <gtest/gtest.h>

#include "geo/error.h"
#include "geo/raster_source_gdal.h"
#include "pipelines/error.h"
#include "pipelines/evaluation/report_evaluation.h"
#include "tests/support/evaluate_files.h"
#include "tests/support/test_files.h"

namespace scarp::pipelines {
namespace {

constexpr const char* kHostile = "\"><script>alert('x')</script>&<img src=x onerror=1>";

template <typename Code>
void expect_usage(const std::string& part, Code code) {
  try {
    code();
    ADD_FAILURE() << "not refused; expected: " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

geo::Picture small_picture() {
  return {1, 2, {255, 0, 0, 0, 0, 255}};
}

/// Reads base64 with an independent, slow decoder.
std::vector<std::uint8_t> decoded(std::string_view text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::uint8_t> bytes;
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(digits.find(c));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> held & 255));
  }
  return bytes;
}

TEST(EscapeHtml, LeavesNoMarkup) {
  EXPECT_EQ(escape_html("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(escape_html("Gr\xC3\xB6\xC3\x9F"
                        "e"),
            "Gr\xC3\xB6\xC3\x9F"
            "e");
}

TEST(EscapeHtml, ReplacesWhatIsNotUtf8) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(escape_html("a\xFF"
                        "b"),
            "a" + mark + "b");
  EXPECT_EQ(escape_html("\xC0\xBC"), mark + mark);             // an overlong "<"
  EXPECT_EQ(escape_html("\xED\xA0\x80"), mark + mark + mark);  // a surrogate
  EXPECT_EQ(escape_html("\xE2\x82"), mark + mark);             // cut short
  EXPECT_EQ(escape_html(std::string_view("a\0b", 3)), "a" + mark + "b");
}

TEST(Base64, HasTheVectorsOfRfc4648) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors)
    EXPECT_EQ(base64(std::vector<std::uint8_t>(plain.begin(), plain.end())), coded);
}

TEST(HtmlReport, EscapesHostileNamesEverywhere) {
  HtmlReport report(kHostile, kHostile);
  report.add_heading(kHostile);
  report.add_paragraph(kHostile);
  report.add_warning(kHostile);
  report.add_figures(std::vector<KeyFigure>{{kHostile, kHostile, kHostile}});
  report.add_table(kHostile, {kHostile, "n"}, {{kHostile, "1"}});
  report.add_picture(kHostile, small_picture(), std::vector<LegendEntry>{{kHostile, {1, 2, 3}}}, kHostile);
  report.add_curve({kHostile, kHostile, kHostile, {{kHostile, {0, 1}, {0, 1}}, {kHostile, {0, 1}, {1, 0}}}});
  const std::string html = report.html();
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("src=x"), html.find("&lt;img src=x") + 8);
  EXPECT_EQ(html.find("<img src=x"), std::string::npos);
  EXPECT_EQ(html.find("alert('"), std::string::npos);
}

TEST(HtmlReport, IsSelfContainedAndFitsAPhone) {
  const std::string html = HtmlReport("A title").html();
  EXPECT_NE(html.find("name=\"viewport\" content=\"width=device-width, initial-scale=1\""),
            std::string::npos);
  EXPECT_NE(html.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_NE(html.find("overflow-x:auto"), std::string::npos);
  for (const char* outside : {"http://", "https://", "url(", "<link", "<script", "@import"}) {
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
  }
}

TEST(HtmlReport, NamesTheCellsOfWideTablesForNarrowScreens) {
  HtmlReport narrow("t"), wide("t");
  narrow.add_table("", {"a", "b", "c", "d"}, {{"1", "2", "3", "4"}});
  wide.add_table("", {"a", "b", "c", "d", kHostile}, {{"1", "2", "3", "4", "5"}});
  EXPECT_EQ(narrow.html().find("data-title=\""), std::string::npos);
  EXPECT_NE(wide.html().find("<td class=\"number\" data-title=\"b\">2</td>"), std::string::npos);
  EXPECT_NE(wide.html().find("data-title=\"&quot;&gt;&lt;script"), std::string::npos);
}

TEST(HtmlReport, HoldsPicturesThatDecode) {
  HtmlReport report("t");
  report.add_picture("two pixels", small_picture());
  const std::string html = report.html();
  const std::string marker = "data:image/png;base64,";
  const std::size_t from = html.find(marker) + marker.size();
  std::vector<std::uint8_t> png = decoded(std::string_view(html).substr(from, html.find('"', from) - from));
  geo::set_up_gdal();
  VSIFCloseL(VSIFileFromMemBuffer("/vsimem/report_picture.png", png.data(), png.size(), FALSE));
  {
    const GDALDatasetUniquePtr dataset(GDALDataset::Open("/vsimem/report_picture.png"));
    ASSERT_NE(dataset, nullptr);
    ASSERT_EQ(dataset->GetRasterCount(), 3);
    std::vector<std::uint8_t> red(2);
    ASSERT_EQ(dataset->GetRasterBand(1)->RasterIO(GF_Read, 0, 0, 2, 1, red.data(), 2, 1, GDT_Byte, 0, 0),
              CE_None);
    EXPECT_EQ(red, (std::vector<std::uint8_t>{255, 0}));
  }
  VSIUnlink("/vsimem/report_picture.png");
}

TEST(HtmlReport, StandsNumbersToTheRight) {
  HtmlReport report("t");
  report.add_table("c", {"name", "count", "note"}, {{"a", "1 234", "x1"}, {"b", "-", "2"}});
  const std::string html = report.html();
  EXPECT_NE(html.find("<td class=\"number\">1 234</td>"), std::string::npos);
  EXPECT_NE(html.find("<td>x1</td>"), std::string::npos);
}

TEST(HtmlReport, RefusesRaggedTablesAndEmptyPictures) {
  HtmlReport report("t");
  expect_usage("2 columns and a row with 1 cells", [&] { report.add_table("c", {"a", "b"}, {{"1"}}); });
  expect_usage("0 x 0 pixels", [&] { report.add_picture("c", {}); });
  expect_usage("2 x and 1 y values", [&] { report.add_curve({"t", "x", "y", {{"s", {0, 1}, {0}}}}); });
}

TEST(HtmlReport, WritesWholeFilesAndKeepsWhatIsThere) {
  const test::TempFolder folder;
  const std::string path = folder.file("report.html");
  HtmlReport("first").write(path, false);
  EXPECT_THROW(HtmlReport("second").write(path, false), geo::Error);
  EXPECT_NE(test::file_text(path).find("first"), std::string::npos);
  HtmlReport("second").write(path, true);
  EXPECT_EQ(test::file_text(path), HtmlReport("second").html());
  EXPECT_EQ(folder.entries(), 1);
}

Evaluation hostile_scores() {
  Evaluation scores;
  scores.prediction = std::string("/maps/") + kHostile + ".tif";
  scores.labels = kHostile;
  scores.labelled_area = kHostile;
  scores.warnings = {kHostile};
  scores.grid = kHostile;
  scores.classes = {{1, kHostile, 1, 2, 3, 0.5, 0.4}, {2, "flow", 1, 2, 3, 0.5, 0.4}};
  scores.ece = 0.1;
  scores.reliability = {{0.1, 0.2, 10}, {0.8, 0.9, 10}};
  scores.bootstrap = {9, 100, {{"f1", {0.1, 0.2}}}, {{"f1", {-0.1, 0.2}}}};
  scores.against = Evaluation::Other{kHostile, kHostile, {}};
  return scores;
}

TEST(EvaluationReport, IsWellFormedWithHostileNames) {
  const HtmlReport report = evaluation_report(
      hostile_scores(), {small_picture(), {{kHostile, {0, 0, 0}}}, kHostile}, {{kHostile, kHostile}});
  const std::string html = report.html();
  EXPECT_EQ(html.find("<script"), std::string::npos);
  if (!std::filesystem::exists("/usr/bin/python3")) GTEST_SKIP() << "no /usr/bin/python3 to parse with";
  const test::TempFolder folder;
  report.write(folder.file("report.html"), false);
  std::ofstream(folder.file("check.py")) << R"(
import sys
from html.parser import HTMLParser
class Check(HTMLParser):
    void = {"meta", "img"}
    closed = {"path", "line", "rect", "circle"}
    def __init__(self):
        super().__init__(); self.open = []
    def handle_startendtag(self, tag, attributes):
        assert tag in self.closed, tag
    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), attributes
        assert not any(name.startswith("on") for name in names), attributes
        assert tag != "script"
        if tag not in self.void: self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.open)
check = Check()
check.feed(open(sys.argv[1], encoding="utf-8").read())
check.close()
assert not check.open, check.open
)";
  EXPECT_EQ(
      std::system(("/usr/bin/python3 " + folder.file("check.py") + " " + folder.file("report.html")).c_str()),
      0);
}

TEST(RoundTicks, AreRound) {
  EXPECT_EQ(round_ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(round_ticks(-1.2, 1.2, 5), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
  EXPECT_TRUE(round_ticks(1, 1, 5).empty());
  EXPECT_TRUE(round_ticks(0, INFINITY, 5).empty());
  EXPECT_LE(round_ticks(1e17, 1e17 + 64, 5).size(), 13U);
}

TEST(CurveSvg, PlacesPointsAndBreaksAtGaps) {
  const std::string svg = curve_svg({"t", "x", "y", {{"s", {0, 1, 2, 3}, {0, 1, NAN, 1}}}, {0, 3}, {0, 1}});
  EXPECT_NE(svg.find("d=\"M62.0 268.0L197.3 12.0M468.0 12.0\""), std::string::npos) << svg;
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(CurveSvg, DrawsCurvesWithoutExtent) {
  const std::string svg = curve_svg({"t", "x", "y", {{"flat", {1, 1}, {5, 5}}, {"empty", {}, {}}}});
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
}

}  // namespace
}  // namespace scarp::pipelines
