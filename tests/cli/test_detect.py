# SPDX-License-Identifier: Apache-2.0
"""scarp detect: what it writes is opened with GDAL, held against each other, and the same however it was made."""
import numpy as np
import pytest
from conftest import MODEL, features_of, files_in, scarp
from osgeo import gdal, ogr, osr

FIELDS = ["uid", "class_id", "class", "conf_mean", "conf_min", "conf_std", "area_m2", "perim_m", "elev_min", "elev_max", "relief_m",
          "slope_mean", "slope_max", "aspect", "length_m", "width_m", "reach", "edge", "model_id"]


def detect(scene, *arguments, image="hrsi.tif", dem="dem.tif", **options):
    return scarp("detect", scene / image, scene / dem, "-m", MODEL, *arguments, **options)


def pixels(path):
    return gdal.Open(str(path)).ReadAsArray()


def polygons(path):
    """Attributes and outline of every feature in a fixed order."""
    return sorted(features_of(path), key=lambda feature: feature["uid"])


def test_polygons_have_the_fields_valid_outlines_and_the_crs_of_the_image(scene, mapped):
    source = ogr.Open(str(mapped / "slides.gpkg"))
    layer = source.GetLayer(0)
    assert [layer.GetLayerDefn().GetFieldDefn(i).GetName() for i in range(layer.GetLayerDefn().GetFieldCount())] == FIELDS
    assert layer.GetFeatureCount() >= 1
    assert layer.GetSpatialRef().IsSame(gdal.Open(str(scene / "hrsi.tif")).GetSpatialRef())
    for feature in layer:
        assert feature.GetGeometryRef().IsValid()
        assert feature["class"] and feature["class_id"] == 1 and feature["model_id"]
        assert 0 < feature["conf_min"] <= feature["conf_mean"] <= 1
        assert 0 <= feature["slope_mean"] <= feature["slope_max"] <= 90
        assert feature["relief_m"] == pytest.approx(feature["elev_max"] - feature["elev_min"], abs=0.01)
    assert len({feature["uid"] for feature in layer}) == layer.GetFeatureCount()


def test_nothing_travels_beside_the_outputs_but_the_names_of_classes(mapped):
    assert files_in(mapped) == ["classes.tif", "classes.tif.aux.xml", "p.tif", "slides.gpkg"]


def test_rasters_are_cogs_on_the_grid_of_the_image(scene, mapped):
    image = gdal.Open(str(scene / "hrsi.tif"))
    for name in ("classes.tif", "p.tif"):
        raster = gdal.Open(str(mapped / name))
        assert raster.GetGeoTransform() == image.GetGeoTransform()
        assert (raster.RasterXSize, raster.RasterYSize) == (image.RasterXSize, image.RasterYSize)
        assert raster.GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE") == "COG"
        assert raster.GetRasterBand(1).GetNoDataValue() == 255
    classes, probability = gdal.Open(str(mapped / "classes.tif")), gdal.Open(str(mapped / "p.tif"))
    assert classes.GetRasterBand(1).GetDescription() == "class"  # asked first: GDAL 3.6 reads the names beside the file only then
    assert classes.GetRasterBand(1).GetCategoryNames()[:2] == ["background", "landslide"]
    assert probability.GetRasterBand(1).GetScale() == pytest.approx(1 / 254)


def test_polygons_burnt_again_are_the_class_raster(mapped):
    classes = gdal.Open(str(mapped / "classes.tif"))
    burnt = gdal.GetDriverByName("MEM").Create("", classes.RasterXSize, classes.RasterYSize, 1)
    burnt.SetGeoTransform(classes.GetGeoTransform())
    burnt.SetSpatialRef(classes.GetSpatialRef())
    slides = ogr.Open(str(mapped / "slides.gpkg"))
    gdal.RasterizeLayer(burnt, [1], slides.GetLayer(0), burn_values=[1])
    assert (burnt.ReadAsArray() == (classes.ReadAsArray() == 1)).all()


def test_the_class_is_the_more_probable_one_and_areas_are_those_of_the_pixels(mapped):
    classes, probability = pixels(mapped / "classes.tif"), pixels(mapped / "p.tif")
    assert (probability[classes == 1] >= 127).all() and (probability[classes == 0] <= 127).all()
    area = sum(feature["area_m2"] for feature in features_of(mapped / "slides.gpkg"))
    assert area == pytest.approx(100.0 * (classes == 1).sum(), rel=2e-3)


@pytest.mark.parametrize("options", [["-j", 1], ["-j", 3], ["--batch", 3], ["-j", 2, "--batch", 2]])
def test_the_answer_does_not_depend_on_workers_and_batch(scene, mapped, tmp_path, options):
    detect(scene, "-o", tmp_path / "s.gpkg", "--class-raster", tmp_path / "c.tif", "--probability-raster", tmp_path / "p.tif",
           "--min-area", 0, *options, "-q")
    assert (pixels(tmp_path / "p.tif") == pixels(mapped / "p.tif")).all()
    assert (pixels(tmp_path / "c.tif") == pixels(mapped / "classes.tif")).all()
    assert polygons(tmp_path / "s.gpkg") == polygons(mapped / "slides.gpkg")


def test_flips_change_probabilities_a_little_and_depend_on_no_workers(scene, mapped, tmp_path):
    for name, options in (("one", ["-j", 1]), ("two", ["-j", 2, "--batch", 3])):
        detect(scene, "--probability-raster", tmp_path / f"{name}.tif", "--flips", 8, *options, "-q")
    turned, plain = pixels(tmp_path / "one.tif").astype(int), pixels(mapped / "p.tif").astype(int)
    assert (turned == pixels(tmp_path / "two.tif")).all()
    assert 0 < abs(turned - plain).mean() < 10
    assert gdal.Open(str(tmp_path / "one.tif")).GetMetadataItem("SCARP_FLIPS") == "8"


def test_a_number_of_flips_that_is_no_group_is_refused(scene, tmp_path):
    run = detect(scene, "--probability-raster", tmp_path / "p.tif", "--flips", 3, "-q", code=2)
    assert "--flips" in run.stderr and files_in(tmp_path) == []


def test_the_answer_does_not_depend_on_the_area_of_interest(scene, mapped, tmp_path):
    west, pixel, _, north, _, _ = gdal.Open(str(scene / "hrsi.tif")).GetGeoTransform()
    box = [west + 40 * pixel, north - 200 * pixel, west + 220 * pixel, north - 50 * pixel]
    detect(scene, "--class-raster", tmp_path / "c.tif", "--probability-raster", tmp_path / "p.tif", "--bbox", *box, "-q")
    for ours, theirs in (("c.tif", "classes.tif"), ("p.tif", "p.tif")):
        part = gdal.Open(str(tmp_path / ours))
        row, col = round((north - part.GetGeoTransform()[3]) / pixel), round((part.GetGeoTransform()[0] - west) / pixel)
        whole = pixels(mapped / theirs)[row:row + part.RasterYSize, col:col + part.RasterXSize]
        inside = np.zeros_like(whole, bool)
        inside[50 - row:200 - row, 40 - col:220 - col] = True
        assert inside.sum() == 150 * 180
        assert (part.ReadAsArray()[inside] == whole[inside]).all()


def test_the_model_is_chosen_and_named_where_none_is_said(scene, tmp_path):
    run = scarp("detect", scene / "hrsi.tif", scene / "dem.tif", "--class-raster", tmp_path / "c.tif")
    assert f"model: {MODEL}" in run.stderr


def test_bands_are_taken_in_the_order_said(scene, mapped, tmp_path):
    gdal.Translate(str(tmp_path / "bgr.tif"), str(scene / "hrsi.tif"), bandList=[3, 2, 1])
    scarp("detect", tmp_path / "bgr.tif", scene / "dem.tif", "-m", MODEL, "-b", "3,2,1", "--class-raster", tmp_path / "c.tif", "-q")
    assert (pixels(tmp_path / "c.tif") == pixels(mapped / "classes.tif")).all()


def test_a_dem_in_degrees_lies_where_it_should(scene, mapped, tmp_path):
    gdal.Warp(str(tmp_path / "dem.tif"), str(scene / "dem.tif"), dstSRS="EPSG:4326", resampleAlg="cubic", dstNodata=-9999)
    scarp("detect", scene / "hrsi.tif", tmp_path / "dem.tif", "-m", MODEL, "--probability-raster", tmp_path / "p.tif", "-q")
    ours, theirs = (pixels(path)[50:-50, 50:-50].astype(float) / 254 for path in (tmp_path / "p.tif", mapped / "p.tif"))
    in_place = np.abs(ours - theirs).mean()
    for shift in ((3, 0), (-3, 0), (0, 3), (0, -3)):
        assert in_place < np.abs(ours - np.roll(theirs, shift, (0, 1))).mean(), shift


def test_small_objects_are_left_out_where_asked(scene, mapped, tmp_path):
    areas = sorted(feature["area_m2"] for feature in features_of(mapped / "slides.gpkg"))
    detect(scene, "-o", tmp_path / "s.gpkg", "--min-area", areas[-1] - 1, "-q")
    assert len(features_of(tmp_path / "s.gpkg")) == 1


@pytest.mark.parametrize("name, options, driver", [("s.fgb", [], "FlatGeobuf"), ("s.geojson", [], "GeoJSON"),
                                                   ("s.shp", [], "ESRI Shapefile"), ("s.json", ["--of", "GeoJSON"], "GeoJSON")])
def test_other_formats(scene, mapped, tmp_path, name, options, driver):
    detect(scene, "-o", tmp_path / name, "--min-area", 0, *options, "-q")
    assert ogr.Open(str(tmp_path / name)).GetDriver().GetName() == driver
    assert len(features_of(tmp_path / name)) == len(features_of(mapped / "slides.gpkg"))


def test_a_hole_in_the_dem_is_mapped_or_left_out_as_said(scene, tmp_path):
    dem = gdal.GetDriverByName("GTiff").CreateCopy(str(tmp_path / "dem.tif"), gdal.Open(str(scene / "dem.tif")))
    values = dem.ReadAsArray()
    values[100:140, 60:120] = -9999
    dem.GetRasterBand(1).SetNoDataValue(-9999)
    dem.GetRasterBand(1).WriteArray(values)
    dem = None
    for policy in ("fill", "mask"):
        scarp("detect", scene / "hrsi.tif", tmp_path / "dem.tif", "-m", MODEL, "--dem-gaps", policy,
              "--class-raster", tmp_path / f"{policy}.tif", "-q")
    assert (pixels(tmp_path / "fill.tif") != 255).all()
    assert (pixels(tmp_path / "mask.tif")[100:140, 60:120] == 255).all()


def test_nodata_of_the_image_is_nodata_of_the_map_and_changes_nothing_far_away(scene, mapped, tmp_path):
    image = gdal.GetDriverByName("GTiff").CreateCopy(str(tmp_path / "image.tif"), gdal.Open(str(scene / "hrsi.tif")))
    for i in range(3):
        values = image.GetRasterBand(i + 1).ReadAsArray()
        values[:, 200:] = 7
        image.GetRasterBand(i + 1).WriteArray(values)
    mask = np.full((256, 256), 255, np.uint8)
    mask[:, 200:] = 0
    image.CreateMaskBand(gdal.GMF_PER_DATASET)
    image.GetRasterBand(1).GetMaskBand().WriteArray(mask)
    image = None
    scarp("detect", tmp_path / "image.tif", scene / "dem.tif", "-m", MODEL, "--class-raster", tmp_path / "c.tif", "-q")
    assert ((pixels(tmp_path / "c.tif") == 255) == (mask == 0)).all()


def test_overwrite_replaces_all_outputs(scene, tmp_path):
    for name in ("s.gpkg", "c.tif"):
        (tmp_path / name).write_text("old")
    detect(scene, "-o", tmp_path / "s.gpkg", "--class-raster", tmp_path / "c.tif", "--overwrite", "-q")
    assert ogr.Open(str(tmp_path / "s.gpkg")).GetLayerCount() >= 1
    assert gdal.Open(str(tmp_path / "c.tif")).RasterCount == 1


def test_a_crs_of_another_planet_goes_through(tmp_path):
    mars = 'PROJCS["Equirectangular Mars",GEOGCS["GCS_Mars_2000",DATUM["D_Mars_2000",SPHEROID["Mars_2000",3396190,0]],' \
           'PRIMEM["Reference_Meridian",0],UNIT["Degree",0.0174532925199433]],PROJECTION["Equirectangular"],' \
           'PARAMETER["standard_parallel_1",0],PARAMETER["central_meridian",0],PARAMETER["false_easting",0],' \
           'PARAMETER["false_northing",0],UNIT["Meter",1]]'
    scarp("synth", "-o", tmp_path, "--seed", 2, "--size", 128, "--crs", mars, "-q")
    detect(tmp_path, "-o", tmp_path / "s.gpkg", "-q")
    written = ogr.Open(str(tmp_path / "s.gpkg"))
    layer = written.GetLayer(0)
    reference = osr.SpatialReference()
    reference.ImportFromWkt(mars)
    assert layer.GetSpatialRef().GetSemiMajor() == reference.GetSemiMajor() == 3396190
