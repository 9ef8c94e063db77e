"""What a client runs in: fresh simulators, TLS in front of them, and a way out that leads nowhere."""

import asyncio
import contextlib
import json
import os
import ssl
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
FRONTED = ("entra", "dataverse", "salesforce")


async def _pump(reader, writer):
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _join(reader, writer, host, port, first=b""):
    there_reader, there_writer = await asyncio.open_connection(host, port)
    there_writer.write(first)
    await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))


class Gate:
    """The proxy that every client is told to use: lets through to this machine, refuses and notes everything else."""

    def __init__(self):
        self.refused = []

    async def start(self):
        self.server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        return f"http://{LOOPBACK}:{self.server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        line, _, headers = head.partition(b"\r\n")
        method, target = line.decode("latin-1").split(" ")[:2]
        wanted = urlsplit(f"//{target}" if method == "CONNECT" else target)
        if wanted.hostname != LOOPBACK:
            self.refused.append(wanted.hostname)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            writer.close()
        elif method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _join(reader, writer, LOOPBACK, wanted.port)
        else:
            # One request a connection: the next one may be for another host.
            kept = [header for header in headers.split(b"\r\n") if not header.lower().startswith(b"connection:")]
            first = b"\r\n".join([line, b"Connection: close", *kept])
            await _join(reader, writer, LOOPBACK, wanted.port, first)


class TlsFront:
    """Ends TLS on a loopback port and passes the bytes on to a simulator, which is known only later."""

    def __init__(self, context):
        self.context = context
        self.port = None

    async def start(self):
        self.server = await asyncio.start_server(self._serve, LOOPBACK, 0, ssl=self.context)
        return f"https://{LOOPBACK}:{self.server.sockets[0].getsockname()[1]}/"

    async def _serve(self, reader, writer):
        await _join(reader, writer, LOOPBACK, self.port)


@contextlib.asynccontextmanager
async def simulators(program, context, options):
    """Runs the simulators; gives their addresses, with TLS in front of those that clients ask for when `context` is there."""
    fronts, command = {}, [program, "--port-base", "0", *options]
    for name in FRONTED if context else ():
        front = TlsFront(context)
        address = await front.start()
        fronts[name] = (front, address)
        command += [f"--{name}-front", address]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    try:
        addresses = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        for name, (front, address) in fronts.items():
            front.port = urlsplit(addresses[name]).port
            addresses[name] = address
        yield addresses
    finally:
        process.terminate()
        await process.wait()
        for front, _ in fronts.values():
            front.server.close()


def environment(addresses, gate, authority, folder, modules):
    """A client's whole environment: nothing of the machine's own but what programs need to start."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return kept | {
        "PATH": os.pathsep.join([str(modules.parent.parent / "venv" / "bin"), os.environ.get("PATH", os.defpath)]),
        "HOME": str(folder),
        "NODE_PATH": str(modules),
        "NODE_EXTRA_CA_CERTS": str(authority),
        "REQUESTS_CA_BUNDLE": str(authority),
        "NODE_USE_ENV_PROXY": "1",
        "HTTP_PROXY": gate,
        "HTTPS_PROXY": gate,
        "NO_PROXY": LOOPBACK,
        "http_proxy": gate,
        "https_proxy": gate,
        "no_proxy": LOOPBACK,
        "PYTHONDONTWRITEBYTECODE": "1",
        "FIDELITY_FOLDER": str(folder),
        "FIDELITY_CONTROL": addresses["control"],
        "FIDELITY_SALESFORCE": addresses["salesforce"].rstrip("/"),
        "FIDELITY_DATAVERSE": addresses["dataverse"].rstrip("/"),
        "FIDELITY_ENTRA": addresses["entra"].rstrip("/"),
    }
