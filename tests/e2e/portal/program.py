# SPDX-License-Identifier: Apache-2.0
"""sluice-portal as a process: its file, start and end by kinds, its command line, its HTTP, its memory."""
import asyncio
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time

from lab import DIR, case

BUILD = os.environ["SLUICE_BUILD"]
PORTAL, CTL = f"{BUILD}/control-plane/portal/sluice-portal", f"{BUILD}/control-plane/ctl/sluicectl"
portals, secrets = [], set()  # what must be in no log


class Portal:
    """where, tls and host are what peers dial."""

    def __init__(self, world, name="portal", port=8081):
        self.world, self.name, self.where, self.host, self.tls = world, name, ("127.0.0.1", port), "portal.test", None
        self.file, self.log = f"{DIR}/{name}.json", f"{DIR}/{name}.log"
        self.control, self.database = f"{DIR}/{name}.sock", f"{DIR}/{name}.db"
        self.http_at, self.process, self.starts, self.numbers = ("127.0.0.1", port + 1000), None, 0, {}
        self.notify, self.notified = None, []
        portals.append(self)

    def write(self):
        text = json.dumps(self.world.file(self), indent=1)
        temporary = f"{self.file}.new"
        with open(os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as f:
            f.write(text)
        os.rename(temporary, self.file)

    # ── begin and end ──

    def spawn(self, **env):
        """Does not wait; told() says what it has to say."""
        self.starts += 1
        self.forget_notify()
        path = f"{DIR}/{self.name}-notify-{self.starts}"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(path)
        self.notify.setblocking(False)
        asyncio.get_running_loop().add_reader(self.notify, self.on_notify)
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen([PORTAL, "-c", self.file], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": path, **env})

    def on_notify(self):
        self.notified += self.notify.recv(4096).decode().split("\n")

    def forget_notify(self):
        if self.notify:
            asyncio.get_running_loop().remove_reader(self.notify)
            self.notify.close()
        self.notified = []

    async def told(self, seconds, line="READY=1"):
        """What a service manager would be told; False: nothing of that, or the process ended."""
        end = time.monotonic() + seconds
        while line not in self.notified and time.monotonic() < end and self.process.poll() is None:
            await asyncio.sleep(0.01)
        return line in self.notified

    async def start(self, seconds=15, write=True, **env):
        if write:
            self.write()
        self.spawn(**env)
        ready = await self.told(seconds)
        assert ready, f"{self.name} is not ready: {self.tail()}"
        return self

    async def gone(self, seconds=10):
        """Its exit code, or None: it still runs."""
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            await asyncio.sleep(0.01)
        return self.process.poll()

    async def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = await self.gone()
        if code is None:
            self.kill()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()

    # ── its operator ──

    async def ctl(self, *arguments, seconds=20):
        """(exit code, stdout, stderr) of sluicectl portal."""
        p = await asyncio.create_subprocess_exec(
            CTL, "portal", "-c", self.file, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = await asyncio.wait_for(p.communicate(), seconds)
        return p.returncode, out.decode(), err.decode()

    async def json(self, *arguments):
        code, out, err = await self.ctl(*arguments, "--json")
        assert code == 0, f"{arguments}: {code} {err}"
        return json.loads(out)

    async def operate(self, **asked):
        """The operators' socket without sluicectl: the last answer."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.setblocking(False)
            await loop.sock_connect(s, self.control)
            await loop.sock_sendall(s, json.dumps(asked).encode())
            while True:
                answer = json.loads(await asyncio.wait_for(loop.sock_recv(s, 1 << 20), 10))
                if answer.get("end"):
                    return answer

    async def token(self, kind, owner=None, *more):
        """A new one; its number is in numbers."""
        got = await self.json("token", "create", f"--{kind}", *([owner] if owner else []), *more)
        secrets.add(got["token"])
        self.numbers[got["token"]] = got["number"]
        return got["token"]

    async def reload(self):
        self.write()
        return await self.ctl("reload")

    # ── its HTTP, its memory, its log ──

    async def http(self, path, method="GET", where=None):
        """(status, body)."""
        reader, writer = await asyncio.wait_for(asyncio.open_connection(*(where or self.http_at)), 5)
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body.decode()

    async def metrics(self):
        _, text = await self.http("/metrics")
        return {m[1]: float(m[2]) for m in re.finditer(r"^([a-zA-Z_:][^ #]*) (\S+)$", text, re.M)}

    def memory(self):
        """Resident bytes."""
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def grew_less(self, since, most):
        """Memory did; a sanitizer keeps what is freed, so that nothing can be said of it."""
        return "libasan" in open(f"/proc/{self.process.pid}/maps").read() or self.memory() - since < most

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def text(self):
        return open(self.log, errors="replace").read()

    def tail(self):
        return self.text()[-1500:]


def make_certificates(name="leaf"):
    """A CA of its own and a certificate for portal.test, by openssl: its files, and the context of peers that trust it."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    ca, leaf = f"{DIR}/{name}-ca", f"{DIR}/{name}"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    openssl("req", "-x509", *curve, "-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-subj", "/CN=test CA")
    openssl("req", *curve, "-keyout", f"{leaf}.key", "-out", f"{leaf}.csr", "-subj", "/CN=portal.test")
    with open(f"{leaf}.ext", "w") as f:
        f.write("subjectAltName=DNS:portal.test\n")
    openssl("x509", "-req", "-in", f"{leaf}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2",
            "-extfile", f"{leaf}.ext", "-out", f"{leaf}.pem")
    os.chmod(f"{leaf}.key", 0o600)
    return {"certificate_file": f"{leaf}.pem", "key_file": f"{leaf}.key"}, f"{ca}.pem"


def find_secrets(portal):
    """Lines of the log that hold what must not be in one."""
    wanted = {s for s in secrets if len(s) >= 8}
    return [f"{s[:6]}…: {line[:200]}" for line in portal.text().split("\n") for s in wanted if s in line]


async def end_all():
    """Every portal that still runs ends in order, and none of them wrote a secret."""
    for p in portals:
        if p.process and p.process.poll() is None:
            case(f"{p.name} ends in order", await p.stop() == 0, p.tail())
        found = find_secrets(p) if os.path.exists(p.log) else []
        case(f"nothing secret in the log of {p.name}", not found, found[:5])


async def dump():
    """Of a failed test: what is not in the log."""
    for p in portals:
        if p.process and p.process.poll() is None:
            for what in ("/metrics", "/readyz"):
                try:
                    lines = (await p.http(what))[1].split("\n")
                    print("\n".join(f"# {line}" for line in lines if line[:1] != "#" and line[-2:] != " 0"), flush=True)
                except (OSError, asyncio.TimeoutError) as e:
                    print(f"# no {what}: {e}", flush=True)
