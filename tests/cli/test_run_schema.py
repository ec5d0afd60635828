# SPDX-License-Identifier: Apache-2.0
"""The JSON schema of run files that scarp train --schema prints: it fits what fits, and finds what does not."""
import json

import pytest
import yaml
from conftest import ROOT, scarp
from schema import faults


@pytest.fixture(scope="module")
def schema():
    return json.loads(scarp("train", "--schema").stdout)


@pytest.mark.parametrize("path", sorted((ROOT / "pipelines" / "models").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_run_files_of_the_shipped_models_fit(schema, path):
    assert faults(yaml.safe_load(path.read_text()), schema) == []


def test_all_defaults_fit(schema):
    def defaults(section):
        return {key: defaults(said) if "properties" in said else said["default"] for key, said in section["properties"].items()}
    assert faults(defaults(schema), schema) == []


@pytest.mark.parametrize("text, said", [
    ("{}", "lacks scenes"), ("{scenes: [], trainig: {}}", "unknown trainig"), ("{scenes: [], training: {epoch: 3}}", "unknown epoch"),
    ("{scenes: [], training: {epochs: many}}", "$.training.epochs is no integer"),
    ("{scenes: [], network: {encoder: vgg}}", "is none of"), ("{scenes: [], bands: [1]}", "$.bands[0] is no string")])
def test_what_is_wrong_is_found(schema, text, said):
    assert any(said in fault for fault in faults(yaml.safe_load(text), schema))
