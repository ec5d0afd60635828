# SPDX-License-Identifier: Apache-2.0
"""scarp inspect: what it says of rasters of which everything is known."""
import json

import numpy as np
import pytest
from conftest import MODEL, refused, scarp, write_raster
from osgeo import gdal


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    values = np.full((3, 100, 200), 9, np.uint8)
    values[:, :, :50] = 0
    return write_raster(tmp_path_factory.mktemp("image") / "image.tif", values, nodata=0, pixel=5.0)


def inspected(*arguments):
    return json.loads(scarp("inspect", *arguments, "--json").stdout)


def dem(folder, rows=100, cols=200, **place):
    return write_raster(folder / "dem.tif", np.ones((rows, cols), np.float32), **{"pixel": 5.0, **place})


def test_an_image_is_told_with_size_place_bands_and_nodata(image):
    told = inspected(image)["optical"]
    assert (told["rows"], told["cols"]) == (100, 200)
    assert told["crs"]["code"] == "EPSG:32632" and "32N" in told["crs"]["name"] and not told["crs"]["geographic"]
    assert told["pixel"] == [5, 5] and told["pixel_m"] == [5, 5]
    assert told["extent"] == [600000, 5199500, 601000, 5200000]
    assert [band["type"] for band in told["bands"]] == ["u8"] * 3 and told["bands"][0]["nodata"] == 0
    assert told["nodata_share"] == 0.25


def test_a_dem_on_the_same_grid(image, tmp_path):
    told = inspected(image, dem(tmp_path))["alignment"]
    assert told == {"same_crs": True, "same_pixel_size": True, "same_grid": True, "offset_px": {"row": 0, "col": 0},
                    "covered_share": 1}


def test_a_displaced_dem_is_told_in_pixels_of_the_image(image, tmp_path):
    told = inspected(image, dem(tmp_path, origin=(600000 + 100 * 5, 5200000 - 2.25 * 5)))["alignment"]
    assert not told["same_grid"] and told["same_pixel_size"]
    assert told["offset_px"]["col"] == pytest.approx(100) and told["offset_px"]["row"] == pytest.approx(2.25)
    assert told["covered_share"] == pytest.approx(0.5 * 0.98, abs=0.02)


def test_a_dem_of_other_pixels_and_another_crs(image, tmp_path):
    told = inspected(image, dem(tmp_path, rows=200, cols=200, origin=(9.0, 48.0), pixel=0.02, epsg=4326))
    assert told["dem"]["crs"]["geographic"]
    assert told["dem"]["pixel_m"][1] == pytest.approx(2220, rel=0.01)
    assert not told["alignment"]["same_crs"] and told["alignment"]["offset_px"] is None
    assert told["alignment"]["covered_share"] == 1


def test_a_dem_elsewhere_covers_nothing(image, tmp_path):
    assert inspected(image, dem(tmp_path, origin=(100000, 5200000)))["alignment"]["covered_share"] == 0


def test_the_text_says_the_same(image, tmp_path):
    text = scarp("inspect", image, dem(tmp_path, origin=(600005, 5200000))).stdout
    for words in ("100 rows, 200 columns", "EPSG:32632", "5 x 5 m", "u8, u8, u8", "1.000 columns right", "covers 99"):
        assert words in text


def test_models_that_do_not_fit_say_why(image, scene):
    models = {model["name"]: model for model in inspected(scene / "hrsi.tif", scene / "dem.tif")["models"]}
    assert models[MODEL]["fits"] and models[MODEL]["reason"] == ""
    without_dem = {model["name"]: model for model in inspected(scene / "hrsi.tif")["models"]}
    assert not without_dem[MODEL]["fits"] and "DEM" in without_dem[MODEL]["reason"]


def test_a_raster_without_crs_can_be_inspected_and_says_so(tmp_path):
    path = write_raster(tmp_path / "a.tif", np.ones((20, 20), np.uint8), epsg=None)
    told = inspected(path)["optical"]
    assert told["crs"]["code"] is None and "unknown" in told["crs"]["name"] and told["pixel_m"] is None


def test_a_picture_shows_the_cells_that_contrastive_training_draws(scene, tmp_path):
    picture = tmp_path / "pairs.png"
    arguments = [scene / "hrsi.tif", scene / "dem.tif", "--labels", f"{scene}/labels.gpkg:landslides", "--pairs", picture]
    pairs = inspected(*arguments)["pairs"]
    shown = gdal.Open(str(picture))
    assert (shown.RasterXSize, shown.RasterYSize, shown.RasterCount) == (1024, 1024, 3)
    cells = {kind["kind"]: kind["cells"] for kind in pairs["cells"]}
    assert sum(cells.values()) == (256 // 8) ** 2
    assert 0 < pairs["anchors"] <= cells["back wall"] + cells["side wall"]
    text = scarp("inspect", *arguments, "--overwrite", "--stride", 16).stdout
    assert "back wall" in text and "red" in text and "white dots" in text


def test_the_picture_needs_labels_and_labels_need_the_picture(scene, tmp_path):
    image = scene / "hrsi.tif"
    refused(tmp_path, 2, ["--labels"], "inspect", image, "--pairs", tmp_path / "a.png")
    refused(tmp_path, 2, ["--pairs"], "inspect", image, "--labels", f"{scene}/labels.gpkg:landslides")


def test_the_picture_overwrites_nothing_unless_told(scene, tmp_path):
    (tmp_path / "a.png").write_text("precious")
    sentence = refused(tmp_path, 2, ["a.png"], "inspect", scene / "hrsi.tif", "--labels",
                       f"{scene}/labels.gpkg:landslides", "--pairs", tmp_path / "a.png")
    assert "--overwrite" in sentence


def test_label_rasters_with_values_that_are_no_classes_are_refused(scene, tmp_path):
    image = gdal.Open(str(scene / "hrsi.tif"))
    values = np.zeros((image.RasterYSize, image.RasterXSize), np.float32)
    values[100:140, 100:140], values[5, 5] = 1, 2.5
    labels = write_raster(tmp_path / "labels.tif", values)
    gdal.Open(str(labels), gdal.GA_Update).SetGeoTransform(image.GetGeoTransform())
    refused(tmp_path, 2, ["labels.tif", "2.5", "255 where nothing is known"], "inspect", scene / "hrsi.tif", "--labels", labels,
            "--pairs", tmp_path / "a.png")
