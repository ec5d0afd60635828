# SPDX-License-Identifier: Apache-2.0
"""scarp evaluate: scores counted again in numpy from the same files."""
import json
import re

import numpy as np
import pytest
from conftest import files_in, refused, scarp
from osgeo import gdal, ogr


def evaluated(folder, *arguments):
    scarp("evaluate", *arguments, "-o", folder / "report.html", "--json", folder / "metrics.json", "-q")
    return json.loads((folder / "metrics.json").read_text())


def burnt(like, source, layer):
    mask = gdal.GetDriverByName("MEM").Create("", like.RasterXSize, like.RasterYSize, 1)
    mask.SetGeoTransform(like.GetGeoTransform())
    mask.SetSpatialRef(like.GetSpatialRef())
    opened = ogr.Open(str(source))
    gdal.RasterizeLayer(mask, [1], opened.GetLayerByName(layer), burn_values=[1])
    return mask.ReadAsArray() == 1


@pytest.fixture(scope="module")
def counts(scene, mapped):
    classes = gdal.Open(str(mapped / "classes.tif"))
    found, true = classes.ReadAsArray() == 1, burnt(classes, scene / "labels.gpkg", "landslides")
    return {"tp": int((found & true).sum()), "fp": int((found & ~true).sum()), "fn": int((~found & true).sum()),
            "tn": int((~found & ~true).sum())}


def agrees(scores, counts):
    tp, fp, fn, tn = (counts[key] for key in ("tp", "fp", "fn", "tn"))
    assert (scores["true_positive"], scores["false_positive"], scores["false_negative"], scores["true_negative"]) == (tp, fp, fn, tn)
    assert scores["f1"] == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert scores["iou"] == pytest.approx(tp / (tp + fp + fn))
    assert scores["precision"] == pytest.approx(tp / (tp + fp))
    assert scores["recall"] == pytest.approx(tp / (tp + fn))
    assert scores["miou"] == pytest.approx((tp / (tp + fp + fn) + tn / (tn + fp + fn)) / 2)


def test_scores_of_a_class_raster_are_those_counted_in_numpy(scene, mapped, counts, tmp_path):
    agrees(evaluated(tmp_path, mapped / "classes.tif", "--labels", scene / "labels.gpkg"), counts)


def test_scores_of_polygons_are_those_of_the_raster(scene, mapped, counts, tmp_path):
    agrees(evaluated(tmp_path, mapped / "slides.gpkg", "--labels", scene / "labels.gpkg", "--background", scene / "hrsi.tif"), counts)


def outline(mask):
    padded = np.pad(mask, 1, mode="edge")
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def near(mask, pixels):
    """Within a distance: the mask moved to all offsets of a disc."""
    found, padded = np.zeros_like(mask), np.pad(mask, pixels)
    for row in range(-pixels, pixels + 1):
        for col in range(-pixels, pixels + 1):
            if row * row + col * col <= pixels * pixels:
                found |= padded[pixels + row:pixels + row + mask.shape[0], pixels + col:pixels + col + mask.shape[1]]
    return found


def test_the_boundary_score_is_that_counted_in_numpy(scene, mapped, tmp_path):
    classes = gdal.Open(str(mapped / "classes.tif"))
    found, true = outline(classes.ReadAsArray() == 1), outline(burnt(classes, scene / "labels.gpkg", "landslides"))
    scores = evaluated(tmp_path, mapped / "classes.tif", "--labels", scene / "labels.gpkg", "--boundary-tolerance", 3)
    precision, recall = (found & near(true, 3)).sum() / found.sum(), (true & near(found, 3)).sum() / true.sum()
    assert scores["boundary_precision"] == pytest.approx(precision)
    assert scores["boundary_recall"] == pytest.approx(recall)
    assert scores["boundary_f1"] == pytest.approx(2 * precision * recall / (precision + recall))


def test_two_maps_are_compared_on_the_same_squares(scene, mapped, tmp_path):
    gdal.Translate(str(tmp_path / "nothing.tif"), str(mapped / "classes.tif"), scaleParams=[[0, 1, 0, 0]])
    scores = evaluated(tmp_path, mapped / "classes.tif", "--labels", scene / "labels.gpkg", "--block-side", 32,
                       "--against", tmp_path / "nothing.tif")
    low, high = scores["bootstrap"]["scores"]["f1"]
    assert low < scores["f1"] < high and scores["bootstrap"]["blocks"] == 64
    assert scores["against"]["scores"]["f1"] == 0 and scores["against"]["differences"]["f1"] == scores["f1"]
    assert scores["against"]["difference_intervals"]["f1"][0] > 0
    run = scarp("evaluate", mapped / "classes.tif", "--labels", scene / "labels.gpkg", "--against", tmp_path / "nothing.tif", "-q")
    assert re.search(r"^F1 +\+0\.\d{4}", run.stdout, re.M)


def test_intervals_are_the_same_for_the_same_seed(scene, mapped, tmp_path):
    def low(name, *more):
        scarp("evaluate", mapped / "classes.tif", "--labels", scene / "labels.gpkg", "--block-side", 32, "--json", tmp_path / name,
              "-q", *more)
        return json.loads((tmp_path / name).read_text())["bootstrap"]["scores"]["f1"][0]
    assert low("a.json") == low("b.json") != low("c.json", "--seed", 2)


def test_labels_held_against_themselves_are_perfect(scene, tmp_path):
    scores = evaluated(tmp_path, f"{scene / 'labels.gpkg'}:landslides", "--labels", f"{scene / 'labels.gpkg'}:landslides",
                       "--background", scene / "hrsi.tif")
    assert scores["f1"] == scores["iou"] == 1 and scores["false_positive"] == 0


def test_probabilities_give_a_calibration(scene, mapped, tmp_path):
    scores = evaluated(tmp_path, mapped / "classes.tif", "--labels", scene / "labels.gpkg", "--probability-raster", mapped / "p.tif")
    assert 0 <= scores["ece"] <= 1
    assert sum(each["pixels"] for each in scores["reliability"]) == 256 * 256


def test_the_report_stands_alone_and_has_pictures(scene, mapped, tmp_path):
    evaluated(tmp_path, mapped / "classes.tif", "--labels", scene / "labels.gpkg", "--background", scene / "hrsi.tif")
    page = (tmp_path / "report.html").read_text()
    assert "<svg" in page or "data:image/png;base64," in page
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//""", page)
    assert files_in(tmp_path) == ["metrics.json", "report.html"]


def test_the_scores_are_printed(scene, mapped):
    run = scarp("evaluate", mapped / "classes.tif", "--labels", scene / "labels.gpkg")
    assert re.search(r"^F1 +0\.\d{4}  0\.\d{4} to 0\.\d{4}$", run.stdout, re.M) and "IoU" in run.stdout


def test_labels_without_a_labelled_area_are_refused_unless_all_is_said(scene, mapped, tmp_path):
    gdal.VectorTranslate(str(tmp_path / "only.gpkg"), str(scene / "labels.gpkg"), layers=["landslides"])
    refused(tmp_path, 3, ["only.gpkg", "labelled"], "evaluate", mapped / "classes.tif", "--labels", tmp_path / "only.gpkg")
    scarp("evaluate", mapped / "classes.tif", "--labels", tmp_path / "only.gpkg", "--labelled-area", "all", "-q")


def test_a_label_is_never_overwritten_by_a_report(scene, mapped, tmp_path):
    refused(scene, 2, ["labels.gpkg", "input"], "evaluate", mapped / "classes.tif", "--labels", scene / "labels.gpkg",
            "--json", scene / "labels.gpkg", "--overwrite")


def shapes(source, layer):
    opened = ogr.Open(str(source))
    return [feature.GetGeometryRef().Clone().MakeValid() for feature in opened.GetLayerByName(layer)]


def test_polygons_are_matched_as_polygons(scene, mapped, tmp_path):
    scores = evaluated(tmp_path, mapped / "slides.gpkg", "--labels", scene / "labels.gpkg", "--background", scene / "hrsi.tif")
    found, true = shapes(mapped / "slides.gpkg", "landslides"), shapes(scene / "labels.gpkg", "landslides")
    overlaps = [[a.Intersection(b).GetArea() / a.Union(b).GetArea() for b in true] for a in found]
    assert [at["iou"] for at in scores["polygons_at_iou"]] == [0.3, 0.5, 0.7]
    for at in scores["polygons_at_iou"][1:]:  # from one half on, pairs exclude each other
        matched = sum(iou >= at["iou"] for row in overlaps for iou in row)
        assert (at["predicted"], at["labelled"], at["matched"]) == (len(found), len(true), matched)
        assert at["precision"] == pytest.approx(matched / len(found))
        assert at["recall"] == pytest.approx(matched / len(true))
        assert 0 < at["boundary_m"] < 30  # three pixels
    assert scores["objects_at_iou"][1]["matched"] == scores["polygons_matched"]


def test_a_class_raster_is_matched_by_its_objects_only(scene, mapped, tmp_path):
    scores = evaluated(tmp_path, mapped / "classes.tif", "--labels", scene / "labels.gpkg")
    assert "polygons_at_iou" not in scores
    assert [at["iou"] for at in scores["objects_at_iou"]] == [0.3, 0.5, 0.7]
    assert "boundary_m" not in scores["objects_at_iou"][0]
