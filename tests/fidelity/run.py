"""Runs clients that others wrote against the simulators and counts their checks. Usage: run.py PROGRAM FOLDER [CLIENT…]"""

import asyncio
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import authority
import world

HERE = Path(__file__).parent
# A client that hangs must not hold up everything; the slowest takes a quarter of this.
PATIENCE_SECONDS = 300

# Name, script, whether the client takes nothing but https, the simulators' options.
CLIENTS = [
    ("jsforce", "jsforce.js", False, []),
    ("simple-salesforce", "simple_salesforce_client.py", True, []),
    ("sf", "sf.py", False, []),
    ("sf deploy", "sf_deploy.py", False, ["--without-cosell-fields"]),
    ("dynamics-web-api", "dynamics_web_api.js", False, []),
    ("Dataverse-Client", "dataverse_client.py", True, []),
]


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def take(self, client, line):
        """Counts a check's line and shows it; gives whether it was one."""
        is_check = line.startswith(("ok   ", "FAIL "))
        self.passed += line.startswith("ok   ")
        self.failed += line.startswith("FAIL ")
        if is_check:
            print(f"{client:<18} {line}", flush=True)
        return is_check


async def run_client(client, program, installed, gate, tls, count):
    name, script, needs_tls, options = client
    ca, context = tls
    interpreter = "node" if script.endswith(".js") else "python"
    started, passed, failed, chatter = time.monotonic(), count.passed, count.failed, []
    folder = Path(tempfile.mkdtemp(prefix=f"{script.split('.')[0]}-", dir=installed / "runs"))
    async with world.simulators(program, context if needs_tls else None, options) as addresses:
        environment = world.environment(addresses, gate, ca, folder, installed / "node" / "node_modules")
        environment["PYTHONPATH"] = environment["FIDELITY_SOURCE"] = str(HERE)
        process = await asyncio.create_subprocess_exec(
            installed / "venv" / "bin" / interpreter, HERE / "clients" / script, cwd=folder, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for raw in process.stdout:
                    line = raw.decode(errors="replace").rstrip()
                    if not count.take(name, line):
                        chatter.append(line)
                code = await process.wait()
        except TimeoutError:
            process.kill()
            code = await process.wait()
            count.take(name, f"FAIL the script was still running after {PATIENCE_SECONDS} s")
    if code == 0 and passed == count.passed or code != 0 and failed == count.failed:
        count.take(name, f"FAIL the script ended with {code} and told of no such check")
    if failed != count.failed:
        print("\n".join(chatter))
    print(f"{name:<18} {time.monotonic() - started:.0f} s", flush=True)


def documented():
    """Which clients' installed versions docs/fidelity.md does not name."""
    pins = dict(re.findall(r'"(@?[\w/-]+)": "(\d[\w.]*)"', (HERE / "package.json").read_text()))
    del pins["jszip"]  # makes an archive for a client; is none
    python = dict(re.findall(r"^([\w-]+)==([\w.]+)", (HERE / "requirements.txt").read_text(), re.M))
    pins |= {name: python[name] for name in ("simple-salesforce", "PowerPlatform-Dataverse-Client", "azure-identity")}
    text = (HERE.parent.parent / "docs" / "fidelity.md").read_text()
    return [f"{name} {version}" for name, version in pins.items() if f"{name} {version}" not in text]


async def main(program, installed, wanted):
    runs = installed / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    runs.mkdir(parents=True)
    tls, gate, count = authority.make(runs), world.Gate(), Count()
    address = await gate.start()
    for client in CLIENTS:
        if not wanted or client[0] in wanted:
            await run_client(client, program, installed, address, tls, count)
    verdict = "ok   nobody asked for an address outside of this machine"
    if gate.refused:
        verdict = f"FAIL asked for addresses outside of this machine: {', '.join(sorted(set(gate.refused)))}"
    count.take("all", verdict)
    missing = documented()
    count.take("all", f"FAIL docs/fidelity.md does not name {', '.join(missing)}" if missing else "ok   docs/fidelity.md names what ran")
    if not count.failed:
        shutil.rmtree(runs)
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), sys.argv[3:])))
