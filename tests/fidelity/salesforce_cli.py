"""The sf program: how it is called, and the two ways to sign in."""

import json
import os
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

ORIGIN = os.environ["FIDELITY_SALESFORCE"]
USER = "cosell-sync@northwind.example"
PROGRAM = Path(os.environ["NODE_PATH"]) / "@salesforce" / "cli" / "bin" / "run.js"
# No telemetry, no updates, no key ring, no look into the public name service, no second try at other login hosts
# (contract salesforce 7).
SETTINGS = {
    "SF_AUDIENCE_URL": ORIGIN,
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_DISABLE_DNS_CHECK": "true",
    "SF_DISABLE_LOG_FILE": "true",
    "SF_DISABLE_TELEMETRY": "true",
    "SF_DOMAIN_RETRY": "0",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    "SF_ORG_METADATA_REST_DEPLOY": "true",
}


class SfError(Exception):
    """The program's own error: its name, and the rest of what it printed."""

    def __init__(self, answer):
        super().__init__(f"{answer.get('name')}: {answer.get('message')}")
        self.name, self.answer = answer.get("name"), answer


def run(*arguments, folder=None, **more):
    """Runs `sf …` as a person would; gives its output and whether it succeeded."""
    done = subprocess.run(["node", PROGRAM, *arguments], env=os.environ | SETTINGS | more, cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr, done.returncode == 0


def sf(*arguments, folder=None, **more):
    """The `result` of `sf … --json`; raises `SfError` with what it says otherwise."""
    done = subprocess.run(["node", PROGRAM, *arguments, "--json"], env=os.environ | SETTINGS | more, cwd=folder, capture_output=True, text=True)
    answer = json.loads(done.stdout or done.stderr)
    if done.returncode:
        raise SfError(answer)
    return answer["result"]


def access_token():
    form = {"grant_type": "client_credentials", "client_id": "sim-salesforce-client", "client_secret": "sim-salesforce-secret"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{ORIGIN}/services/oauth2/token", urllib.parse.urlencode(form).encode()) as answer:
        return json.load(answer)["access_token"]


def sign_in_with_token(alias):
    return sf("org", "login", "access-token", "--instance-url", ORIGIN, "--no-prompt", "--alias", alias, SF_ACCESS_TOKEN=access_token())
