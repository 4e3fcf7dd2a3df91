"""The licence texts of the crates that a binary is made of: their names, versions and licences, and each text once.
And of what is linked from elsewhere, by name and file.

    python3 third_party.py TARGET PACKAGE... [NAME=FILE...] >THIRD-PARTY.txt
"""

import json
import pathlib
import subprocess
import sys


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def packages_in(target, roots):
    """What is linked into the packages named `roots`, for this target: nothing that only builds or tests."""
    tree = ["cargo", "tree", "--locked", "--target", target, "--edges", "normal,no-proc-macro"]
    tree += ["--prefix", "none", "--format", "{p}"]
    for root in roots:
        tree += ["--package", root]
    # bitflags v2.9.0
    linked = {tuple(line.split()[:2]) for line in output_of(*tree).splitlines() if line}
    metadata = json.loads(output_of("cargo", "metadata", "--locked", "--format-version", "1"))
    packages = [package for package in metadata["packages"] if (package["name"], "v" + package["version"]) in linked]
    # Our own are under the licences beside this file.
    return sorted((one for one in packages if one["source"]), key=lambda one: (one["name"], one["version"]))


def texts_of(package):
    folder = pathlib.Path(package["manifest_path"]).parent
    names = ("licen", "copying", "copyright", "notice", "unlicense")
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name.lower().startswith(names))
    return [file.read_text(errors="replace").strip() for file in files if file.suffix not in (".rs", ".html")]


def main(target, *words):
    roots = [word for word in words if "=" not in word]
    others = [word.split("=", 1) for word in words if "=" in word]
    texts = {}
    print("epshim is linked with Rust's standard library (MIT OR Apache-2.0, https://www.rust-lang.org) and with:\n")
    for package in packages_in(target, roots):
        name = f"{package['name']} {package['version']}"
        print(f"{name} ({package['license'] or 'see its text'})")
        for text in texts_of(package):
            texts.setdefault(" ".join(text.split()), (text, []))[1].append(name)
    for name, file in others:
        print(name)
        texts[name] = (pathlib.Path(file).read_text().strip(), [name])
    # Texts of one licence are of one length, nearly: beside each other they deflate to a third less.
    for text, names in sorted(texts.values(), key=lambda one: len(one[0])):
        print(f"\n{'=' * 78}\n{', '.join(names)}\n{'=' * 78}\n\n{text}")


main(*sys.argv[1:])
