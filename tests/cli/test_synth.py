# SPDX-License-Identifier: Apache-2.0
"""scarp synth: files that other programs open, the same for the same seed."""
import pytest
from conftest import files_in, refused, scarp
from osgeo import gdal, ogr


def test_the_scene_is_an_image_a_dem_and_labels_on_one_grid(scene):
    assert files_in(scene) == ["dem.tif", "hrsi.tif", "labels.gpkg"]
    image, dem = gdal.Open(str(scene / "hrsi.tif")), gdal.Open(str(scene / "dem.tif"))
    assert (image.RasterXSize, image.RasterYSize, image.RasterCount) == (256, 256, 3)
    assert (dem.RasterXSize, dem.RasterYSize, dem.RasterCount) == (256, 256, 1)
    assert image.GetGeoTransform() == dem.GetGeoTransform()
    assert image.GetSpatialRef().IsSame(dem.GetSpatialRef())
    labels = ogr.Open(str(scene / "labels.gpkg"))
    assert sorted(labels.GetLayer(i).GetName() for i in range(labels.GetLayerCount())) == ["labelled_area", "landslides", "walls"]
    assert labels.GetLayerByName("landslides").GetFeatureCount() >= 1
    assert all(feature.GetGeometryRef().IsValid() for feature in labels.GetLayerByName("landslides"))


def test_size_pixel_crs_and_origin_are_obeyed(tmp_path):
    scarp("synth", "-o", tmp_path / "s", "--seed", 1, "--rows", 130, "--cols", 200, "--pixel-size", 2.5,
          "--crs", "EPSG:32718", "--origin", 300000, 9000000, "-q")
    dem = gdal.Open(str(tmp_path / "s" / "dem.tif"))
    assert (dem.RasterYSize, dem.RasterXSize) == (130, 200)
    assert dem.GetGeoTransform() == (300000, 2.5, 0, 9000000, 0, -2.5)
    assert dem.GetSpatialRef().GetAuthorityCode(None) == "32718"


def test_six_bands_have_names(tmp_path):
    scarp("synth", "-o", tmp_path / "s", "--seed", 1, "--size", 128, "--bands", 6, "-q")
    image = gdal.Open(str(tmp_path / "s" / "hrsi.tif"))
    names = [image.GetRasterBand(band + 1).GetDescription() for band in range(image.RasterCount)]
    assert names == ["red", "green", "blue", "nir", "swir1", "swir2"]


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others(tmp_path):
    def pixels(name, seed):
        scarp("synth", "-o", tmp_path / name, "--seed", seed, "--size", 128, "-q")
        return [gdal.Open(str(tmp_path / name / file)).ReadRaster() for file in ("hrsi.tif", "dem.tif")]

    first = pixels("a", 3)
    assert pixels("b", 3) == first
    assert pixels("c", 4) != first


def test_an_existing_scene_needs_overwrite(tmp_path):
    scarp("synth", "-o", tmp_path, "--seed", 1, "--size", 128, "-q")
    refused(tmp_path, 2, ["hrsi.tif", "--overwrite"], "synth", "-o", tmp_path, "--seed", 2, "--size", 128)
    scarp("synth", "-o", tmp_path, "--seed", 2, "--size", 128, "--overwrite", "-q")


@pytest.mark.parametrize("options, words", [
    (["--crs", "EPSG:4326"], ["EPSG:4326", "projected"]),
    (["--crs", "nonsense"], ["nonsense"]),
    (["--size", 9000], ["--size", "8192"]),
    (["--size", 64], ["128"]),
    (["--size", 256, "--rows", 300], ["--size", "--rows"]),
    (["--pixel-size", 0], ["--pixel-size", "'0'"]),
    (["--bands", 4], ["--bands", "4"]),
    (["--seed", "x"], ["--seed", "x"]),
])
def test_wrong_values_are_named(tmp_path, options, words):
    refused(tmp_path, 2, words, "synth", "-o", tmp_path / "s", *options)
    assert files_in(tmp_path) == []
