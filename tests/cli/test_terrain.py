# SPDX-License-Identifier: Apache-2.0
"""scarp terrain against gdaldem and against sums in numpy."""
import numpy as np
import pytest
from conftest import files_in, refused, scarp, write_raster
from osgeo import gdal

ALL = ("elevation,relative_elevation_65,slope,aspect,northness,eastness,gradient_east,gradient_north,"
       "profile_curvature,plan_curvature,hillshade")


def hills(rows, cols, seed=5):
    """Smooth ground with a plain (aspect has no value there) and a hole in it."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:cols]
    ground = 900 + sum(random.uniform(5, 60) * np.sin(x / random.uniform(5, 60) + y / random.uniform(5, 60)) for _ in range(5))
    ground = ground.astype(np.float32)
    ground[10:20, 5:25] = 700
    ground[30:34, 40:47] = -32768
    return ground


@pytest.fixture(scope="module")
def dem(tmp_path_factory):
    return write_raster(tmp_path_factory.mktemp("dem") / "dem.tif", hills(120, 90), nodata=-32768)


@pytest.fixture(scope="module")
def derived(dem):
    out = dem.parent / "out.tif"
    scarp("terrain", dem, "-o", out, "--channels", ALL, "-q")
    return gdal.Open(str(out))


def band(raster, name):
    return raster.ReadAsArray()[ALL.split(",").index(name)]


def test_bands_are_named_in_the_order_asked_with_nodata_and_place(dem, derived):
    assert [derived.GetRasterBand(i + 1).GetDescription() for i in range(derived.RasterCount)] == ALL.split(",")
    assert {derived.GetRasterBand(i + 1).GetNoDataValue() for i in range(derived.RasterCount)} == {-9999}
    assert derived.GetRasterBand(1).DataType == gdal.GDT_Float32
    assert derived.GetDriver().ShortName == "GTiff"
    source = gdal.Open(str(dem))
    assert derived.GetGeoTransform() == source.GetGeoTransform()
    assert derived.GetSpatialRef().IsSame(source.GetSpatialRef())


@pytest.mark.parametrize("channel, tolerance", [("slope", 2e-3), ("hillshade", 1.0)])
def test_slope_and_hillshade_are_those_of_gdaldem_to_the_edge(dem, derived, channel, tolerance):
    theirs = gdal.DEMProcessing("", str(dem), channel, format="MEM", computeEdges=True)
    expected = theirs.ReadAsArray().astype(float)
    ours = band(derived, channel)
    known = expected != theirs.GetRasterBand(1).GetNoDataValue()
    assert ((ours != -9999) == known).all()
    assert np.abs(ours - expected)[known].max() <= tolerance


def test_aspect_is_that_of_gdaldem_and_nodata_on_flat_ground(dem, derived):
    expected = gdal.DEMProcessing("", str(dem), "aspect", format="MEM", computeEdges=True).ReadAsArray()
    ours = band(derived, "aspect")
    assert ((ours == -9999) == (expected == -9999)).all()
    assert (ours[12:18, 8:22] == -9999).all()
    apart = np.abs(ours - expected)
    apart = np.minimum(apart, 360 - apart)
    steep = band(derived, "slope") > 2  # on nearly flat ground the aspect hangs on the last bit of gdaldem's sums
    assert steep.sum() > 5000 and apart[steep].max() < 0.01
    assert apart[ours != -9999].max() < 1


def test_elevation_is_unchanged_and_its_hole_is_nodata(dem, derived):
    source = gdal.Open(str(dem)).ReadAsArray()
    ours = band(derived, "elevation")
    assert (ours[source != -32768] == source[source != -32768]).all()
    assert (ours[source == -32768] == -9999).all()


def test_relative_elevation_over_several_strips_is_that_of_plain_sums(tmp_path):
    ground = hills(2500, 900)
    dem = write_raster(tmp_path / "tall.tif", ground, nodata=-32768)
    scarp("terrain", dem, "-o", tmp_path / "out.tif", "--channels", "relative_elevation_33", "-j", 2, "-q")
    valid = (ground != -32768).astype(float)

    def box(values):
        padded = np.pad(values, ((17, 16), (17, 16))).cumsum(0).cumsum(1)
        return padded[33:, 33:] - padded[:-33, 33:] - padded[33:, :-33] + padded[:-33, :-33]

    expected = ground - box(ground * valid) / np.maximum(1, box(valid))
    ours = gdal.Open(str(tmp_path / "out.tif")).ReadAsArray()
    assert np.abs(ours - expected)[valid > 0].max() < 0.01
    assert (ours[valid == 0] == -9999).all()


def test_the_answer_does_not_depend_on_the_number_of_workers(tmp_path):
    dem = write_raster(tmp_path / "tall.tif", hills(2500, 900), nodata=-32768)
    for workers in (1, 3):
        scarp("terrain", dem, "-o", tmp_path / f"{workers}.tif", "--channels", "slope,aspect,relative_elevation_65", "-j", workers, "-q")
    assert (tmp_path / "1.tif").read_bytes() == (tmp_path / "3.tif").read_bytes()


def test_format_and_creation_options_are_obeyed(dem, tmp_path):
    scarp("terrain", dem, "-o", tmp_path / "cog.tif", "--channels", "slope", "--of", "COG", "--co", "COMPRESS=LZW", "-q")
    file = gdal.Open(str(tmp_path / "cog.tif"))
    assert file.GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE") == "COG"
    assert file.GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE") == "LZW"


def test_an_existing_output_needs_overwrite(dem, tmp_path):
    scarp("terrain", dem, "-o", tmp_path / "t.tif", "--channels", "slope", "-q")
    refused(tmp_path, 2, ["t.tif", "--overwrite"], "terrain", dem, "-o", tmp_path / "t.tif", "--channels", "aspect")
    scarp("terrain", dem, "-o", tmp_path / "t.tif", "--channels", "aspect", "--overwrite", "-q")
    written = gdal.Open(str(tmp_path / "t.tif"))
    assert written.GetRasterBand(1).GetDescription() == "aspect"
    assert files_in(tmp_path) == ["t.tif"]


def test_the_input_is_never_the_output(dem, tmp_path):
    refused(dem.parent, 2, ["dem.tif", "input"], "terrain", dem, "-o", dem, "--channels", "slope", "--overwrite")


def test_an_unknown_channel_is_named_with_the_known_ones(dem, tmp_path):
    refused(tmp_path, 2, ["slop", "slope", "hillshade"], "terrain", dem, "-o", tmp_path / "t.tif", "--channels", "slope,slop")


def test_an_image_is_not_taken_for_a_dem(tmp_path):
    image = write_raster(tmp_path / "image.tif", np.zeros((3, 40, 40), np.uint8))
    refused(tmp_path, 3, ["image.tif", "3 bands", "-b"], "terrain", image, "-o", tmp_path / "t.tif", "--channels", "slope")
    refused(tmp_path, 3, ["image.tif", "no band 4"], "terrain", image, "-b", 4, "-o", tmp_path / "t.tif", "--channels", "slope")
    scarp("terrain", image, "-b", 2, "-o", tmp_path / "t.tif", "--channels", "slope", "-q")


def test_a_dem_without_any_elevation_is_refused(tmp_path):
    dem = write_raster(tmp_path / "empty.tif", np.full((40, 40), -1, np.float32), nodata=-1)
    refused(tmp_path, 3, ["empty.tif", "nodata"], "terrain", dem, "-o", tmp_path / "t.tif", "--channels", "slope")
