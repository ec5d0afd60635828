// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "geo/picture_gdal.h"
#include "pipelines/pages/report_curve.h"

namespace scarp::pipelines {

/// Text made safe for HTML and SVG, in elements and in quoted attributes: & < > " ' become entities; control
/// characters and bytes that are not UTF-8 become U+FFFD.
std::string escape_html(std::string_view text);

/// Base64 with padding (RFC 4648, section 4).
std::string base64(std::span<const std::uint8_t> bytes);

/// What a colour in a picture means.
struct LegendEntry {
  std::string label;
  std::array<std::uint8_t, 3> colour = {0, 0, 0};
};

/// A figure that is shown large: "F1", "0.87", "balance of precision and recall".
struct KeyFigure {
  std::string name;
  std::string value;
  std::string meaning;
  std::string range = {};  ///< from what to what it may lie, may be empty
};

/// A page in one file: no script, no other file, no network; pictures inside as PNG. Reads on a phone and on
/// a screen, in light and dark, and prints. Every text that is added is plain text and is escaped.
class HtmlReport {
 public:
  explicit HtmlReport(std::string title, std::string subtitle = {});

  void add_heading(std::string_view text);
  void add_paragraph(std::string_view text);
  void add_warning(std::string_view text);
  void add_figures(std::span<const KeyFigure> figures);
  /// @param header  column titles; the first column of each row is its title. Columns whose cells are all
  /// numbers stand to the right. On a narrow screen the rows of more than four columns become lists.
  /// @throws Error (usage) if a row has another number of cells than the header
  void add_table(std::string_view caption,
                 const std::vector<std::string>& header,
                 const std::vector<std::vector<std::string>>& rows);
  /// @param alternative  what the picture shows, for readers that do not see it; empty: the caption
  /// @throws Error (usage) for a picture without pixels
  void add_picture(std::string_view caption,
                   const geo::Picture& picture,
                   std::span<const LegendEntry> legend = {},
                   std::string_view alternative = {});
  void add_curve(const CurvePlot& plot);

  std::string html() const;
  /// @throws geo::Error (already_exists), Error (unwritable)
  void write(const std::string& path, bool overwrite) const;

 private:
  std::string title_;
  std::string subtitle_;
  std::string body_;
};

}  // namespace scarp::pipelines
