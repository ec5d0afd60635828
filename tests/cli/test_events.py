# SPDX-License-Identifier: Apache-2.0
"""--events against events.schema.json, and all the ways to cancel."""
import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
import schema
from conftest import MODEL, PROGRAM, ROOT, events_of, files_in, scarp, write_raster
from osgeo import gdal

SCHEMA = json.loads((ROOT / "pipelines" / "cli" / "events.schema.json").read_text())


def test_the_validator_finds_what_is_wrong():
    assert not schema.faults({"event": "stage", "name": "mapping"}, SCHEMA)
    assert schema.faults({"event": "stage"}, SCHEMA)
    assert schema.faults({"event": "stage", "name": 1}, SCHEMA)
    assert schema.faults({"event": "stage", "name": "a", "more": 1}, SCHEMA)
    assert schema.faults({"event": "progress", "stage": "a", "fraction": 1.5, "detail": ""}, SCHEMA)
    assert schema.faults({"event": "unheard of"}, SCHEMA)


def valid_events(run, verb):
    events = events_of(run)
    for event in events:
        assert not schema.faults(event, SCHEMA), schema.faults(event, SCHEMA)
    assert events[0]["event"] == "hello" and events[0]["verb"] == verb and events[0]["protocol"] == 1
    return events


def results(events):
    return {event["kind"]: event["path"] for event in events if event["event"] == "result" and "path" in event}


def test_synth_tells_its_files(tmp_path):
    events = valid_events(scarp("synth", "-o", tmp_path, "--size", 128, "--events"), "synth")
    assert set(results(events)) == {"optical", "dem", "labels"}
    assert all(os.path.exists(path) for path in results(events).values())
    assert {"event": "metric", "name": "landslides"}.items() <= [e for e in events if e["event"] == "metric"][0].items()


def test_terrain_tells_stage_and_result(scene, tmp_path):
    run = scarp("terrain", scene / "dem.tif", "-o", tmp_path / "t.tif", "--channels", "slope", "--events")
    events = valid_events(run, "terrain")
    assert {"event": "stage", "name": "terrain"} in events
    assert events[-1] == {"event": "result", "kind": "terrain", "path": str(tmp_path / "t.tif")}


def test_detect_tells_device_stages_results_and_a_summary(scene, tmp_path):
    run = scarp("detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL, "-o", tmp_path / "s.gpkg",
                "--class-raster", tmp_path / "c.tif", "--device", "cpu", "--events")
    events = valid_events(run, "detect")
    assert events[0]["device"] == "cpu"
    assert results(events) == {"polygons": str(tmp_path / "s.gpkg"), "class_raster": str(tmp_path / "c.tif")}
    assert events[-1]["kind"] == "summary" and events[-1]["data"]["pixels"] == 256 * 256


@pytest.mark.parametrize("arguments, key", [(["doctor"], "drivers"), (["inspect", "{scene}/hrsi.tif"], "optical"),
                                            (["model", "info", MODEL], "classes")])
def test_an_answer_comes_as_an_event(scene, arguments, key):
    run = scarp(*[argument.format(scene=scene) for argument in arguments], "--events")
    events = valid_events(run, arguments[0])
    assert events[-1]["kind"] == "answer" and key in events[-1]["data"]


def test_an_error_is_an_event_and_a_sentence(tmp_path):
    run = scarp("terrain", tmp_path / "absent.tif", "-o", tmp_path / "t.tif", "--channels", "slope", "--events", code=3)
    last = valid_events(run, "terrain")[-1]
    assert last["event"] == "error" and last["exit_code"] == 3 and "absent.tif" in last["text"]
    assert last["text"] in run.stderr


def test_a_name_that_is_no_utf8_still_gives_strict_json(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff\x01\".tif"
    run = subprocess.run([PROGRAM, "terrain", name, "-o", tmp_path / "t.tif", "--channels", "slope", "--events"], capture_output=True)
    assert run.returncode == 3
    for line in run.stdout.decode("utf-8").splitlines():
        assert not schema.faults(json.loads(line), SCHEMA)


def test_progress_is_limited_to_ten_a_second(tmp_path):
    dem = write_raster(tmp_path / "dem.tif", np.ones((20000, 300), np.float32))
    begin = time.monotonic()
    run = scarp("terrain", dem, "-o", tmp_path / "t.tif", "--channels", "slope", "--events")
    most = 10 * (time.monotonic() - begin) + 1
    progress = [event for event in valid_events(run, "terrain") if event["event"] == "progress"]
    assert 1 <= len(progress) <= most
    assert [event["fraction"] for event in progress] == sorted(event["fraction"] for event in progress)


def test_quiet_says_nothing_and_a_pipe_gets_no_bar(scene, tmp_path):
    terrain = ["terrain", scene / "dem.tif", "-o", tmp_path / "t.tif", "--channels", "slope", "--overwrite"]
    assert scarp(*terrain, "-q").stderr == ""
    spoken = scarp(*terrain).stderr
    assert spoken == f"terrain\nterrain: {tmp_path / 't.tif'}\n"


def test_a_terminal_gets_a_bar(scene, tmp_path):
    ours, theirs = os.openpty()
    run = subprocess.run([PROGRAM, "terrain", scene / "dem.tif", "-o", tmp_path / "t.tif", "--channels", "slope"], stderr=theirs)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    assert run.returncode == 0 and "terrain          [" in shown and "%" in shown


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """A DEM that takes minutes: 60000 x 60000 pixels seen through a VRT."""
    folder = tmp_path_factory.mktemp("endless")
    small = write_raster(folder / "small.tif", np.random.default_rng(1).random((600, 600), np.float32), pixel=1000.0)
    gdal.Translate(str(folder / "dem.vrt"), str(small), format="VRT", width=60000, height=60000)
    return folder / "dem.vrt"


def started(endless, folder, *options):
    """The program, at work: its first word on progress has come."""
    run = subprocess.Popen([PROGRAM, "terrain", endless, "-o", folder / "t.tif", "--channels", "slope", "--events", "-j", "1", *options],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while json.loads(run.stdout.readline())["event"] != "progress":
        pass
    assert files_in(folder) not in ([], ["t.tif"])
    return run


def ended(run, folder, words, stdout_closed=False):
    said = run.stderr.read()
    last = None if stdout_closed else json.loads(run.stdout.read().splitlines()[-1])
    assert run.wait(60) == 130, said
    assert "cancelling: " + words in said.splitlines()[0]
    assert said.splitlines()[-1].startswith("scarp terrain: cancelled")
    assert last is None or (last["event"], last["exit_code"]) == ("error", 130)
    assert files_in(folder) == []


@pytest.mark.parametrize("number, name", [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT"), (signal.SIGHUP, "SIGHUP")])
def test_a_signal_cancels_and_leaves_nothing(endless, tmp_path, number, name):
    run = started(endless, tmp_path)
    run.send_signal(number)
    ended(run, tmp_path, name)


def test_a_cancelled_detection_leaves_nothing(scene, tmp_path):
    for name in ("hrsi", "dem"):
        gdal.Translate(str(tmp_path / f"{name}.vrt"), str(scene / f"{name}.tif"), format="VRT", width=20000, height=20000)
    out = tmp_path / "out"
    out.mkdir()
    run = subprocess.Popen([PROGRAM, "detect", tmp_path / "hrsi.vrt", tmp_path / "dem.vrt", "-m", MODEL, "--any-pixel-size", "--events",
                            "-o", out / "s.gpkg", "--class-raster", out / "c.tif"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while json.loads(run.stdout.readline())["event"] != "progress":
        pass
    assert files_in(out)
    run.send_signal(signal.SIGTERM)
    events, said = run.communicate()
    assert run.returncode == 130 and "cancelling: SIGTERM" in said
    assert json.loads(events.splitlines()[-1])["exit_code"] == 130
    assert files_in(out) == []


def test_a_closed_standard_output_cancels(endless, tmp_path):
    run = started(endless, tmp_path)
    run.stdout.close()
    ended(run, tmp_path, "nobody reads standard output", stdout_closed=True)


def test_a_closed_standard_input_cancels_where_asked(endless, tmp_path):
    run = started(endless, tmp_path, "--cancel-on-stdin-close")
    run.stdin.write("words\n")
    run.stdin.close()
    ended(run, tmp_path, "standard input was closed")


def test_a_closed_standard_input_alone_is_nothing(scene, tmp_path):
    scarp("terrain", scene / "dem.tif", "-o", tmp_path / "t.tif", "--channels", "slope", "-q", stdin=subprocess.DEVNULL)
    assert files_in(tmp_path) == ["t.tif"]
