# SPDX-License-Identifier: Apache-2.0
"""The way of docs/your-own-data.md, walked: an image, a DEM and twenty polygons of a place that no shipped model knows, to a model
that maps ground away from them."""
import json

import pytest
from conftest import scarp
from osgeo import gdal, ogr

POLYGONS = 20
APART_PX = 64

RUN = """
name: other-place
scenes:
  - {optical: image.tif, dem: dem.tif, labels: labels.gpkg}
bands: [nir, red, green]
terrain: [relative_elevation_9, relative_elevation_33, relative_elevation_97, gradient_east, gradient_north, slope, profile_curvature,
          plan_curvature]
network: {width: 0.2, input_stride: 2}
tile: {size: 256, overlap: 64}
samples: {side: 128, block: 96}
validation: {share: 0}
training: {epochs: 40, batch: 8, learning_rate: 4.0e-3, class_weights: [1, 2], drop_optical: 0.25, device: cpu, precision: fp32}
"""


def another_sensor(source, target):
    """Near infrared, red and green in 16 bits, made of the colours: plants are bright in the first, dark in the second."""
    image = gdal.Open(str(source))
    red, green, blue = image.ReadAsArray().astype("float32")
    bands = [2500 + 14 * green - 4 * red, 300 + 9 * red, 250 + 5 * green + 3 * blue]
    out = gdal.GetDriverByName("GTiff").Create(str(target), image.RasterXSize, image.RasterYSize, 3, gdal.GDT_UInt16)
    out.SetGeoTransform(image.GetGeoTransform())
    out.SetProjection(image.GetProjection())
    for number, values in enumerate(bands, 1):
        out.GetRasterBand(number).WriteArray(values.clip(1, 65535).astype("uint16"))


def rectangle(west, south, east, north):
    return ogr.CreateGeometryFromWkt(f"POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))")


def write_layers(path, srs, layers):
    out = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    for name, shapes in layers.items():
        layer = out.CreateLayer(name, srs, ogr.wkbUnknown)
        for shape in shapes:
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetGeometry(shape)
            layer.CreateFeature(feature)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """image.tif, dem.tif (coarser, in degrees), labels.gpkg (twenty polygons in the west and the area where they are complete), and
    for judging truth.gpkg (all polygons, and the ground in the east)."""
    folder = tmp_path_factory.mktemp("place")
    scarp("synth", "-o", folder, "--seed", 21, "--rows", 640, "--cols", 1280, "--pixel-size", 3, "--crs", "EPSG:32719",
          "--origin", "300000,7500000", "--landslides", 44, "-q")
    another_sensor(folder / "hrsi.tif", folder / "image.tif")
    (folder / "dem.tif").rename(folder / "fine.tif")
    gdal.Warp(str(folder / "dem.tif"), str(folder / "fine.tif"), dstSRS="EPSG:4326", xRes=5e-5, yRes=5e-5, resampleAlg="average")
    west, pixel, _, north, _, _ = gdal.Open(str(folder / "image.tif")).GetGeoTransform()
    source = ogr.Open(str(folder / "labels.gpkg"))
    layer = source.GetLayerByName("landslides")
    shapes = sorted((feature.GetGeometryRef().Clone() for feature in layer), key=lambda shape: shape.GetEnvelope()[1])
    cut, south, east = shapes[POLYGONS - 1].GetEnvelope()[1] + pixel, north - 640 * pixel, west + 1280 * pixel
    area = rectangle(west, south, cut, north)
    for shape in shapes[POLYGONS:]:
        area = area.Difference(shape.Buffer(2 * pixel))
    srs = layer.GetSpatialRef().Clone()
    source = layer = None
    write_layers(folder / "truth.gpkg", srs, {"landslides": shapes, "labelled_area": [rectangle(cut + APART_PX * pixel, south, east, north)]})
    (folder / "labels.gpkg").unlink()
    write_layers(folder / "labels.gpkg", srs, {"landslides": shapes[:POLYGONS], "labelled_area": [area]})
    (folder / "run.yaml").write_text(RUN)
    return folder


def test_twenty_polygons_make_a_model_that_maps_other_ground(place):
    scarp("train", place / "run.yaml", "-o", place / "run", "-q")
    scarp("detect", place / "image.tif", place / "dem.tif", "-m", place / "run" / "model.safetensors", "--class-raster",
          place / "map.tif", "--probability-raster", place / "p.tif", "-o", place / "slides.gpkg", "-q")
    scarp("evaluate", place / "map.tif", "--labels", place / "truth.gpkg", "--json", place / "scores.json", "-q")
    scores = json.loads((place / "scores.json").read_text())
    assert scores["f1"] >= 0.6, scores
    assert scores["labelled_pixels"] > 200_000
