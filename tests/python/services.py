"""Fills (`seed`) or reads (`observe`) one service after another, each by its module in `services/`. Prints JSON.

`seed` prints per service the steps that did not work and why; `observe` prints per service what is there. Everything
is named by what people chose: an id that the emulator invents never stands in a reading.
"""

import importlib
import json
import pathlib
import re
import sys
import traceback

from botocore.exceptions import BotoCoreError, ClientError
from common import arguments

FOLDER = pathlib.Path(__file__).parent / "services"
EAST = "us-east-1"
# Answers that mean "this part is not set".
ABSENT = re.compile(r"NotFound|NoSuch|does not exist|not found")


class Aws:
    """What a service's module gets: clients, and calls whose failure is told instead of ending the run."""

    def __init__(self, target):
        self.target, self.account, self.outcomes = target, target.account, {}

    def client(self, service, region=EAST):
        """A boto3 client."""
        return self.target.client(service, region)

    def arn(self, service, rest, region=EAST):
        """An ARN in this account."""
        return f"arn:aws:{service}:{region}:{self.account}:{rest}"

    def step(self, name, function, /, **arguments_of_call):
        """A call's answer; {} where it fails, which the outcomes tell."""
        try:
            return function(**arguments_of_call)
        except (ClientError, BotoCoreError) as error:
            self.outcomes[name] = " ".join(str(error).split())[:300]
            return {}

    def get(self, function, pick=None, /, **arguments_of_call):
        """A call's answer, or one member of it; None where that part is not set or cannot be read."""
        try:
            answer = function(**arguments_of_call)
        except (ClientError, BotoCoreError) as error:
            if not ABSENT.search(str(error)):
                self.outcomes[f"{function.__name__}"] = " ".join(str(error).split())[:300]
            return None
        answer.pop("ResponseMetadata", None)
        return answer.get(pick) if pick else answer

    def all(self, client, operation, items, /, **arguments_of_call):
        """All entries of a list operation."""
        found = []
        try:
            pages = client.get_paginator(operation).paginate(**arguments_of_call) \
                if client.can_paginate(operation) else [getattr(client, operation)(**arguments_of_call)]
            for page in pages:
                found.extend(page.get(items) or [])
        except (ClientError, BotoCoreError) as error:
            self.outcomes[operation] = " ".join(str(error).split())[:300]
        return found


def tags(entries, key="Key", value="Value"):
    """A list of tags as an object."""
    return {entry[key]: entry[value] for entry in entries or []}


def keep(value, *members):
    """Of an object the members that are there and not empty."""
    return {name: value[name] for name in members if value.get(name) not in (None, "", [], {})}


def run(verb, service, aws):
    """One module's part."""
    aws.outcomes = {}
    try:
        reading = getattr(importlib.import_module(service), verb)(aws)
    except (ClientError, BotoCoreError) as error:
        reading = None
        aws.outcomes["fault"] = " ".join(str(error).split())[:300]
    except Exception:  # One service's fault must not hide the others'.
        reading = None
        aws.outcomes["fault"] = traceback.format_exc(limit=-2)
    return aws.outcomes if verb == "seed" else {"reading": reading, "outcomes": aws.outcomes}


def main():
    sys.modules["services"] = sys.modules["__main__"]  # `from services import tags` in the modules.
    sys.path.insert(0, str(FOLDER))
    given, target = arguments(__doc__.splitlines()[0], lambda parser: (
        parser.add_argument("verb", choices=["seed", "observe"]), parser.add_argument("services", nargs="*")))
    names = given.services or sorted(path.stem for path in FOLDER.glob("*.py"))
    aws = Aws(target)
    print(json.dumps({name: run(given.verb, name, aws) for name in names}, default=str, sort_keys=True))


if __name__ == "__main__":
    main()
