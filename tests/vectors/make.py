#!/usr/bin/env python3
"""Writes requests.json and responses.json beside this file: what botocore makes of the cases in cases.py.

    python3 -m venv venv && venv/bin/pip install botocore && venv/bin/python tests/vectors/make.py

A whole botocore client runs, its customisations included, against a transport that keeps the request and gives a
canned answer. `tests/aws_vectors.rs` then wants the same of podex.
"""

import base64
import datetime
import io
import json
import math
import pathlib
import re
import urllib.parse
import xml.parsers.expat

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

import cases

HERE = pathlib.Path(__file__).resolve().parent
ENDPOINT = "http://127.0.0.1:4566"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# What an SDK adds for itself, and what depends on the checksum it prefers: no part of the protocol.
NOT_COMPARED = re.compile(
    r"user-agent|amz-sdk-.*|x-amz-user-agent|content-length|content-md5|x-amz-checksum-crc32|x-amz-sdk-checksum-algorithm|"
    r"expect|accept|x-amz-glacier-version|x-amz-content-sha256|x-amz-sha256-tree-hash|x-amzn-trace-id|transfer-encoding|"
    r"x-amz-trailer|x-amz-date|authorization")


class Captured(Exception):
    """The request is known; no answer is needed."""


def session():
    result = botocore.session.Session()
    loader = result.get_component("data_loader")
    load = loader.load_service_model

    def without_cbor(service, type_name, *args, **kwargs):
        model = load(service, type_name, *args, **kwargs)
        if type_name == "service-2":
            model = json.loads(json.dumps(model))
            metadata = model["metadata"]
            metadata["protocols"] = [name for name in metadata["protocols"] if name != "smithy-rpc-v2-cbor"]
            metadata["protocol"] = metadata["protocols"][0]
        return model

    loader.load_service_model = without_cbor
    return result


SESSION = session()
CLIENTS = {}


def client(service):
    if service not in CLIENTS:
        CLIENTS[service] = SESSION.create_client(
            service, region_name="us-east-1", endpoint_url=ENDPOINT, aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}, inject_host_prefix=False,
                          request_checksum_calculation="when_required", response_checksum_validation="when_required",
                          s3={"addressing_style": "path"}))
    return CLIENTS[service]


def to_python(shape, value):
    """Our JSON as botocore takes it."""
    kind = shape.type_name
    if kind == "structure" and not shape.is_document_type:
        return {name: to_python(shape.members[name], item) for name, item in value.items()}
    if kind == "list":
        return [to_python(shape.member, item) for item in value]
    if kind == "map":
        return {name: to_python(shape.value, item) for name, item in value.items()}
    if kind == "blob":
        return base64.b64decode(value)
    if kind == "timestamp":
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if kind in ("float", "double") and isinstance(value, str):
        return float(value)
    return value


def to_json(value):
    """What botocore gives as our JSON."""
    if isinstance(value, dict):
        return {name: to_json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, StreamingBody):
        return to_json(value.read())
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        text = value.isoformat()
        return (text.rstrip("0") if "." in text else text) + "Z"
    return value


def xml_tree(text):
    """Elements with names and attributes as written. Order does not count between elements of different names."""
    stack = [{"children": []}]

    def start(name, attributes):
        stack.append({"name": name, "attributes": attributes, "text": "", "children": []})

    def end(_):
        element = stack.pop()
        element["children"].sort(key=lambda child: child["name"])
        stack[-1]["children"].append(element)

    def data(text):
        stack[-1]["text"] += text

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    parser.Parse(text, True)
    return stack[0]["children"][0]


def body_value(request):
    """A body by value."""
    body = request.body
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    if not body:
        return {"none": True}
    kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    kind = kind.decode() if isinstance(kind, bytes) else kind
    if "urlencoded" in kind:
        return {"form": sorted(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))}
    if body.startswith(b"<"):
        return {"xml": xml_tree(body)}
    if "json" in kind:
        return {"json": json.loads(body)}
    return {"bytes": base64.b64encode(body).decode()}


def request_vector(service, operation, params):
    caller, kept = client(service), []

    def keep(request, **_):
        kept.append(request)
        raise Captured

    event = f"before-send.{caller.meta.service_model.service_id.hyphenize()}.{operation}"
    caller.meta.events.register_first(event, keep)
    try:
        shape = caller.meta.service_model.operation_model(operation).input_shape
        call(caller, operation, to_python(shape, params) if shape else {})
    except Captured:
        pass
    finally:
        caller.meta.events.unregister(event, keep)
    request = kept[0]
    url = urllib.parse.urlsplit(request.url)
    headers = {}
    for name, value in request.headers.items():
        if not NOT_COMPARED.fullmatch(name.lower()):
            headers[name.lower()] = value.decode() if isinstance(value, bytes) else str(value)
    body = body_value(request)
    tokens = UUID.findall(json.dumps(body))
    return {
        "service": service, "operation": operation, "input": params, "method": request.method, "path": url.path,
        "query": sorted(urllib.parse.parse_qsl(url.query, keep_blank_values=True)), "headers": headers,
        "body": json.loads(UUID.sub("<uuid>", json.dumps(body))), "tokens": len(tokens),
    }


def call(caller, operation, params):
    method = next(name for name, api in caller.meta.method_to_api_mapping.items() if api == operation)
    return getattr(caller, method)(**params)


class Raw(io.BytesIO):
    """What urllib3 would give: a body that can be read or streamed."""

    def stream(self, *_args, **_kwargs):
        data = self.read()
        while data:
            yield data
            data = self.read()


def response_vector(service, operation, params, status, headers, body):
    caller = client(service)
    content = body.encode() if isinstance(body, str) else body

    def answer(request, **_):
        return AWSResponse(request.url, status, botocore.awsrequest.HeadersDict(headers), Raw(content))

    event = f"before-send.{caller.meta.service_model.service_id.hyphenize()}.{operation}"
    caller.meta.events.register_first(event, answer)
    vector = {"service": service, "operation": operation, "status": status, "headers": headers,
              "body": base64.b64encode(content).decode()}
    try:
        shape = caller.meta.service_model.operation_model(operation).input_shape
        output = call(caller, operation, to_python(shape, params) if shape else {})
        output.pop("ResponseMetadata", None)
        vector["output"] = to_json(output)
    except ClientError as error:
        details = error.response.get("Error", {})
        code = details.get("Code")
        # Where there is no code, botocore puts the status there, and the status's name or the body in the message.
        invented = code is None or str(code).isdigit() or code == "Unknown"
        vector["error"] = {"code": None if invented else code, "message": None if invented else details.get("Message") or None}
    finally:
        caller.meta.events.unregister(event, answer)
    return vector


def write(name, vectors):
    lines = ",\n".join(json.dumps(vector, ensure_ascii=False, sort_keys=True) for vector in vectors)
    (HERE / name).write_text(f"[\n{lines}\n]\n")
    print(f"{name}: {len(vectors)}")


def main():
    write("requests.json", [request_vector(*case) for case in cases.REQUESTS])
    write("responses.json", [response_vector(*case) for case in cases.RESPONSES])


if __name__ == "__main__":
    main()
