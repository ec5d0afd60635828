# SPDX-License-Identifier: Apache-2.0
"""What the program says of itself: help, version, usage, completion; and how it takes what is misspelt."""
import json
import os
import subprocess

import pytest
from conftest import BUILD, PROGRAM, refused, scarp

VERBS = ["detect", "train", "pretrain", "embed", "probe", "ablate", "calibrate", "folds", "evaluate", "inspect", "terrain", "polygonize",
         "synth", "model", "demo", "doctor"]


def arguments_of(usage, verb):
    entry = next(each for each in usage["verbs"] if each["name"] == verb)
    return {argument["name"]: argument for argument in entry["arguments"]}


@pytest.fixture(scope="module")
def usage():
    return json.loads(scarp("--json-usage").stdout)


def test_version_is_one_line():
    assert scarp("--version").stdout.split()[0] == "scarp"
    assert len(scarp("--version").stdout.splitlines()) == 1


def test_the_handshake_names_protocol_verbs_devices_and_versions():
    told = json.loads(scarp("--version", "--json").stdout)
    assert told["name"] == "scarp" and told["protocol"] == 1
    assert told["verbs"] == VERBS
    assert told["devices"][0]["name"] == "cpu"
    assert set(told["versions"]) >= {"scarp", "gdal", "proj", "torch"}
    assert told["versions"]["scarp"] == told["version"]
    assert told["versions"]["gdal"].startswith("3.")


def test_help_lists_every_verb_and_the_exit_codes():
    text = scarp("--help").stdout
    for verb in VERBS:
        assert f"\n  {verb} " in text
    for code in ("  0  ", "  2  ", "  3  ", "  4  ", "  5  ", "  130"):
        assert f"\n{code}" in text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_the_common_options(verb, usage):
    text = scarp(verb, "--help").stdout
    assert text.startswith(("Map", "Train", "Compare", "Fit", "Deal", "Score", "Tell", "Derive", "Make", "Pretrain", "Write", "Measure"))
    if verb != "model":
        assert "--events" in text and "--config" in text
        assert {"quiet", "events", "config", "cancel-on-stdin-close"} <= set(arguments_of(usage, verb))


def test_without_arguments_the_help_goes_to_stderr():
    run = scarp(code=2)
    assert run.stdout == "" and "detect" in run.stderr


def test_usage_tells_name_flags_type_default_and_choices(usage):
    detect = arguments_of(usage, "detect")
    assert detect["optical"] | {"help": ""} == {
        "name": "optical", "flags": [], "positional": True, "type": "RASTER", "required": True, "repeatable": False,
        "values": 1, "default": None, "group": "Options", "help": ""}
    assert not detect["dem"]["required"]
    assert detect["model"]["flags"] == ["-m", "--model"] and detect["model"]["type"] == "MODEL"
    assert detect["precision"]["choices"] == ["fp32", "bf16"] and detect["precision"]["default"] == "fp32"
    assert detect["dem-gaps"]["choices"] == ["fill", "mask"] and detect["dem-gaps"]["default"] == "fill"
    assert detect["bbox"]["values"] == 4 and not detect["bbox"]["repeatable"]
    assert detect["band"]["repeatable"] and detect["band"]["default"] is None
    assert (detect["batch"]["minimum"], detect["batch"]["maximum"], detect["batch"]["default"]) == (1, 256, 1)
    assert detect["overwrite"]["type"] == "SWITCH" and detect["overwrite"]["default"] is False
    assert detect["output"]["type"] == "NEW_VECTOR"


def test_usage_holds_sub_verbs(usage):
    model = next(each for each in usage["verbs"] if each["name"] == "model")
    assert [each["name"] for each in model["verbs"]] == ["info", "convert", "verify"]
    assert [each["name"] for each in model["verbs"][0]["arguments"]][:2] == ["model", "json"]


def test_every_argument_says_what_it_is(usage):
    for verb in usage["verbs"]:
        for argument in verb["arguments"]:
            assert argument["help"] and argument["type"], (verb["name"], argument)


def test_completion_offers_verbs_flags_and_choices():
    script = scarp("--completion", "bash").stdout

    def complete(*words):
        line = script + f"\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; [[ ${{COMP_WORDS[-1]}} == _ ]] && COMP_WORDS[-1]=''; _scarp; echo ${{COMPREPLY[@]}}"
        return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True).stdout.split()

    assert complete("scarp", "de") == ["detect", "demo"]
    assert complete("scarp", "detect", "--prec") == ["--precision"]
    assert complete("scarp", "detect", "--precision", "_") == ["fp32", "bf16"]
    assert "--channels" in complete("scarp", "terrain", "--c")


def test_misspelt_option_names_the_right_one(tmp_path):
    refused(tmp_path, 2, ["there is no option --overwite", "did you mean --overwrite?"],
            "terrain", "dem.tif", "-o", tmp_path / "t.tif", "--channels", "slope", "--overwite")


def test_misspelt_verb_names_the_right_one(tmp_path):
    refused(tmp_path, 2, ["'detct'", "did you mean detect?"], "detct", "a.tif")


def test_an_unlike_verb_is_not_guessed(tmp_path):
    assert "did you mean" not in refused(tmp_path, 2, ["'xyzzy'", "; verbs: detect"], "xyzzy")


def test_missing_argument_is_named(tmp_path):
    refused(tmp_path, 2, ["dem", "required"], "terrain", "-o", tmp_path / "t.tif", "--channels", "slope")


def test_surplus_argument_is_named(tmp_path):
    refused(tmp_path, 2, ["'c.tif'", "too many"], "inspect", "a.tif", "b.tif", "c.tif")


@pytest.mark.parametrize("option, value, words", [
    ("--dem-gaps", "drop", ["--dem-gaps", "'drop'", "fill, mask"]),
    ("--batch", "0", ["--batch", "'0'", "from 1 to 256"]),
    ("--batch", "many", ["--batch", "'many'"]),
    ("--min-area", "nan", ["--min-area", "'nan'"]),
    ("--config", "GDAL_CACHEMAX", ["--config", "KEY=VALUE"]),
    ("--co", "=x", ["KEY=VALUE"]),
    ("--bbox", "1,2,3", ["--bbox", "4"]),
])
def test_a_value_out_of_range_is_named_with_what_it_may_be(tmp_path, option, value, words):
    refused(tmp_path, 2, words, "detect", "a.tif", "-o", tmp_path / "s.gpkg", option, value)


def test_options_may_stand_anywhere_and_lists_never_swallow_positionals(tmp_path):
    refused(tmp_path, 3, ["absent.tif"], "detect", "-b", 1, "-b", "2,3", "--co", "A=1", "absent.tif",
            "-o", tmp_path / "s.gpkg")


def test_the_older_spelling_of_of_is_no_output_named_f(tmp_path):
    refused(tmp_path, 3, ["absent.tif"], "terrain", "absent.tif", "-of", "COG", "-co", "COMPRESS=LZW",
            "-o", tmp_path / "t.tif", "--channels", "slope", cwd=tmp_path)


def test_negative_coordinates_are_no_options(tmp_path):
    refused(tmp_path, 3, ["absent.tif"], "detect", "absent.tif", "--bbox", "-10", "-2.5", "-.5", "20",
            "-o", tmp_path / "s.gpkg")


def test_an_answer_that_cannot_be_written_is_an_error():
    with open("/dev/full", "w") as full:
        run = subprocess.run([PROGRAM, "doctor"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 4 and "standard output" in run.stderr


def test_the_models_lie_beside_the_program():
    assert os.path.isdir(BUILD / "share" / "scarp" / "models")
