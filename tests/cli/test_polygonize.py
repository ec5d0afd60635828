# SPDX-License-Identifier: Apache-2.0
"""scarp polygonize against GDAL's polygonizer, GEOS and sums in numpy."""
import resource
import sqlite3

import numpy as np
import pytest
from conftest import features_of, files_in, refused, scarp, write_raster
from osgeo import gdal, ogr


def blobs(rows, cols, classes, seed, calm=0.9):
    """A class raster with large and small objects: every pixel is like its left or upper neighbour, or new."""
    random = np.random.default_rng(seed)
    raster = random.integers(0, classes, (rows, cols)).astype(np.uint8)
    like = random.random((2, rows, cols)) < calm
    for row in range(rows):
        for col in range(cols):
            if col and like[0, row, col]:
                raster[row, col] = raster[row, col - 1]
            elif row and like[1, row, col]:
                raster[row, col] = raster[row - 1, col]
    return raster


def polygons_of_gdal(path, eight=False):
    raster = gdal.Open(str(path))
    band = raster.GetRasterBand(1)
    memory = ogr.GetDriverByName("Memory").CreateDataSource("m")
    layer = memory.CreateLayer("p", raster.GetSpatialRef(), ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("value", ogr.OFTInteger))
    gdal.Polygonize(band, band.GetMaskBand(), layer, 0, ["8CONNECTED=8"] if eight else [])
    return [(feature["value"], feature.GetGeometryRef().Clone()) for feature in layer]


def shapes_of(path):
    return [(feature["class_id"], ogr.CreateGeometryFromWkt(feature["outline"])) for feature in features_of(path)]


def canonical(shapes):
    """Shapes as a sorted list of value, area and envelope."""
    return sorted((value, round(shape.GetArea(), 3), shape.GetEnvelope()) for value, shape in shapes)


def drawn(valued):
    """The value, and each ring as its points, wherever and whichever way it starts."""
    value, shape = valued
    return value, sorted(sorted(set(shape.GetGeometryRef(i).GetPoints())) for i in range(shape.GetGeometryCount()))


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return write_raster(tmp_path_factory.mktemp("classes") / "classes.tif", blobs(90, 70, 4, 3), nodata=0)


def test_four_connected_polygons_are_those_of_gdal(classes, tmp_path):
    scarp("polygonize", classes, "-o", tmp_path / "p.gpkg", "-q")
    ours, theirs = shapes_of(tmp_path / "p.gpkg"), polygons_of_gdal(classes)
    assert canonical(ours) == canonical(theirs)
    assert all(shape.IsValid() and shape.GetGeometryName() == "POLYGON" for _, shape in ours)
    assert sorted(map(drawn, ours)) == sorted(map(drawn, theirs))


def test_eight_connected_objects_are_valid_and_those_of_gdal_made_valid(classes, tmp_path):
    scarp("polygonize", classes, "-o", tmp_path / "p.gpkg", "--connectedness", 8, "-q")
    ours, theirs = shapes_of(tmp_path / "p.gpkg"), polygons_of_gdal(classes, eight=True)
    assert all(shape.IsValid() and shape.GetGeometryName() == "MULTIPOLYGON" for _, shape in ours)
    assert canonical(ours) == canonical([(value, shape.MakeValid()) for value, shape in theirs])


@pytest.mark.parametrize("kind, nodata", [(np.uint8, None), (np.uint16, 0), (np.int16, -7), (np.int32, None), (np.uint32, 0)])
def test_every_value_but_nodata_becomes_polygons_whatever_its_type(tmp_path, kind, nodata):
    values = blobs(30, 40, 3, 5).astype(kind)
    if kind == np.int16:
        values[values == 0] = -7
    if kind == np.int32:
        values *= 70000
    path = write_raster(tmp_path / "c.tif", values, nodata=nodata)
    scarp("polygonize", path, "-o", tmp_path / "p.gpkg", "-q")
    area = {}
    for value, shape in shapes_of(tmp_path / "p.gpkg"):
        area[value] = area.get(value, 0) + round(shape.GetArea() / 100)
    expected = {int(v): int((values == v).sum()) for v in np.unique(values) if v != nodata}
    assert area == expected


def test_signed_bytes_keep_their_sign(tmp_path):
    values = np.array([[-3, -3, -1], [1, -1, -1]], np.int8)
    if hasattr(gdal, "GDT_Int8"):
        path = write_raster(tmp_path / "c.tif", values, nodata=-1)
    else:
        path = write_raster(tmp_path / "c.tif", values.view(np.uint8), nodata=-1, options=["PIXELTYPE=SIGNEDBYTE"])
    scarp("polygonize", path, "-o", tmp_path / "p.gpkg", "-q")
    assert sorted((value, round(shape.GetArea() / 100)) for value, shape in shapes_of(tmp_path / "p.gpkg")) == [(-3, 2), (1, 1)]


def test_workers_change_no_byte(classes, tmp_path):
    for workers in (1, 2):
        scarp("polygonize", classes, "-o", tmp_path / f"{workers}.fgb", "-j", workers, "-q")
    assert (tmp_path / "1.fgb").read_bytes() == (tmp_path / "2.fgb").read_bytes()


def test_fields_of_terrain_and_confidence_are_sums_over_the_pixels(tmp_path):
    values = np.zeros((20, 30), np.uint8)
    values[4:9, 5:12] = 1
    confidence = np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30)
    elevation = 100 + 2 * np.mgrid[0:20, 0:30][0].astype(np.float32)
    raster = write_raster(tmp_path / "c.tif", values, nodata=0)
    p = write_raster(tmp_path / "p.tif", confidence)
    dem = write_raster(tmp_path / "dem.tif", elevation)
    scarp("polygonize", raster, "-o", tmp_path / "p.gpkg", "--dem", dem, "--confidence", p, "-q")
    (feature,) = features_of(tmp_path / "p.gpkg")
    inside = np.round(confidence[values == 1] * 254) / 254
    assert feature["conf_mean"] == pytest.approx(inside.mean(), abs=1e-6)
    assert feature["conf_min"] == pytest.approx(inside.min(), abs=1e-6)
    assert (feature["elev_min"], feature["elev_max"]) == (108, 116)
    assert feature["aspect"] == pytest.approx(0, abs=1e-3) or feature["aspect"] == pytest.approx(360, abs=1e-3)
    assert not feature["edge"]


@pytest.mark.parametrize("nodata, masked", [(255, False), (7, False), (None, False), (None, True)])
def test_confidence_in_steps_is_read_byte_by_byte(tmp_path, nodata, masked):
    values = blobs(40, 30, 3, 5, 0.6)
    steps = np.random.default_rng(2).integers(0, 255, (40, 30)).astype(np.uint8)
    steps[3:9, 4:8] = 255
    raster = write_raster(tmp_path / "c.tif", values, nodata=0)
    p = write_raster(tmp_path / "p.tif", steps, nodata=nodata)
    known = (steps != 255) & (steps != nodata)
    if masked:
        known &= np.arange(30) > 5
        file = gdal.Open(str(p), gdal.GA_Update)
        file.CreateMaskBand(gdal.GMF_PER_DATASET)
        file.GetRasterBand(1).GetMaskBand().WriteArray(np.where(np.arange(30) > 5, 255, 0)[None].repeat(40, 0).astype(np.uint8))
        file = None
    scarp("polygonize", raster, "-o", tmp_path / "p.gpkg", "--confidence", p, "-q")
    shapes = features_of(tmp_path / "p.gpkg")
    assert len(shapes) > 40
    for feature in shapes:
        shape = ogr.CreateGeometryFromWkt(feature["outline"])
        west, east, south, north = shape.GetEnvelope()
        inside = np.zeros(steps.shape, bool)
        for row in range(round((5200000 - north) / 10), round((5200000 - south) / 10)):
            for col in range(round((west - 600000) / 10), round((east - 600000) / 10)):
                inside[row, col] = shape.Contains(ogr.CreateGeometryFromWkt(f"POINT ({600005 + 10 * col} {5199995 - 10 * row})"))
        chosen = steps[inside & known] / 254
        if chosen.size == 0:
            assert feature["conf_mean"] is None
        else:
            assert feature["conf_mean"] == pytest.approx(chosen.mean(), abs=1e-12)
            assert feature["conf_std"] == pytest.approx(chosen.std(), abs=1e-12)


def test_objects_at_the_border_say_so(tmp_path):
    raster = write_raster(tmp_path / "c.tif", np.array([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]], np.uint8), nodata=0)
    scarp("polygonize", raster, "-o", tmp_path / "p.gpkg", "-q")
    assert {f["class_id"]: bool(f["edge"]) for f in features_of(tmp_path / "p.gpkg")} == {1: True, 2: False}


def test_small_objects_and_holes_go(tmp_path):
    values = np.zeros((12, 12), np.uint8)
    values[1:9, 1:9] = 1
    values[3, 3] = 0                # a hole of one pixel
    values[5:7, 5:7] = 2            # an object of four in a hole of four
    values[10, 10] = 1
    raster = write_raster(tmp_path / "c.tif", values, nodata=0)
    scarp("polygonize", raster, "-o", tmp_path / "px.gpkg", "--min-area-px", 5, "--min-hole-px", 5, "-q")
    (feature,) = features_of(tmp_path / "px.gpkg")
    assert ogr.CreateGeometryFromWkt(feature["outline"]).GetArea() == 6400
    scarp("polygonize", raster, "-o", tmp_path / "m2.gpkg", "--min-area", 450, "--min-hole", 150, "-q")
    (feature,) = features_of(tmp_path / "m2.gpkg")
    assert ogr.CreateGeometryFromWkt(feature["outline"]).GetArea() == 6000
    refused(tmp_path, 2, ["-5"], "polygonize", raster, "-o", tmp_path / "n.gpkg", "--min-hole=-5")


def test_hole_that_holds_a_kept_object_stays(tmp_path):
    values = np.zeros((12, 14), np.uint8)
    values[1:11, 1:13] = 1
    values[2:5, 2:5] = 0            # a hole of nine pixels with an object of one, which is too small
    values[3, 3] = 2
    values[2:5, 7:11] = 0           # a hole of twelve pixels with an object of two in it
    values[3, 8:10] = 3
    values[7:9, 3:5] = 0            # an empty hole of four
    raster = write_raster(tmp_path / "c.tif", values, nodata=0)
    scarp("polygonize", raster, "-o", tmp_path / "p.gpkg", "--min-area-px", 2, "--min-hole-px", 100, "-q")
    areas = {value: (shape.GetArea() / 100, shape.GetGeometryCount()) for value, shape in shapes_of(tmp_path / "p.gpkg")}
    assert areas == {3: (2, 1), 1: (108, 2)}


@pytest.mark.parametrize("eight", [False, True])
def test_filled_holes_never_cover_a_kept_object(tmp_path, eight):
    raster = write_raster(tmp_path / "c.tif", blobs(150, 130, 3, 11, 0.8), nodata=0)
    scarp("polygonize", raster, "-o", tmp_path / "p.gpkg", "--min-area-px", 3, "--min-hole-px", 60, "-q",
          "--connectedness", 8 if eight else 4)
    shapes = [shape for _, shape in shapes_of(tmp_path / "p.gpkg")]
    union = ogr.Geometry(ogr.wkbMultiPolygon)
    for shape in shapes:
        assert shape.IsValid()
        for polygon in (shape if shape.GetGeometryName() == "MULTIPOLYGON" else [shape]):
            union.AddGeometry(polygon)
    assert union.UnionCascaded().GetArea() == pytest.approx(sum(shape.GetArea() for shape in shapes), rel=1e-12)
    scarp("polygonize", raster, "-o", tmp_path / "holes.gpkg", "--min-area-px", 3, "-q", "--connectedness", 8 if eight else 4)
    assert sum(shape.GetArea() for _, shape in shapes_of(tmp_path / "holes.gpkg")) < sum(shape.GetArea() for shape in shapes)


@pytest.mark.parametrize("options", [("dp",), ("vw",), ("dp", "--smooth")])
def test_simplified_neighbours_share_their_borders(tmp_path, options):
    raster = write_raster(tmp_path / "c.tif", blobs(120, 100, 4, 9, 0.96) + np.uint8(1))
    scarp("polygonize", raster, "-o", tmp_path / "exact.gpkg", "-q")
    scarp("polygonize", raster, "-o", tmp_path / "p.gpkg", "--simplify", 15, "--simplify-method", *options, "-q")
    exact, ours = shapes_of(tmp_path / "exact.gpkg"), shapes_of(tmp_path / "p.gpkg")
    assert len(ours) == len(exact)
    collection = ogr.Geometry(ogr.wkbMultiPolygon)
    for _, shape in ours:
        assert shape.IsValid() and shape.GetArea() > 0
        collection.AddGeometry(shape)
    assert collection.UnionCascaded().GetArea() == pytest.approx(sum(shape.GetArea() for _, shape in ours), rel=1e-9)
    assert collection.UnionCascaded().GetArea() == pytest.approx(120 * 100 * 100, rel=1e-9)
    edges = {}
    for _, shape in ours:
        for ring in (shape.GetGeometryRef(i).GetPoints() for i in range(shape.GetGeometryCount())):
            for edge in zip(ring, ring[1:]):
                assert edge not in edges
                edges[edge] = True
    low, high = (600000, 5200000 - 1200), (600000 + 1000, 5200000)
    for a, b in edges:
        at_frame = any(a[axis] == b[axis] == side[axis] for axis in (0, 1) for side in (low, high))
        assert at_frame or (b, a) in edges, "an edge that no neighbour has"
    if "--smooth" not in options:
        areas = {f["uid"]: f for f in features_of(tmp_path / "exact.gpkg")}
        for feature in features_of(tmp_path / "p.gpkg"):
            before = ogr.CreateGeometryFromWkt(areas[feature["uid"]]["outline"])
            change = abs(ogr.CreateGeometryFromWkt(feature["outline"]).GetArea() - before.GetArea())
            assert change <= 2 * 15 * before.Boundary().Length()
        points = [sum(shape.GetGeometryRef(i).GetPointCount() for i in range(shape.GetGeometryCount())) for _, shape in ours]
        before = [sum(shape.GetGeometryRef(i).GetPointCount() for i in range(shape.GetGeometryCount())) for _, shape in exact]
        assert sum(points) < 0.9 * sum(before)


def test_a_rotated_raster_gives_polygons_where_its_pixels_lie(tmp_path):
    path = write_raster(tmp_path / "c.tif", np.array([[0, 1], [0, 0]], np.uint8), nodata=0)
    raster = gdal.Open(str(path), gdal.GA_Update)
    raster.SetGeoTransform((600000, 6, 8, 5200000, 8, -6))
    raster = None
    scarp("polygonize", path, "-o", tmp_path / "p.gpkg", "-q")
    (feature,) = features_of(tmp_path / "p.gpkg")
    shape = ogr.CreateGeometryFromWkt(feature["outline"])
    assert shape.GetArea() == pytest.approx(100)
    assert shape.GetEnvelope() == pytest.approx((600006, 600020, 5200002, 5200016))


def test_class_names_with_quotes_and_markup_are_written_as_they_are(tmp_path):
    name = "O'Neil's \"slide\" <b>&amp; flow"
    path = write_raster(tmp_path / "c.tif", np.array([[0, 1]], np.uint8), nodata=0)
    raster = gdal.Open(str(path), gdal.GA_Update)
    raster.GetRasterBand(1).SetCategoryNames(["", name])
    raster = None
    for ending in ("gpkg", "fgb", "geojson"):
        scarp("polygonize", path, "-o", tmp_path / f"p.{ending}", "-q")
        assert [f["class"] for f in features_of(tmp_path / f"p.{ending}")] == [name]


def test_numbers_that_are_no_classes_are_refused(tmp_path):
    path = write_raster(tmp_path / "p.tif", np.zeros((3, 3), np.float32))
    refused(tmp_path, 3, ["p.tif", "Float32", "gdal_translate"], "polygonize", path, "-o", tmp_path / "p.gpkg")
    path = write_raster(tmp_path / "many.tif", np.full((3, 3), 4000000000, np.uint32))
    refused(tmp_path, 3, ["many.tif", "32-bit"], "polygonize", path, "-o", tmp_path / "p.gpkg")
    path = write_raster(tmp_path / "long.tif", np.zeros((3, 3), np.int64))
    refused(tmp_path, 3, ["long.tif", "Int64", "32 bits"], "polygonize", path, "-o", tmp_path / "p.gpkg")
    image = write_raster(tmp_path / "image.tif", np.zeros((3, 3, 3), np.uint8))
    refused(tmp_path, 3, ["image.tif", "3 bands", "-b"], "polygonize", image, "-o", tmp_path / "p.gpkg")


def test_confidence_on_another_grid_is_refused(classes, tmp_path):
    other = write_raster(tmp_path / "p.tif", np.zeros((5, 5), np.uint8))
    refused(tmp_path, 3, ["p.tif", "same grid"], "polygonize", classes, "-o", tmp_path / "p.gpkg", "--confidence", other)


def test_a_full_disk_leaves_nothing(tmp_path):
    path = write_raster(tmp_path / "c.tif", (np.add.outer(np.arange(400), np.arange(400)) % 2).astype(np.uint8))

    def little_room():
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    for ending in ("gpkg", "fgb"):
        refused(tmp_path, 4, [f"p.{ending}"], "polygonize", path, "-o", tmp_path / f"p.{ending}", preexec_fn=little_room)


def test_an_output_that_another_program_has_open_is_kept(classes, tmp_path):
    target = tmp_path / "p.gpkg"
    scarp("polygonize", classes, "-o", target, "-q")
    refused(tmp_path, 2, ["p.gpkg", "--overwrite"], "polygonize", classes, "-o", target)
    reader = sqlite3.connect(target, isolation_level=None)
    reader.execute("PRAGMA journal_mode=WAL")
    reader.execute("CREATE TABLE notes (text)")
    before = files_in(tmp_path)
    run = scarp("polygonize", classes, "-o", target, "--overwrite", "-q", code=4)
    assert "p.gpkg" in run.stderr and "another program has it open" in run.stderr
    assert files_in(tmp_path) == before
    reader.close()
    assert len(features_of(target)) > 10
