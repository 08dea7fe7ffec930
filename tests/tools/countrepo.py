#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
#
# countrepo.py DIR: the figures of lambdaimg report --all --json, counted from the files of the repository in DIR by
# what lambdaimg-manifest(5) and lambdaimg-repository(5) say. It shares no code and no method with lambdaimg: it holds
# everything in memory, in sets. One root only.
import json
import os
import statistics
import struct
import sys

top = sys.argv[1]
(root,) = os.listdir(os.path.join(top, "roots"))
base = os.path.join(top, "roots", root)


def below(folder):
    for path, _, files in os.walk(folder):
        for file in files:
            if not file.startswith(".tmp"):
                yield os.path.join(path, file)


def names_in(path):
    """The chunks of a manifest, by the table in its clear part."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"LIMGMNFT", path
    (count,) = struct.unpack_from("<I", data, 12)
    return {data[64 + 36 * i + 4 : 64 + 36 * i + 36].hex() for i in range(count)}


size = {os.path.basename(path): os.path.getsize(path) for path in below(os.path.join(base, "chunks"))}
chunks_of, time_of = {}, {}
for path in below(os.path.join(base, "manifests")):
    if not os.path.dirname(path).endswith(".wraps"):
        chunks_of[os.path.basename(path)] = names_in(path)
        time_of[os.path.basename(path)] = os.stat(path).st_mtime_ns
tags = {}
for path in below(os.path.join(top, "images")):
    name = os.path.basename(os.path.dirname(path)).replace("~", "/")
    with open(path, encoding="utf-8") as file:
        tags[name + ":" + os.path.basename(path)] = json.load(file)["manifest"]


def total(names):
    return {"chunks": len(names), "bytes": sum(size.get(name, 0) for name in names)}


def of_name(name):
    return set().union(*(chunks_of[m] for tag, m in tags.items() if tag.rsplit(":", 1)[0] == name))


images = []
for tag in sorted(tags):
    others = set().union(*(chunks_of[m] for other, m in tags.items() if other != tag))
    mine = chunks_of[tags[tag]]
    images.append(
        {
            "reference": tag,
            "readable": True,
            "manifest": tags[tag],
            "pushed": time_of[tags[tag]] // 10**9,
            "all": total(mine),
            "unique": total(mine - others),
            "missing": len(mine - size.keys()),
        }
    )

pushes, seen, parts = [], set(), []
for manifest in sorted(chunks_of, key=lambda m: (time_of[m], m)):
    fresh = chunks_of[manifest] - seen
    seen |= fresh
    pushes.append(
        {
            "manifest": manifest,
            "pushed": time_of[manifest] // 10**9,
            "readable": True,
            "tags": sum(m == manifest for m in tags.values()),
            "all": total(chunks_of[manifest]),
            "new": total(fresh),
        }
    )
    if chunks_of[manifest]:
        parts.append(len(fresh) / len(chunks_of[manifest]))

used = set().union(*(chunks_of[m] for m in tags.values()))
named = set().union(*chunks_of.values())
names = sorted({tag.rsplit(":", 1)[0] for tag in tags})
sharing = []
for i, a in enumerate(names):
    for b in names[i + 1 :]:
        both = of_name(a) & of_name(b)
        if both:
            sharing.append({"names": [a, b], **total(both)})
apart = [total(chunks_of[m]) for m in set(tags.values())]
some = [part for part in parts if part]
everything = sum(os.path.getsize(path) for path in below(base))
figures = {
    "totals": {
        "stored": total(size.keys()),
        "used": total(used & size.keys()),
        "unused": total((named - used) & size.keys()),
        "stray": total(size.keys() - named),
        "apart": {key: sum(one[key] for one in apart) for key in ("chunks", "bytes")},
        "other_bytes": everything - sum(size.values()),
        "missing": len(used - size.keys()),
        "unreadable": 0,
        "spread": {
            "pushes": len(parts),
            "nothing_new": parts.count(0),
            "mean": round(statistics.mean(some), 9) if some else 0,
            "median": round(statistics.median(some), 9) if some else 0,
        },
    },
    "images": images,
    "names": [
        {"name": n, "tags": sum(t.rsplit(":", 1)[0] == n for t in tags), "all": total(of_name(n))} for n in names
    ],
    "sharing": sharing,
    "pushes": pushes,
}
json.dump(figures, sys.stdout, indent=1, sort_keys=True)
print()
