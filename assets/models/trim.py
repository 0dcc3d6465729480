#!/usr/bin/env python3
"""Regenerates the trimmed API models beside this file from the PyPI package botocore.

    python3 -m venv venv && venv/bin/pip install botocore && venv/bin/python assets/models/trim.py

`operations.toml` says which operations are kept. A trimmed model holds those operations, the shapes they reach,
their paginators and the metadata a client needs; no documentation text. `NOTICE` keeps botocore's notice and says
which version the models come from.
"""

import fnmatch
import gzip
import importlib.metadata
import json
import pathlib
import tomllib

import botocore

HERE = pathlib.Path(__file__).resolve().parent
DATA = pathlib.Path(botocore.__file__).parent / "data"

METADATA = ["apiVersion", "awsQueryCompatible", "endpointPrefix", "jsonVersion", "protocol", "protocols", "serviceId",
            "signingName", "targetPrefix", "xmlNamespace"]
OPERATION = ["http", "httpChecksum", "httpChecksumRequired"]
SHAPE = ["type", "required", "flattened", "timestampFormat", "xmlNamespace", "locationName", "payload", "streaming",
         "xmlAttribute", "eventstream", "union", "document", "box", "exception", "sensitive", "wrapper", "jsonvalue", "xmlOrder"]
REFERENCE = ["shape", "location", "locationName", "queryName", "flattened", "xmlAttribute", "xmlNamespace",
             "timestampFormat", "idempotencyToken", "jsonvalue", "streaming", "eventpayload", "hostLabel"]


def only(mapping, keys):
    """The given keys of a mapping, where it has them."""
    return {key: mapping[key] for key in keys if key in mapping}


def load(service, name):
    """A file of the newest API version of a service; an empty object where there is none."""
    folder = max(path for path in (DATA / service).iterdir() if path.is_dir())
    for path, opener in ((folder / f"{name}.json.gz", gzip.open), (folder / f"{name}.json", open)):
        if path.exists():
            with opener(path, "rb") as file:
                return json.load(file)
    return {}


def references(shape):
    """The shape references inside a shape."""
    yield from shape.get("members", {}).values()
    for part in ("member", "key", "value"):
        if part in shape:
            yield shape[part]


def trimmed_shape(shape):
    """A shape without documentation and constraints."""
    result = only(shape, SHAPE)
    if "error" in shape:
        result["error"] = only(shape["error"], ["code", "httpStatusCode"])
    if "members" in shape:
        result["members"] = {name: only(member, REFERENCE) for name, member in shape["members"].items()}
    for part in ("member", "key", "value"):
        if part in shape:
            result[part] = only(shape[part], REFERENCE)
    return result


def trim(service, keep, leave_out):
    """The trimmed model of a service."""
    model = load(service, "service-2")
    paginators = load(service, "paginators-1").get("pagination", {})
    for name, extra in load(service, "paginators-1.sdk-extras").get("merge", {}).get("pagination", {}).items():
        paginators.get(name, {}).update(extra)

    def wanted(name):
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in keep) and not any(
            fnmatch.fnmatchcase(name, pattern) for pattern in leave_out)

    for pattern in keep + leave_out:
        if not fnmatch.filter(model["operations"], pattern):
            raise SystemExit(f"operations.toml: {service}: no operation matches {pattern!r}")

    operations, queue = {}, []
    for name in sorted(filter(wanted, model["operations"])):
        operation = model["operations"][name]
        operations[name] = only(operation, OPERATION)
        operations[name]["http"] = only(operation["http"], ["method", "requestUri"])
        for part in ("input", "output"):
            if part in operation:
                operations[name][part] = only(operation[part], ["shape", "locationName", "xmlNamespace", "resultWrapper"])
        errors = sorted({error["shape"] for error in operation.get("errors", [])})
        if errors:
            operations[name]["errors"] = errors
        queue += [operation[part]["shape"] for part in ("input", "output") if part in operation] + errors

    shapes = {}
    while queue:
        name = queue.pop()
        if name not in shapes:
            shapes[name] = trimmed_shape(model["shapes"][name])
            queue += [reference["shape"] for reference in references(model["shapes"][name])]

    return {
        "metadata": only(model["metadata"], METADATA),
        "operations": operations,
        "pagination": {name: paginators[name] for name in sorted(operations) if name in paginators},
        "shapes": dict(sorted(shapes.items())),
    }


def write(path, model):
    """One operation, paginator or shape a line, so that a new botocore gives a readable difference."""
    def compact(value):
        return json.dumps(value, separators=(",", ":"))
    sections = [f'"metadata":{compact(model["metadata"])}']
    for section in ("operations", "pagination", "shapes"):
        lines = ",\n".join(f"{compact(name)}:{compact(value)}" for name, value in model[section].items())
        sections.append(f'"{section}":{{\n{lines}\n}}')
    path.write_text("{" + ",\n".join(sections) + "}\n")


def main():
    services = tomllib.loads((HERE / "operations.toml").read_text())
    for path in HERE.glob("*.json"):
        path.unlink()
    for service, lists in services.items():
        model = trim(service, lists["keep"], lists.get("except", []))
        path = HERE / f"{service}.json"
        write(path, model)
        print(f'{service}: {len(model["operations"])} operations, {len(model["shapes"])} shapes, {path.stat().st_size} bytes')
    distribution = importlib.metadata.distribution("botocore")
    texts = {file.name: file.locate().read_text() for file in distribution.files if file.name in ("NOTICE", "LICENSE.txt")}
    (HERE / "NOTICE").write_text(
        f"The models in this folder are trimmed from botocore {distribution.version} "
        f"(https://github.com/boto/botocore):\noperations and shapes that podex does not use and all documentation text "
        f"are removed.\n\n{texts['NOTICE'].strip()}\n\n{texts['LICENSE.txt'].strip()}\n")


if __name__ == "__main__":
    main()
