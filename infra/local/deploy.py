#!/usr/bin/env python3
"""Deploys the SAM template to the local stack.

Prints the stack's outputs as one JSON line on stdout, everything else on stderr. Refuses any endpoint but this machine's, so
nothing can reach an AWS account. Called by the local-stack program; by hand:

    AWS_ENDPOINT_URL=http://127.0.0.1:4566 .local/venv/bin/python infra/local/deploy.py \\
        --template infra/template.yaml --stack cosell-sync --bin-dir target/debug --parameter DataverseUrl=http://127.0.0.1:8081
"""

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import endpoint
from botocore.exceptions import BotoCoreError, ClientError
from samtranslator.yaml_helper import yaml_parse

BUCKET = "deployment"
DEADLINE_SECONDS = 120  # a deployment takes about one second; this only ends a hang
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
# Stacks that failed to be created hold nothing and can only be deleted.
DEAD_STATUSES = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"}


class Refused(Exception):
    """The deployment cannot go on; the text says why and what to do."""


def arguments():
    parser = argparse.ArgumentParser(description="Deploy the SAM template to the local stack.")
    parser.add_argument("--template", type=Path, required=True, help="the SAM template")
    parser.add_argument("--stack", required=True, help="name of the stack")
    parser.add_argument("--bin-dir", type=Path, required=True, help="folder with the native binaries webhook, consumer and poller")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="a template parameter; repeatable")
    return parser.parse_args()


def parameters(pairs, template):
    declared = template.get("Parameters", {})
    values = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise Refused(f"--parameter {name!r} must have the form NAME=VALUE")
        if name not in declared:
            raise Refused(f"--parameter {name}: the template has no such parameter; it has {', '.join(sorted(declared))}")
        values[name] = value
    missing = sorted(name for name, entry in declared.items() if "Default" not in entry and name not in values)
    if missing:
        raise Refused(f"the template's parameters {', '.join(missing)} have no default; give each as --parameter NAME=VALUE")
    return values


def stripped(binary):
    """The binary without debug information where `strip` is at hand: about half the bytes to zip, store and unpack."""
    if shutil.which("strip"):
        with tempfile.NamedTemporaryFile() as copy:
            if subprocess.run(["strip", "--strip-debug", "-o", copy.name, binary], check=False).returncode == 0:
                return Path(copy.name).read_bytes()
    return binary.read_bytes()


def package(binary):
    """A zip holding the binary as `bootstrap`. Same bytes in, same bytes out: an unchanged function is not updated."""
    if not binary.is_file():
        raise Refused(f"{binary} is missing; build it first: cargo build -p {binary.name}")
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(entry, stripped(binary))
    return packed.getvalue()


def upload_functions(template, bin_dir, s3):
    """Replaces each function's folder by the uploaded zip of the binary of the same name."""
    for function in template["Resources"].values():
        if function["Type"] != "AWS::Serverless::Function":
            continue
        name = Path(function["Properties"]["CodeUri"]).name
        body = package(bin_dir / name)
        key = f"{name}-{hashlib.sha256(body).hexdigest()}.zip"
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        function["Properties"]["CodeUri"] = f"s3://{BUCKET}/{key}"
        print(f"{name}: {len(body) / 1e6:.1f} MB", file=sys.stderr)


def status(cfn, stack):
    try:
        return cfn.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def settled(cfn, stack):
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = status(cfn, stack)
        if found is None or not found["StackStatus"].endswith("IN_PROGRESS"):
            return found
        time.sleep(0.1)
    raise Refused(f"stack {stack} did not settle within {DEADLINE_SECONDS} s")


def submit(cfn, stack, template, values):
    """Creates or updates the stack and returns it as it then is."""
    before = settled(cfn, stack)
    if before and before["StackStatus"] in DEAD_STATUSES:
        cfn.delete_stack(StackName=stack)
        before = settled(cfn, stack)
    request = {
        "StackName": stack,
        "TemplateBody": json.dumps(template),
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        "Capabilities": CAPABILITIES,
    }
    if before is None or before["StackStatus"] == "DELETE_COMPLETE":
        cfn.create_stack(**request)
        return settled(cfn, stack)
    try:
        cfn.update_stack(**request)
    except ClientError as error:
        if "No updates" not in str(error):
            raise
    return settled(cfn, stack)


def failures(cfn, stack):
    """One line for each resource that failed in the last operation, the first failure first."""
    lines = []
    for event in cfn.describe_stack_events(StackName=stack)["StackEvents"]:
        if event["ResourceType"] == "AWS::CloudFormation::Stack" and event.get("ResourceStatusReason") == "User Initiated":
            break
        if event["ResourceStatus"].endswith("FAILED"):
            lines.append(f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason given')}")
    return "\n".join(reversed(lines)) or "  no resource gave a reason"


def apply_time_to_live(cfn, stack, template):
    """The emulator accepts a table's TimeToLiveSpecification in a template without applying it."""
    dynamodb = endpoint.client("dynamodb")
    for resource in cfn.describe_stack_resources(StackName=stack)["StackResources"]:
        properties = template["Resources"].get(resource["LogicalResourceId"], {}).get("Properties", {})
        if "TimeToLiveSpecification" in properties:
            table = resource["PhysicalResourceId"]
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=properties["TimeToLiveSpecification"])


def outputs(found):
    values = {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", [])}
    # The URL shows AWS's host name, https://ID.lambda-url.REGION.on.aws/; the local stack serves the same id under a path. The host
    # stays a name: with an address in it the function is shown a host header that it cannot parse.
    identifier = urlsplit(values["WebhookUrl"]).hostname.split(".")[0]
    values["WebhookLocalUrl"] = f"http://localhost:{endpoint.port()}/_aws/lambda-url/{identifier}/"
    return values


def deploy(options):
    started = time.monotonic()
    endpoint.url()  # first of all: nothing is read or packed for an endpoint that is refused
    template = yaml_parse(options.template.read_text(encoding="utf-8"))
    values = parameters(options.parameter, template)
    s3, cfn = endpoint.client("s3"), endpoint.client("cloudformation")
    s3.create_bucket(Bucket=BUCKET)
    upload_functions(template, options.bin_dir, s3)
    found = submit(cfn, options.stack, template, values)
    if found is None or found["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        state = found["StackStatus"] if found else "gone"
        raise Refused(f"stack {options.stack} is {state}:\n{failures(cfn, options.stack)}")
    apply_time_to_live(cfn, options.stack, template)
    print(f"stack {options.stack}: {found['StackStatus']} after {time.monotonic() - started:.1f} s", file=sys.stderr)
    return outputs(found)


def main():
    try:
        print(json.dumps(deploy(arguments())))
    except (Refused, endpoint.NotLocal, BotoCoreError, ClientError, OSError) as error:
        sys.exit(f"deploy: {error}")


if __name__ == "__main__":
    main()
