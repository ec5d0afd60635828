#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Lines run by the tests, by room, as a Markdown table. summarise_coverage.py BUILD"""
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROOMS = ["geo", "nn", "datasets", "pipelines/vector", "pipelines/cli", "pipelines"]


def room_of(path):
    return next((room for room in ROOMS if str(path).startswith(room + "/")), None)


def lines_of(build):
    """{file: {line: run?}} over all object files; a header's line is run where any of them runs it."""
    lines = collections.defaultdict(dict)
    with tempfile.TemporaryDirectory() as folder:
        notes = [str(path.resolve()) for path in pathlib.Path(build).rglob("*.gcno")]
        for start in range(0, len(notes), 50):
            subprocess.run(["gcov", "--json-format", "--preserve-paths", *notes[start:start + 50]], cwd=folder, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for report in pathlib.Path(folder).glob("*.gcov.json.gz"):
            document = json.loads(gzip.open(report).read())
            for file in document["files"]:
                path = pathlib.Path(document["current_working_directory"], file["file"]).resolve()
                if not path.is_relative_to(ROOT):
                    continue
                for line in file["lines"]:
                    seen = lines[path.relative_to(ROOT)]
                    seen[line["line_number"]] = seen.get(line["line_number"], False) or line["count"] > 0
    return lines


def main():
    total, run = collections.Counter(), collections.Counter()
    for path, lines in lines_of(sys.argv[1]).items():
        room = room_of(path)
        if room:
            total[room] += len(lines)
            run[room] += sum(lines.values())
    print("# Lines that the tests run\n\nMeasured by `make coverage` (gcov), without LibTorch: what needs it is not counted, and the tests of the whole\nprogram, which run pipelines/cli and more of nn and pipelines, need it.\n")
    print("| room | lines | run by tests |\n|---|---|---|")
    for room in ROOMS:
        if total[room]:
            print(f"| {room} | {total[room]} | {100 * run[room] / total[room]:.1f} % |")


if __name__ == "__main__":
    main()
