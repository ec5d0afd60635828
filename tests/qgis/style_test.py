# SPDX-License-Identifier: Apache-2.0
"""QGIS loads the polygons of the program with one colour a class, by itself, and draws them.

The polygons are written by vector_test of the build in SCARP_BUILD_DIR.
"""
import os
import pathlib
import subprocess

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
core = pytest.importorskip("qgis.core", reason="PyQGIS is not installed: the style is not tried in QGIS")

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def application():
    # Not ended with exitQgis(): layers that outlive it crash the interpreter.
    app = core.QgsApplication([], False)
    app.initQgis()
    return app


@pytest.fixture(scope="session")
def geopackage(tmp_path_factory):
    build = os.environ.get("SCARP_BUILD_DIR", str(ROOT / "build" / "dev"))
    program = pathlib.Path(build) / "bin" / "vector_test"
    if not program.exists():
        pytest.skip(f"{program} is not built: there are no polygons to load")
    path = tmp_path_factory.mktemp("style") / "slides.gpkg"
    environment = dict(os.environ, SCARP_STYLE_SAMPLE=str(path))
    subprocess.run([program, "--gtest_filter=StyleSample.*"], check=True, env=environment, stdout=subprocess.DEVNULL)
    return path


@pytest.fixture()
def layer(application, geopackage):
    layer = core.QgsVectorLayer(str(geopackage), "slides", "ogr")
    assert layer.isValid()
    return layer


def test_layer_comes_with_a_colour_a_class(layer):
    renderer = layer.renderer()
    assert renderer.type() == "categorizedSymbol"
    assert renderer.classAttribute() == "class"
    colours = {c.value(): c.symbol().symbolLayer(0).strokeColor().name() for c in renderer.categories()}
    assert colours == {"slide": "#d73027", "<i>\"it's\"</i> & é\n": "#4575b4"}
    for category in renderer.categories():
        assert category.label() == category.value()
        fill = category.symbol().symbolLayer(0)
        assert fill.fillColor().alpha() == 64
        assert fill.strokeWidth() == 0.5


def test_the_first_layer_is_the_polygons(application, geopackage):
    metadata = core.QgsProviderRegistry.instance().providerMetadata("ogr")
    names = [s.name() for s in metadata.querySublayers(str(geopackage))] if hasattr(metadata, "querySublayers") else []
    assert not names or names[0] == "landslides"
    assert "layer_styles" not in names


def test_polygons_are_drawn_in_their_colours(layer, tmp_path):
    from qgis.PyQt.QtCore import QSize
    from qgis.PyQt.QtGui import QColor

    settings = core.QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(400, 200))
    settings.setBackgroundColor(QColor("white"))
    settings.setExtent(layer.extent().buffered(20))
    job = core.QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    picture.save(os.environ.get("SCARP_STYLE_PICTURE", str(tmp_path / "style.png")))
    seen = {picture.pixelColor(x, y).name() for x in range(400) for y in range(200)}
    assert {"#d73027", "#4575b4"} <= seen, "the outlines"
    assert "#ffffff" in seen
