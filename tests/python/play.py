"""Plays step files of the demo (assets/demo) by boto3: see src/ops/demo/steps.rs for what a step may hold."""

import base64
import io
import json
import pathlib
import re
import sys
import time
import zipfile

from common import arguments

ASSETS = pathlib.Path(__file__).parents[2] / "assets" / "demo"
PATIENCE = 60


def pointer(value, path):
    for part in path.split("/")[1:]:
        value = value[part]
    return value


def filled(value, kept):
    """The input with everything in place."""
    if isinstance(value, dict) and "$zip" in value:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, file in value["$zip"].items():
                archive.writestr(zipfile.ZipInfo(name), (ASSETS / file).read_text())
        return buffer.getvalue()
    if isinstance(value, dict):
        return {name: base64.b64decode(inner) if name == "Body" else filled(inner, kept) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, kept) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda match: kept[match[1]], value)
    return value


def play(target, file):
    kept = {}
    for step in json.loads((ASSETS / file).read_text()):
        client = target.client(step["service"], step["region"])
        call = getattr(client, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", step["operation"]).lower())
        begun = time.monotonic()
        while True:
            output = call(**filled(step["input"], kept))
            if all(pointer(output, path) == wanted for path, wanted in step.get("until", {}).items()):
                break
            if time.monotonic() - begun > PATIENCE:
                sys.exit(f"{file}: {step['operation']} did not come to {step['until']}: {output}")
            time.sleep(0.2)
        kept |= {name: pointer(output, path) for name, path in step.get("keep", {}).items()}


if __name__ == "__main__":
    given, target = arguments(__doc__.splitlines()[0], lambda parser: parser.add_argument("files", nargs="+"))
    for file in given.files:
        play(target, file)
