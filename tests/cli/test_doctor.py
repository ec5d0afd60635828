# SPDX-License-Identifier: Apache-2.0
"""scarp doctor: what is here, and what to do about what is not."""
import json
import os

from conftest import MODEL, scarp


def test_the_report_names_versions_devices_drivers_and_models():
    told = json.loads(scarp("doctor", "--json").stdout)
    assert told["versions"]["scarp"] and told["versions"]["gdal"].startswith("3.")
    assert told["devices"][0]["name"] == "cpu"
    assert told["processor"]["threads"] >= 1
    drivers = {driver["name"]: driver for driver in told["drivers"]}
    assert all(drivers[name]["present"] for name in ("GPKG", "GTiff", "COG", "PNG", "FlatGeobuf"))
    assert MODEL in [model["name"] for model in told["models"]["found"]]
    assert told["ready"] is True


def test_a_driver_that_is_missing_is_told_with_the_remedy_and_the_code_4():
    run = scarp("doctor", code=4, env={**os.environ, "GDAL_SKIP": "GPKG"})
    assert "GPKG            missing" in run.stdout and "install a GDAL" in run.stdout and "not ready" in run.stdout


def test_folders_from_the_environment_are_looked_into(tmp_path):
    told = json.loads(scarp("doctor", "--json", env={**os.environ, "SCARP_MODELS": str(tmp_path / "absent")}).stdout)
    assert {"path": str(tmp_path / "absent"), "present": False} in told["models"]["folders"]


def test_the_text_ends_with_the_verdict():
    lines = scarp("doctor").stdout.splitlines()
    assert lines[0] == "versions" and lines[-1] == "ready"
