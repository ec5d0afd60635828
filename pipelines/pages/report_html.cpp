// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pages/report_html.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "pipelines/error.h"
#include "pipelines/pages/report_file.h"

namespace scarp::pipelines {
namespace {

// Colours of curves: Okabe & Ito (2008), told apart by colour-blind readers; darker or lighter with the
// scheme.
constexpr std::string_view kStyle =
    R"(:root{color-scheme:light dark;--ink:#1c2228;--soft:#59636e;--paper:#fff;--card:#f4f6f8;--line:#d5dbe1;
--warn:#fff3d6;--warnline:#c98a00;--c0:#0067a5;--c1:#c44e00;--c2:#00805c;--c3:#a8488a;--c4:#8a6d00;--c5:#2f7fb8;--c6:#59636e;--c7:#7a3b00}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaee;--soft:#a0abb6;--paper:#14181c;--card:#1e242a;--line:#38414a;--warn:#3a2f10;
--warnline:#d9a520;--c0:#56b4e9;--c1:#f08a4b;--c2:#2cc295;--c3:#e08cc3;--c4:#e2c541;--c5:#8fc8ef;--c6:#a0abb6;--c7:#d39a6a}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:60rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--line)}
p{margin:.6rem 0;max-width:44rem}
.subtitle{color:var(--soft);margin-top:0}
.warning{background:var(--warn);border-left:4px solid var(--warnline);padding:.6rem .8rem;max-width:none}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.7rem;margin:1rem 0;padding:0}
.figures div{background:var(--card);border-radius:.5rem;padding:.7rem .8rem}
.figures dt{color:var(--soft);font-size:.85rem}
.figures dd{margin:0}
.figures dd.value{font-size:1.6rem;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums}
.figures dd.range{font-size:.85rem;font-variant-numeric:tabular-nums}
.figures dd.meaning{font-size:.8rem;line-height:1.35;color:var(--soft)}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-size:.92rem}
caption{text-align:left;color:var(--soft);font-size:.85rem;padding-bottom:.4rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}
td{overflow-wrap:anywhere;min-width:6rem}
thead th{border-bottom:2px solid var(--line);color:var(--soft);font-weight:600}
tbody th{font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums}
td.number{white-space:nowrap;overflow-wrap:normal;min-width:0}
figure{margin:1.2rem 0}
figure img{display:block;width:100%;height:auto;border:1px solid var(--line);image-rendering:pixelated}
figure svg{display:block;width:100%;max-width:40rem;height:auto}
figcaption{color:var(--soft);font-size:.85rem;margin-top:.4rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;margin:.5rem 0 0;padding:0;font-size:.88rem}
.legend li{display:flex;align-items:center;gap:.4rem}
.legend svg{flex:none;width:1rem;height:1rem;border:1px solid var(--line)}
.legend svg.dash{width:1.8rem;height:.6rem;border:0}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}
svg .grid{stroke:var(--line);stroke-width:1}
svg .axis{stroke:var(--soft);stroke-width:1.2}
svg .ideal{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:2 4}
svg .c0{color:var(--c0)}svg .c1{color:var(--c1)}svg .c2{color:var(--c2)}svg .c3{color:var(--c3)}
svg .c4{color:var(--c4)}svg .c5{color:var(--c5)}svg .c6{color:var(--c6)}svg .c7{color:var(--c7)}
svg .curve{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
svg .dot{fill:currentColor}
@media(max-width:34rem){table{font-size:.85rem}th,td{padding:.35rem .3rem}th{overflow-wrap:anywhere}td{min-width:0}
.stack thead{display:none}.stack tr{display:block;padding:.4rem 0;border-bottom:1px solid var(--line)}
.stack th,.stack td{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.1rem .3rem}
.stack td::before{content:attr(data-title);color:var(--soft)}}
@media print{body{max-width:none}h2{break-after:avoid}figure,table{break-inside:avoid}}
)";

constexpr std::size_t kMostColumnsOfAPhone = 4;

/// Length of the valid UTF-8 sequence at `text`, 0 if there is none (overlong forms and surrogates are none).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  const bool bad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                   (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
  return bad ? 0 : length;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '&':
      out += "&amp;";
      return;
    case '<':
      out += "&lt;";
      return;
    case '>':
      out += "&gt;";
      return;
    case '"':
      out += "&quot;";
      return;
    case '\'':
      out += "&#39;";
      return;
    case '\n':
    case '\t':
      out += c;
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7F) {
    out += "\xEF\xBF\xBD";
  } else {
    out += c;
  }
}

/// Digits with signs, points, spaces, percent: what stands to the right in a table.
bool looks_like_number(const std::string& cell) {
  const bool digit = std::any_of(cell.begin(), cell.end(), [](unsigned char c) { return std::isdigit(c); });
  const bool plain = cell.find_first_not_of("0123456789.,+-% ") == std::string::npos;
  return cell.empty() || cell == "-" || (digit && plain);
}

std::vector<bool> number_columns(std::size_t columns, const std::vector<std::vector<std::string>>& rows) {
  std::vector<bool> numbers(columns, !rows.empty());
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < columns; ++c) numbers[c] = numbers[c] && looks_like_number(row[c]);
  }
  if (columns > 0) numbers[0] = false;
  return numbers;
}

/// What the style sheet shows before a cell where there is no room for a head of columns.
std::string data_title(const std::string& title) {
  return fmt::format(" data-title=\"{}\"", escape_html(title));
}

std::string_view number_class(bool number) {
  return number ? " class=\"number\"" : "";
}

std::string legend_html(std::span<const LegendEntry> legend) {
  if (legend.empty()) return {};
  std::string out = "<ul class=\"legend\">";
  for (const LegendEntry& entry : legend) {
    out += fmt::format(
        "<li><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect width=\"1\" height=\"1\" "
        "fill=\"#{:02x}{:02x}{:02x}\"/></svg>{}</li>",
        entry.colour[0], entry.colour[1], entry.colour[2], escape_html(entry.label));
  }
  return out + "</ul>\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 1) {
      append_escaped(out, text.front());
    } else if (length > 1) {
      out += text.substr(0, length);
    } else {
      out += "\xEF\xBF\xBD";
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return out;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t held = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = std::uint32_t{bytes[i]} << 16;
    if (held > 1) bits |= std::uint32_t{bytes[i + 1]} << 8;
    if (held > 2) bits |= bytes[i + 2];
    for (std::size_t digit = 0; digit < 4; ++digit) {
      out += digit <= held ? kDigits[(bits >> (18 - 6 * digit)) & 63] : '=';
    }
  }
  return out;
}

HtmlReport::HtmlReport(std::string title, std::string subtitle)
    : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

void HtmlReport::add_heading(std::string_view text) {
  body_ += "<h2>" + escape_html(text) + "</h2>\n";
}

void HtmlReport::add_paragraph(std::string_view text) {
  body_ += "<p>" + escape_html(text) + "</p>\n";
}

void HtmlReport::add_warning(std::string_view text) {
  body_ += "<p class=\"warning\" role=\"note\">" + escape_html(text) + "</p>\n";
}

void HtmlReport::add_figures(std::span<const KeyFigure> figures) {
  if (figures.empty()) return;
  body_ += "<dl class=\"figures\">\n";
  for (const KeyFigure& figure : figures) {
    body_ += fmt::format("<div><dt>{}</dt><dd class=\"value\">{}</dd>", escape_html(figure.name),
                         escape_html(figure.value));
    if (!figure.range.empty()) body_ += fmt::format("<dd class=\"range\">{}</dd>", escape_html(figure.range));
    body_ += fmt::format("<dd class=\"meaning\">{}</dd></div>\n", escape_html(figure.meaning));
  }
  body_ += "</dl>\n";
}

void HtmlReport::add_table(std::string_view caption,
                           const std::vector<std::string>& header,
                           const std::vector<std::vector<std::string>>& rows) {
  for (const auto& row : rows) {
    if (row.size() != header.size()) {
      throw Error(Fault::usage, fmt::format("table \"{}\" of a report has {} columns and a row with {} cells",
                                            caption, header.size(), row.size()));
    }
  }
  const std::vector<bool> numbers = number_columns(header.size(), rows);
  const bool stacked = header.size() > kMostColumnsOfAPhone;
  body_ += fmt::format("<div class=\"scroll\" tabindex=\"0\"><table{}>\n", stacked ? " class=\"stack\"" : "");
  if (!caption.empty()) body_ += "<caption>" + escape_html(caption) + "</caption>\n";
  body_ += "<thead><tr>";
  for (std::size_t c = 0; c < header.size(); ++c) {
    body_ += fmt::format("<th scope=\"col\"{}>{}</th>", number_class(numbers[c]), escape_html(header[c]));
  }
  body_ += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    body_ += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) {
      body_ += c == 0 ? fmt::format("<th scope=\"row\">{}</th>", escape_html(row[c]))
                      : fmt::format("<td{}{}>{}</td>", number_class(numbers[c]),
                                    stacked ? data_title(header[c]) : std::string(), escape_html(row[c]));
    }
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void HtmlReport::add_picture(std::string_view caption,
                             const geo::Picture& picture,
                             std::span<const LegendEntry> legend,
                             std::string_view alternative) {
  if (picture.rows <= 0 || picture.cols <= 0) {
    throw Error(Fault::usage, fmt::format("picture \"{}\" of a report has {} x {} pixels", caption,
                                          picture.rows, picture.cols));
  }
  body_ +=
      fmt::format("<figure><img width=\"{}\" height=\"{}\" alt=\"{}\" src=\"data:image/png;base64,{}\">\n",
                  picture.cols, picture.rows, escape_html(alternative.empty() ? caption : alternative),
                  base64(geo::encode_png(picture)));
  body_ += legend_html(legend);
  body_ += "<figcaption>" + escape_html(caption) + "</figcaption></figure>\n";
}

void HtmlReport::add_curve(const CurvePlot& plot) {
  body_ += "<figure>" + curve_svg(plot);
  if (plot.series.size() > 1) {
    body_ += "<ul class=\"legend\">";
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
      body_ += fmt::format(
          "<li><svg class=\"dash\" viewBox=\"0 0 30 8\" aria-hidden=\"true\"><g "
          "class=\"c{}\">{}</g></svg>{}</li>",
          i % 8, curve_sample(i), escape_html(plot.series[i].name));
    }
    body_ += "</ul>\n";
  }
  body_ += "<figcaption>" + escape_html(plot.title) + "</figcaption></figure>\n";
}

std::string HtmlReport::html() const {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  // Whatever a file name manages to smuggle in: nothing is loaded and nothing runs.
  out +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">\n";
  out += "<title>" + escape_html(title_) + "</title>\n<style>\n";
  out += kStyle;
  out += "</style>\n</head>\n<body>\n<main>\n<h1>" + escape_html(title_) + "</h1>\n";
  if (!subtitle_.empty()) out += "<p class=\"subtitle\">" + escape_html(subtitle_) + "</p>\n";
  out += body_;
  return out + "</main>\n</body>\n</html>\n";
}

void HtmlReport::write(const std::string& path, bool overwrite) const {
  write_text_file(path, html(), overwrite);
}

}  // namespace scarp::pipelines
