"""Fills (`seed`), changes (`change`) or reads (`observe`) one service after another, each by its module in `services/`.

Prints JSON. `seed` and `change` print per service the steps that did not work and why; `observe` prints per service what is there. Everything
is named by what people chose: an id that the emulator invents never stands in a reading.
"""

import importlib
import json
import pathlib
import re
import sys
import traceback

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from common import arguments

FOLDER = pathlib.Path(__file__).parent / "services"
EAST = "us-east-1"
FAILURES = (ClientError, BotoCoreError, ResponseParserError)
# Answers that mean "this part is not set".
ABSENT = re.compile(r"NotFound|NoSuch|does not exist|not found")


class Nothing(dict):
    """The answer of a call that did not work: whatever is looked up in it is nothing, too."""

    def __missing__(self, _):
        return self

    def __hash__(self):
        return 0

    def __str__(self):
        return "<nothing>"

    __format__ = object.__format__


NOTHING = Nothing()


def needs_nothing(value):
    """Whether arguments hold what another call did not give."""
    if isinstance(value, Nothing):
        return True
    if isinstance(value, str):
        return str(NOTHING) in value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return any(map(needs_nothing, inner))


class Tolerant:
    """A boto3 client whose failing calls are told instead of raised: one missing operation hides no other."""

    def __init__(self, aws, client):
        self.aws, self.raw = aws, client

    def __getattr__(self, name):
        function = getattr(self.raw, name)

        def call(**arguments_of_call):
            return self.aws.step(name, function, **arguments_of_call)

        call.raw, call.__name__ = function, name
        return call


class Aws:
    """What a service's module gets: clients, and calls whose failure is told instead of ending the run."""

    def __init__(self, target):
        self.target, self.account, self.outcomes = target, target.account, {}

    def client(self, service, region=EAST):
        """A boto3 client."""
        return Tolerant(self, self.target.client(service, region))

    def arn(self, service, rest, region=EAST):
        """An ARN in this account."""
        return f"arn:aws:{service}:{region}:{self.account}:{rest}"

    def failed(self, name, error):
        """Keeps why a call did not work."""
        self.outcomes[name] = " ".join(str(error).split())[:300]

    def step(self, name, function, /, **arguments_of_call):
        """A call's answer; nothing where it fails, which the outcomes tell, and where it needs what failed before."""
        if needs_nothing(arguments_of_call):
            return NOTHING
        try:
            return getattr(function, "raw", function)(**arguments_of_call)
        except FAILURES as error:
            self.failed(name, error)
            return NOTHING

    def get(self, function, pick=None, /, **arguments_of_call):
        """A call's answer, or one member of it; None where that part is not set or cannot be read."""
        if needs_nothing(arguments_of_call):
            return None
        try:
            answer = function.raw(**arguments_of_call)
        except FAILURES as error:
            if not ABSENT.search(str(error)):
                self.failed(function.__name__, error)
            return None
        answer.pop("ResponseMetadata", None)
        return answer.get(pick) if pick else answer

    def all(self, client, operation, items, /, **arguments_of_call):
        """All entries of a list operation."""
        found = []
        try:
            pages = client.raw.get_paginator(operation).paginate(**arguments_of_call) \
                if client.raw.can_paginate(operation) else [getattr(client.raw, operation)(**arguments_of_call)]
            for page in pages:
                found.extend(page.get(items) or [])
        except FAILURES as error:
            self.failed(operation, error)
        return found


def tags(entries, key="Key", value="Value"):
    """A list of tags as an object."""
    return {entry[key]: entry[value] for entry in entries or []}


def keep(value, *members):
    """Of an object the members that are there and not empty."""
    return {name: value[name] for name in members if value.get(name) not in (None, "", [], {})}


def one(entries, **members):
    """The entry with these members; nothing where there is none."""
    return next((entry for entry in entries if all(entry.get(name) == value for name, value in members.items())), NOTHING)


def run(verb, service, aws):
    """One module's part."""
    aws.outcomes = {}
    try:
        reading = getattr(importlib.import_module(service), verb)(aws)
    except Exception:  # One service's fault must not hide the others'.
        reading = None
        aws.outcomes["fault"] = traceback.format_exc(limit=-2)
    return aws.outcomes if verb != "observe" else {"reading": reading, "outcomes": aws.outcomes}


def main():
    sys.modules["services"] = sys.modules["__main__"]  # `from services import tags` in the modules.
    sys.path.insert(0, str(FOLDER))
    given, target = arguments(__doc__.splitlines()[0], lambda parser: (
        parser.add_argument("verb", choices=["seed", "change", "observe"]), parser.add_argument("services", nargs="*")))
    names = given.services or sorted(path.stem for path in FOLDER.glob("*.py"))
    aws = Aws(target)
    print(json.dumps({name: run(given.verb, name, aws) for name in names}, default=str, sort_keys=True))


if __name__ == "__main__":
    main()
