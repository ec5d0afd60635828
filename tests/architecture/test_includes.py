# SPDX-License-Identifier: Apache-2.0
"""Reads every #include line and fails on an arrow between rooms that the design does not draw."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ["geo", "nn", "datasets", "pipelines"]
# what each room may include: own rooms by their first folder, foreign libraries by pattern
OURS = {
    "geo": {"geo"},
    "nn": {"nn"},
    "datasets": {"datasets", "geo"},
    "pipelines/vector": {"pipelines/vector", "geo"},
    "pipelines": {"pipelines", "pipelines/vector", "datasets", "geo", "nn"},
    "pipelines/cli": {"pipelines/cli", "pipelines", "pipelines/vector", "datasets", "geo", "nn"},
}
TORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")
GDAL = re.compile(r"^(gdal|ogr|cpl)[a-z_0-9]*\.h$")
PROJ = re.compile(r"^(proj|geodesic)\.h$")
OPENCV = re.compile(r"^opencv2/")
CUDA = re.compile(r"^(cuda|nccl)")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def sources():
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in {".h", ".cpp", ".cu"}:
                yield path


def room_of(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] == "pipelines" and parts[1] in {"vector", "cli"}:
        return "pipelines/" + parts[1]
    return parts[0]


def included_room(name):
    parts = name.split("/")
    if parts[0] == "pipelines" and len(parts) > 2 and parts[1] in {"vector", "cli"}:
        return "pipelines/" + parts[1]
    return parts[0] if parts[0] in ROOMS else None


def includes():
    for path in sources():
        for kind, name in INCLUDE.findall(path.read_text()):
            yield path.relative_to(ROOT), room_of(path), kind, name


# the folders of pipelines/, each above those before it; what lies beside them is below all but `demo`
FLOORS = ["pages", "runs", "evaluation", "mapping", "training", "pretraining", "comparison"]


def floor_of(parts):
    if len(parts) < 3:
        return len(FLOORS) if parts[1].startswith("demo.") else -1
    return FLOORS.index(parts[1])


def test_folders_of_pipelines_include_only_those_below_them():
    wrong = []
    for path, room, _, name in includes():
        if room == "pipelines" and included_room(name) == "pipelines" and floor_of(tuple(name.split("/"))) > floor_of(path.parts):
            wrong.append(f"{path}: {name}")
    assert not wrong, "\n".join(wrong)


def test_there_is_something_to_read():
    assert len(list(sources())) > 40


def test_rooms_include_only_the_rooms_below_them():
    wrong = [f"{path}: {name}" for path, room, _, name in includes()
             if included_room(name) and included_room(name) not in OURS[room]]
    assert not wrong, "\n".join(wrong)


def test_own_headers_are_named_from_the_root():
    wrong = [f"{path}: {name}" for path, _, kind, name in includes() if kind == '"' and included_room(name) is None]
    assert not wrong, "\n".join(wrong)


def test_only_nn_sees_torch_and_its_public_headers_do_not():
    wrong = []
    for path, room, _, name in includes():
        public_header = room == "nn" and path.suffix == ".h" and len(path.parts) == 2
        if (TORCH.match(name) or CUDA.match(name)) and (room != "nn" or public_header):
            wrong.append(f"{path}: {name}")
        if room != "nn" and name.startswith("nn/") and name.count("/") > 1:
            wrong.append(f"{path}: {name} is not a public header of nn")
        if public_header and name.startswith("nn/") and name.count("/") > 1:
            wrong.append(f"{path}: {name} leads a public header to an internal one")
    assert not wrong, "\n".join(wrong)


def test_gdal_and_proj_stay_in_files_named_after_them():
    allowed = re.compile(r"(_gdal|_ogr|_proj|_gdal_\w+)\.(cpp|h)$")
    wrong = [f"{path}: {name}" for path, _, _, name in includes()
             if (GDAL.match(name) or PROJ.match(name)) and not allowed.search(path.name)]
    assert not wrong, "\n".join(wrong)


def test_opencv_is_for_geo_and_datasets():
    wrong = [f"{path}: {name}" for path, room, _, name in includes()
             if OPENCV.match(name) and room not in {"geo", "datasets"}]
    assert not wrong, "\n".join(wrong)


def test_every_file_names_its_licence():
    missing = [str(p.relative_to(ROOT)) for p in sources() if "SPDX-License-Identifier: Apache-2.0" not in p.read_text()[:200]]
    assert not missing, "\n".join(missing)
