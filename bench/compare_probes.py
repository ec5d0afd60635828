# SPDX-License-Identifier: Apache-2.0
"""Tables of what pretraining is worth, from the JSON files of `scarp probe`.

    python bench/compare_probes.py docs/evidence/pretraining --reference mae

Files are named METHOD-SEED.json. The first table holds the mean over seeds (and the smallest and largest) of every
method; the second the difference of each method to the reference, paired by seed, and by draw where there are several:
a seed's difference is the mean over its draws, and the 95 % interval is Student's t over the seeds.
"""
import argparse
import collections
import json
import math
import pathlib
import statistics

STUDENT_T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}  # 97.5 %, by count


def key_of(row):
    labels = row["labels_a_class"]
    return row["protocol"] if labels == "all" else f"{labels} label{'' if labels == 1 else 's'} a class"


def read(folder):
    """{method: {seed: {key: [accuracy of a draw, ...]}}}; baselines are methods of their own, of every seed that has them."""
    found = collections.defaultdict(lambda: collections.defaultdict(dict))
    for path in sorted(pathlib.Path(folder).glob("*-[0-9]*.json")):
        method, seed = path.stem.rsplit("-", 1)
        for row in json.loads(path.read_text())["rows"]:
            name = method if row["features"] == "pretrained" else row["features"]
            found[name][int(seed)][key_of(row)] = row["draws"]
    return found


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def level(values):
    text = f"{100 * statistics.mean(values):.1f}"
    return text if len(values) == 1 else f"{text} ({100 * min(values):.1f} to {100 * max(values):.1f})"


def difference(own, reference, key):
    seeds = sorted(set(own) & set(reference))
    pairs = [statistics.mean(a - b for a, b in zip(own[s][key], reference[s][key], strict=True)) for s in seeds]
    mean = statistics.mean(pairs)
    if len(pairs) < 2:
        return f"{100 * mean:+.1f}"
    half = STUDENT_T[len(pairs)] * statistics.stdev(pairs) / math.sqrt(len(pairs))
    return f"{100 * mean:+.1f} ({100 * (mean - half):+.1f} to {100 * (mean + half):+.1f})"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder")
    arguments.add_argument("--reference", default="mae")
    options = arguments.parse_args()
    found = read(options.folder)
    keys = list(next(iter(found[options.reference].values())))
    rows = [[name, str(len(seeds))] + [level([statistics.mean(s[k]) for s in seeds.values()]) for k in keys]
            for name, seeds in found.items()]
    print(table(["features", "seeds"] + keys, rows), end="\n\n")
    others = [name for name in found if name != options.reference]
    rows = [[f"{name} less {options.reference}"] + [difference(found[name], found[options.reference], k) for k in keys]
            for name in others]
    print(table(["difference"] + keys, rows))


if __name__ == "__main__":
    main()
