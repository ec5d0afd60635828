# SPDX-License-Identifier: Apache-2.0
"""scarp demo: from nothing to a map one can look at."""
from conftest import events_of, features_of, files_in, refused, scarp
from osgeo import gdal


def test_the_demo_makes_a_scene_maps_it_and_shows_it(tmp_path):
    run = scarp("demo", "-o", tmp_path / "demo", "--seed", 7, "--events")
    results = {event["kind"]: event["path"] for event in events_of(run) if event["event"] == "result" and "path" in event}
    assert {"polygons", "class_raster", "probability_raster", "report"} <= set(results)
    assert len(features_of(results["polygons"])) >= 1
    assert gdal.Open(results["class_raster"]).RasterCount == 1
    assert "<img" in open(results["report"]).read()
    before = files_in(tmp_path / "demo")
    refused(tmp_path / "demo", 2, ["--overwrite"], "demo", "-o", tmp_path / "demo")
    assert files_in(tmp_path / "demo") == before
