"""Makes the Python environment of this clone from the hash-pinned lock, then becomes the `minutebook` command.

Runs before anything is installed, so it uses the standard library only. The environment is `.venv` in the clone, or in the user's cache
if the clone cannot be written. A stamp in it holds a hash of the lock and of the Python: as long as it fits, a start only reads it.
pip decides where packages come from, by its own configuration.
"""

import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
# These commands need what the tests and the benchmarks need.
WITH_TEST_LOCK = ("test", "bench")
NEARLY_FULL = 10_000_000


class CannotInstall(Exception):
    """The environment could not be made; the message is one sentence with the way out."""


def main() -> NoReturn:
    """Make sure that the environment is there, and run the command in it."""
    try:
        python = environment("test" if sys.argv[1:2] and sys.argv[1] in WITH_TEST_LOCK else "run")
    except CannotInstall as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("Stopped; the next start goes on from here.")
    ours = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    os.execve(python, [str(python), "-m", "cli", *sys.argv[1:]], {**os.environ, **ours})  # noqa: S606


def environment(name: str) -> Path:
    """The interpreter of an environment that holds the lock `name` (run or test). Raises CannotInstall."""
    home = place()
    python = home / "bin" / "python"
    if fits(home, name):
        return python
    try:
        home.mkdir(parents=True, exist_ok=True)
        with (home / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another start is making the environment; waiting for it.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if not fits(home, name):
                make(home, name)
    except OSError as error:
        raise CannotInstall(sentence(f"[Errno {error.errno}] {error.strerror or error}", home)) from error
    return python


def place() -> Path:
    """`.venv` in the clone, or a directory in the user's cache for a clone that this user cannot write."""
    inside = ROOT / ".venv"
    if os.access(inside if inside.exists() else ROOT, os.W_OK):
        return inside
    cache = os.environ.get("MINUTEBOOK_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "minutebook")
    return Path(cache).absolute() / f"environment-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]}"


def wanted(name: str) -> str:
    """What the stamp has to say: a hash of the lock, the Python and the machine."""
    lock = (ROOT / "requirements" / f"{name}.lock").read_bytes()
    return hashlib.sha256(lock + interpreter().encode()).hexdigest()


def interpreter() -> str:
    return f"{sys.implementation.cache_tag} {sysconfig.get_platform()} {sys.base_prefix}"


def fits(home: Path, name: str) -> bool:
    """True if the environment holds the lock, or that of the tests, which includes every other."""
    return any(read(home / f"minutebook-{one}.stamp") == wanted(one) for one in {name, "test"}) and (home / "bin" / "python").exists()


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def make(home: Path, name: str) -> None:
    """Install the lock, compile, and stamp last: whatever is interrupted before that is done again."""
    if platform.system() == "Linux" and platform.libc_ver()[0] != "glibc":
        raise CannotInstall(
            "Minutebook needs a Linux with glibc (this one has another C library): use Debian, Ubuntu, Fedora or a kin of theirs."
        )
    if read(home / "minutebook-python") != interpreter():
        say(f"Making the environment in {home} with Python {platform.python_version()}.")
        make_venv(home)
        (home / "minutebook-python").write_text(interpreter())
    lock = ROOT / "requirements" / f"{name}.lock"
    install(home, lock)
    python = home / "bin" / "python"
    say("Compiling.")
    libraries = sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}, scheme="venv")
    subprocess.run(
        [python, "-m", "compileall", "-q", "-j", "0", libraries], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    (home / f"minutebook-{name}.stamp").write_text(wanted(name))


def make_venv(home: Path) -> None:
    """An empty environment; without ensurepip this Python's own pip installs into it."""
    ensurepip = importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None
    if not ensurepip and (importlib.util.find_spec("venv") is None or importlib.util.find_spec("pip") is None):
        version = "{}.{}".format(*sys.version_info[:2])
        raise CannotInstall(
            f"This Python has neither ensurepip nor pip: install them (Debian, Ubuntu: apt install python{version}-venv) and start again."
        )
    lock = home / ".lock"
    for old in home.iterdir():
        if old != lock:
            subprocess.run(["rm", "-rf", old], check=True)
    command = [sys.executable, "-I", "-m", "venv", *([] if ensurepip else ["--without-pip"]), str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotInstall(sentence(done.stdout + done.stderr, home))


def install(home: Path, lock: Path) -> None:
    """pip, with every hash checked and nothing built here; shows how far it is."""
    python = home / "bin" / "python"
    has_pip = subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    pip = [str(python), "-m", "pip"] if has_pip else [sys.executable, "-m", "pip", "--python", str(python)]
    options = [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-compile",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
    ]
    environ = {**os.environ, "PIP_REQUIRE_VIRTUALENV": "0", "PIP_USER": "0"}
    process = subprocess.Popen(
        [*pip, "install", *options, "-r", str(lock)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ
    )
    total = len(re.findall(r"^[A-Za-z0-9]\S*==", lock.read_text(), re.MULTILINE))
    said: list[str] = []
    seen = 0
    for line in process.stdout or ():
        said.append(line)
        if line.startswith(("Collecting ", "Requirement already satisfied")):
            seen += 1
            progress(f"Fetching packages: {min(seen, total)} of at most {total}", last=False)
        elif line.startswith("Installing collected"):
            progress("Installing packages (about half a minute).", last=True)
    if process.wait():
        print(file=sys.stderr)
        raise CannotInstall(sentence("".join(said), home))


def sentence(output: str, home: Path) -> str:
    """What went wrong, from what a program said, and the way out."""
    # Programs below pip do not always pass on why they could not write.
    full = home.exists() and shutil.disk_usage(home).free < NEARLY_FULL
    if full or "No space left on device" in output or "Disk quota exceeded" in output:
        return f"The disk that holds {home} is full: the environment needs about 1 GB; free some space and start again."
    if "Read-only file system" in output or "Permission denied" in output:
        return f"{home} cannot be written by this user: give this user the right, or set MINUTEBOOK_CACHE to a directory of their own."
    if "DO NOT MATCH THE HASHES" in output:
        return "A package is not what was pinned (its hash differs from the lock): nothing was installed; check where pip fetches from."
    unreachable = (
        "NewConnectionError",
        "ConnectTimeout",
        "Name or service not known",
        "nodename nor servname",
        "ProxyError",
        "Max retries exceeded",
    )
    if any(
        words in output for words in (*unreachable, "Failed to establish", "Temporary failure in name resolution", "(from versions: none)")
    ):
        return "The packages could not be fetched: connect this machine to its package index (or configure pip for one) and start again."
    last = output.strip().splitlines()[-1] if output.strip() else "it gave no reason"
    return f"The environment in {home} could not be made: {last}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def progress(text: str, *, last: bool) -> None:
    """A line that is written over on a terminal; elsewhere only the last one is written."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif last:
        say(text)


if __name__ == "__main__":
    main()
