#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# difftrees.py OLD NEW: what differs between two listings of ext4list, in the form of the files of
# `lambdaimg diff --json`, without costs: one line of JSON each, paths and sizes included. Another
# implementation, which reads another program's listings.
import json
import re
import sys


def decode(text):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text)


def listing(name):
    files = {}
    for line in open(name, "rb").read().split(b"\n")[:-1]:
        words = line.split(b" ")
        file = {"type": words[1], "mode": words[2], "owner": words[3], "attributes": set()}
        for word in words[4:]:
            key, value = word.split(b"=", 1)
            if key in (b"size", b"rdev", b"links", b"mtime", b"target", b"sha256", b"same-as"):
                file[key.decode()] = value
            else:
                file["attributes"].add(word)
        path = decode(words[0])
        files[b"/" if path == b"." else b"/" + path.removeprefix(b"./")] = file
        file["first"] = decode(file["same-as"]) if "same-as" in file else path
    return files


def changed(old, new):
    if old["type"] != new["type"]:
        return ["type"]
    pairs = [("contents", "sha256"), ("target", "target"), ("device", "rdev"), ("mode", "mode"),
             ("owner", "owner"), ("time", "mtime"), ("attributes", "attributes")]
    return [word for word, key in pairs if old.get(key) != new.get(key)]


# The other image's file at the last name that both have, by file.
partner = {"old": {}, "new": {}}


def links(old, new):
    if old["type"] == b"d" or old["type"] != new["type"]:
        return []
    apart = old["links"] != new["links"]
    apart |= partner["old"].get(old["first"], new["first"]) != new["first"]
    apart |= partner["new"].get(new["first"], old["first"]) != old["first"]
    partner["old"][old["first"]] = new["first"]
    partner["new"][new["first"]] = old["first"]
    return ["links"] if apart else []


old, new = listing(sys.argv[1]), listing(sys.argv[2])
for path in sorted(old.keys() | new.keys(), key=lambda path: path.strip(b"/").split(b"/")):
    if path not in new or path not in old:
        change, what = ("removed" if path in old else "added"), []
    else:
        change, what = "changed", changed(old[path], new[path]) + links(old[path], new[path])
    if change != "changed" or what:
        file = new.get(path) or old[path]
        size = int(file.get("size", 0)) if file["type"] == b"f" else 0
        print(json.dumps([path.decode("latin-1"), change, what, size]))
