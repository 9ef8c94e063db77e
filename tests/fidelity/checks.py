"""One line for each check; a failed one, or a script that stops before its end, makes the exit code 1."""

import json
import os
import sys
import urllib.request
from contextlib import contextmanager

_failed = 0


@contextmanager
def check(name):
    global _failed
    try:
        yield
        print(f"ok   {name}", flush=True)
    except Exception as error:
        _failed += 1
        text = " ".join(f"{type(error).__name__}: {error}".split())
        print(f"FAIL {name}: {text}", flush=True)


def finish():
    sys.exit(1 if _failed else 0)


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{found!r} instead of {wanted!r}")


def true(fact, what):
    if not fact:
        raise AssertionError(f"not so: {what}")


def refused(kind, body):
    """What `body` raises, which must be exactly of this kind."""
    try:
        result = body()
    except Exception as error:
        if type(error) is kind:
            return error
        raise
    raise AssertionError(f"nothing was refused: {result!r}")


def control(method, path, body=None):
    """A hook on the simulators' control port."""
    return _control(method, path, None if body is None else json.dumps(body).encode())


def upload(path, data):
    """A hook that takes a file."""
    _control("PUT", path, data)


def _control(method, path, data):
    url = os.environ["FIDELITY_CONTROL"] + "control/" + path
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request) as response:
        text = response.read()
        return json.loads(text) if text else None


def journal(service):
    """The requests a service received so far."""
    return control("GET", f"journal?service={service}")["entries"]
