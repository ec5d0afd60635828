// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include <fmt/format.h>

#include "pipelines/vector/clean_text.h"
#include "pipelines/vector/vector_writer.h"

namespace scarp::vector {
namespace {

constexpr int kFillAlpha = 64;
constexpr double kOutlineMm = 0.5;

/// Text of an XML attribute.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : clean_text(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case '\t':
        out += "&#9;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string option(std::string_view name, std::string_view value) {
  return fmt::format(R"(          <Option type="QString" name="{}" value="{}"/>)"
                     "\n",
                     name, value);
}

std::string symbol(std::string_view name, const std::array<std::uint8_t, 3>& colour) {
  const std::string rgb = fmt::format("{},{},{}", colour[0], colour[1], colour[2]);
  std::string out =
      fmt::format(R"(      <symbol type="fill" name="{}" alpha="1" clip_to_extent="1" force_rhr="0">)"
                  "\n"
                  R"(        <layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">)"
                  "\n",
                  name);
  out += option("color", fmt::format("{},{}", rgb, kFillAlpha));
  out += option("style", "solid");
  out += option("outline_color", rgb + ",255");
  out += option("outline_style", "solid");
  out += option("outline_width", fmt::format("{}", kOutlineMm));
  out += option("outline_width_unit", "MM");
  out += option("joinstyle", "miter");
  return out + "        </Option></layer>\n      </symbol>\n";
}

}  // namespace

std::string qml_style(const std::vector<StyleClass>& classes) {
  std::string categories;
  std::string symbols;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::string name = escaped(classes[i].name);
    categories +=
        fmt::format(R"(      <category type="string" value="{0}" label="{0}" symbol="{1}" render="true"/>)"
                    "\n",
                    name, i);
    symbols += symbol(std::to_string(i), classes[i].colour);
  }
  return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
         "<qgis version=\"3.22\" styleCategories=\"Symbology\">\n"
         "  <renderer-v2 type=\"categorizedSymbol\" attr=\"class\" symbollevels=\"0\" enableorderby=\"0\" "
         "forceraster=\"0\">\n"
         "    <categories>\n" +
         categories + "    </categories>\n    <symbols>\n" + symbols +
         "    </symbols>\n  </renderer-v2>\n</qgis>\n";
}

}  // namespace scarp::vector
