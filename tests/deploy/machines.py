"""Machines of a test's own: a network that leads nowhere, and hosts in it that ssh opens.

Everything here runs in private namespaces (network, mounts, processes), as root. When the first
process of a namespace ends, the kernel ends the rest: nothing can be left running, no port can
clash, and nothing reaches, or is reached from, another network.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

SSHD = "/usr/sbin/sshd"
PROGRAMS = ("unshare", "ip", "mount", "ssh", "ssh-keygen", "rsync", "turnserver", SSHD)
SECONDS = 20.0
ACCOUNT = "reactor"
"""Whom ssh lets in: the superuser, by a name and with a home that only these machines know."""


def missing() -> str | None:
    """Return why no machines can be made here, or None when they can."""
    if absent := [program for program in PROGRAMS if shutil.which(program) is None]:
        return f"without {', '.join(absent)}"
    tried = subprocess.run([*PRIVATE, "true"], capture_output=True, text=True, check=False)
    return f"no namespaces: {tried.stderr.strip()}" if tried.returncode else None


PRIVATE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
"""What a command is run with to become the first process of a network of its own."""


def enter(folder: Path) -> None:
    """Prepare the network that this process is alone in. `folder` takes what programs leave."""
    run("ip", "link", "set", "lo", "up")
    # Here, /tmp/ray and /run are this network's.
    for place in (folder / "ray", Path("/tmp/ray")):
        place.mkdir(parents=True, exist_ok=True)
    run("mount", "--bind", str(folder / "ray"), "/tmp/ray")
    run("mount", "-t", "tmpfs", "none", "/run")
    Path("/run/netns").mkdir()
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")  # machines see each other through it


def face(address: str) -> None:
    """Give this machine an address that is not its loopback's: clients look for such a one."""
    run("ip", "link", "add", "face", "type", "veth", "peer", "name", "nobody")
    run("ip", "address", "add", f"{address}/32", "dev", "face")
    run("ip", "link", "set", "face", "up")
    run("ip", "link", "set", "nobody", "up")


class Machine:
    """A host: its network, processes, home and temporary files are its own.

    `address` is its own, its neighbour's is that of the machine which called. The checkout and all
    that is installed are there, as they are everywhere.
    """

    def __init__(self, name: str, third: int, folder: Path, public_key: str) -> None:
        self.name = name
        self.address, neighbour = f"203.0.113.{third + 1}", f"203.0.113.{third}"
        self.home = folder / name / "home"
        self._folder = folder / name
        for place in (self.home, self._folder / "ray"):
            place.mkdir(parents=True)
        (self._folder / "authorized").write_text(public_key)
        # First, so that whoever asks for the home of user 0 is told this one.
        account = f"{ACCOUNT}:x:0:0::{self.home}:/bin/bash\n" + Path("/etc/passwd").read_text()
        (self._folder / "passwd").write_text(account)
        (self._folder / "shadow").write_text(f"{ACCOUNT}:*:::::::\n")
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._folder / "host_key"))
        config = self._folder / "sshd_config"
        config.write_text(self._configuration())
        run("ip", "netns", "add", name)
        link = f"to-{name}"
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "address", "add", f"{neighbour}/31", "dev", link)
        run("ip", "link", "set", link, "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "address", "add", f"{self.address}/31", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "route", "add", "default", "via", neighbour)
        self._process = subprocess.Popen(
            [
                *("ip", "netns", "exec", name),
                *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                *("bash", "-ec", self._start(config)),
            ]
        )
        self._answers()

    def _configuration(self) -> str:
        return f"""
            HostKey {self._folder / "host_key"}
            AuthorizedKeysFile {self._folder / "authorized"}
            PasswordAuthentication no
            PidFile none
            StrictModes no
            SetEnv TERM=dumb
        """

    def _start(self, config: Path) -> str:
        return f"""
            mount --bind {self._folder / "ray"} /tmp/ray
            mount --bind {self._folder / "passwd"} /etc/passwd
            mount --bind {self._folder / "shadow"} /etc/shadow
            mount -t tmpfs none /dev/shm
            mkdir -p /run/sshd
            exec {SSHD} -D -e -f {config}
        """

    def _answers(self) -> None:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection((self.address, 22), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the machine {self.name} does not answer")

    def programs(self) -> list[str]:
        """Return the command lines of what runs on it, but for ssh's own."""
        lines = []
        for process in self._children(self._process.pid):
            command = _read(process, "cmdline").replace("\0", " ")
            if command.strip() and not command.startswith(("sshd", "unshare", SSHD)):
                lines.append(command.strip())
        return lines

    def _children(self, process: int) -> list[int]:
        told = _read(process, f"task/{process}/children").split()
        return [c for child in map(int, told) for c in (child, *self._children(child))]

    def close(self) -> None:
        """End it, with everything that runs on it."""
        self._process.kill()
        self._process.wait()


def key_pair(folder: Path) -> tuple[Path, str]:
    """Make a key; return the file of its private half, and its public half."""
    private = folder / "key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(private))
    return private, private.with_suffix(".pub").read_text()


def run(*command: str) -> None:
    """Run a command that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.stderr}")


def _read(process: int, file: str) -> str:
    """Return what a process's file says; nothing, once the process has ended."""
    try:
        return Path(f"/proc/{process}/{file}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
