#!/usr/bin/env python3
"""Hot reload: a running local stack's functions are answered by `cargo lambda watch`, which rebuilds them when a file is saved.

Called by `make watch` while `make run` runs in another terminal. On the way out the functions are given back their own binaries.
What it costs: the functions' time-outs are not enforced and their logs are on this console only.
"""

import os
import signal
import socket
import subprocess
import sys
import time

import endpoint
from botocore.exceptions import BotoCoreError, ClientError

PORT = 9100
# The consumer's deployed concurrency is 4; three at once let another function through on a machine with few cores.
WATCH = ["cargo", "lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", str(PORT), "--concurrency", "3"]
READY_SECONDS = 30
COMPILE_SECONDS = 300  # the functions' time-out meanwhile: the first call waits for the compiler


def functions(client, stack):
    """The stack's functions by the name of their binary, which is the resource's name in lower case."""
    found = {}
    for resource in endpoint.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]:
        if resource["ResourceType"] == "AWS::Lambda::Function":
            binary = resource["LogicalResourceId"].lower()
            found[binary] = client.get_function_configuration(FunctionName=resource["PhysicalResourceId"])
    return found


def variables(configuration):
    return configuration.get("Environment", {}).get("Variables", {})


def environment(configurations):
    """One environment for all: a name means the same in every function that has it. The functions' own endpoint comes with it."""
    merged = dict(os.environ)
    for configuration in configurations:
        merged.update(variables(configuration))
    merged.update(
        AWS_ENDPOINT_URL=endpoint.url(),
        AWS_REGION=os.environ.get("AWS_REGION", "us-east-1"),
        AWS_ACCESS_KEY_ID=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        AWS_SECRET_ACCESS_KEY=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        AWS_EC2_METADATA_DISABLED="true",
    )
    merged.pop("AWS_PROFILE", None)
    return merged


def wait_until_listening(watch):
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and watch.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"cargo lambda watch does not listen on port {PORT}")


def point(client, configuration, values, timeout):
    client.update_function_configuration(FunctionName=configuration["FunctionName"], Environment={"Variables": values}, Timeout=timeout)


def run(stack):
    client = endpoint.client("lambda")
    found = functions(client, stack)
    watch = subprocess.Popen(WATCH, env=environment(found.values()))
    try:
        wait_until_listening(watch)
        for binary, configuration in found.items():
            url = f"http://127.0.0.1:{PORT}/2015-03-31/functions/{binary}/invocations"
            point(client, configuration, {"MINISTACK_LAMBDA_PROXY_URL": url}, COMPILE_SECONDS)
        print(f"watching {', '.join(sorted(found))}; the first call of each compiles it; Ctrl-C ends", file=sys.stderr)
        watch.wait()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave the functions pointing here
        for configuration in found.values():
            point(client, configuration, variables(configuration), configuration["Timeout"])
        watch.terminate()
        watch.wait()


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(sys.argv[1])
    except KeyboardInterrupt:
        pass
    except (endpoint.NotLocal, BotoCoreError, ClientError, OSError) as error:
        sys.exit(f"watch: {error} (is `make run` running?)")


if __name__ == "__main__":
    main()
