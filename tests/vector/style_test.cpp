// SPDX-License-Identifier: Apache-2.0
#include <cpl_minixml.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/vector/vector_writer.h"

namespace scarp::vector {
namespace {

using testing::HasSubstr;

/// The document as an XML parser sees it.
struct Parsed {
  explicit Parsed(const std::vector<StyleClass>& classes)
      : tree(CPLParseXMLString(qml_style(classes).c_str())) {}
  ~Parsed() { CPLDestroyXMLNode(tree); }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  std::string value(const char* path) const { return CPLGetXMLValue(tree, path, "missing"); }
  CPLXMLNode* tree;
};

TEST(QmlStyle, HasACategoryAClassInItsColour) {
  const Parsed parsed({{7, "rock avalanche", {1, 22, 233}}});
  EXPECT_EQ(parsed.value("=qgis.renderer-v2.type"), "categorizedSymbol");
  EXPECT_EQ(parsed.value("=qgis.renderer-v2.attr"), "class");
  EXPECT_EQ(parsed.value("=qgis.renderer-v2.categories.category.value"), "rock avalanche");
  EXPECT_EQ(parsed.value("=qgis.renderer-v2.categories.category.label"), "rock avalanche");
  EXPECT_EQ(parsed.value("=qgis.renderer-v2.categories.category.symbol"),
            parsed.value("=qgis.renderer-v2.symbols.symbol.name"));
  const std::string text = qml_style({{7, "rock avalanche", {1, 22, 233}}});
  EXPECT_THAT(text, HasSubstr(R"(name="color" value="1,22,233,64")"));
  EXPECT_THAT(text, HasSubstr(R"(name="outline_color" value="1,22,233,255")"));
  EXPECT_THAT(text, HasSubstr(R"(name="outline_width" value="0.5")"));
}

TEST(QmlStyle, HostileNamesStayNames) {
  const std::string name = "\"/><script>'&amp;]]>\n\t</qgis>";
  const Parsed parsed({{1, name, {0, 0, 0}}});
  ASSERT_NE(parsed.tree, nullptr);
  EXPECT_EQ(parsed.value("=qgis.renderer-v2.symbols.symbol.name"), "0");
  const std::string text = qml_style({{1, name, {0, 0, 0}}});
  EXPECT_THAT(text,
              HasSubstr("value=\"&quot;/&gt;&lt;script&gt;&apos;&amp;amp;]]&gt;&#10;&#9;&lt;/qgis&gt;\""));
  EXPECT_THAT(text, testing::Not(HasSubstr("<script")));
}

TEST(QmlStyle, ControlCharactersThatXmlHasNotAreReplaced) {
  EXPECT_THAT(qml_style({{1, "a\x01z", {0, 0, 0}}}), HasSubstr("value=\"a?z\""));
}

TEST(QmlStyle, NoClassesAreAnEmptyStyle) {
  const Parsed parsed({});
  EXPECT_EQ(parsed.value("=qgis.renderer-v2.type"), "categorizedSymbol");
}

}  // namespace
}  // namespace scarp::vector
