"""What seed.py, observe.py and wipe.py share: clients, the regions used, and how an unsupported step is skipped."""

import argparse
import re
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGIONS = ["us-east-1", "us-west-1", "eu-west-1"]
DEFAULT_ACCOUNT = "000000000000"

# Answers that mean "this emulator does not offer it", as opposed to a fault in the script.
UNSUPPORTED = re.compile(
    r"not (yet )?(been )?implemented|NotImplemented|UnknownOperation|InternalFailure|InternalError|not in your license"
    r"|not supported|Unsupported|InvalidAction|UnknownAction|Unknown operation|\(501\)|\(404\) when|failed to start"
    r"|Could not find or load|MethodNotAllowed",
    re.IGNORECASE,
)


class Target:
    """One account of one emulator."""

    def __init__(self, endpoint, account=None, moto=False):
        self.endpoint = endpoint.rstrip("/")
        self.moto = moto
        # moto calls its default account 123456789012; everybody else derives the account from the access key.
        self.account = account or ("123456789012" if moto else DEFAULT_ACCOUNT)
        self.session = boto3.Session(aws_access_key_id=self.account, aws_secret_access_key="test")
        self.clients = {}

    def client(self, service, region="us-east-1"):
        """A boto3 client, cached."""
        found = self.clients.get((service, region))
        if found is None:
            config = Config(
                retries={"max_attempts": 1, "mode": "standard"},
                connect_timeout=5,
                read_timeout=60,
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            found = self.session.client(service, region_name=region, endpoint_url=self.endpoint, config=config)
            if self.moto:
                found.meta.events.register("before-sign.*.*", self._moto_account)
            self.clients[(service, region)] = found
        return found

    def _moto_account(self, request, **_):
        request.headers["x-moto-account-id"] = self.account


def arguments(description, extra=None):
    """The command line every script has: ENDPOINT [--account N] [--moto], and what `extra` adds."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("endpoint", help="such as http://127.0.0.1:4566")
    parser.add_argument("--account", help="twelve digits; the emulator's default account where left out")
    parser.add_argument("--moto", action="store_true", help="moto: choose the account by header")
    if extra:
        extra(parser)
    given = parser.parse_args()
    return given, Target(given.endpoint, given.account, given.moto)


def is_fault(error):
    """Whether an error means something is wrong, rather than that the emulator does not offer it."""
    return not UNSUPPORTED.search(str(error))


class Steps:
    """Runs named steps; one that the emulator does not offer is skipped with its reason, others fail the run."""

    def __init__(self):
        self.skipped = []
        self.failed = []

    def run(self, name, function, *args, **kwargs):
        """The step's result; None when it was skipped or failed."""
        try:
            return function(*args, **kwargs)
        except (ClientError, BotoCoreError) as error:
            reason = " ".join(str(error).split())[:300]
            (self.failed if is_fault(error) else self.skipped).append(name)
            word = "FAILED" if is_fault(error) else "skipped"
            print(f"{word} {name}: {reason}", file=sys.stderr, flush=True)
            return None
