"""Gets Debian's chromium and Chinese fonts for the browser tests, where that is possible."""

import os
import shutil
import subprocess
import sys

PACKAGES = ("chromium", "fonts-noto-cjk")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    """Install chromium as root with apt; elsewhere say which tests do not run. In CI: an error."""
    if any(shutil.which(name) for name in NAMES):
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("· 安装浏览器 browser for the tests (chromium, fonts-noto-cjk)", flush=True)
        if install():
            return 0
    print(
        "没有 chromium,浏览器测试(tests/browser)将不运行。"
        "\nThere is no chromium: the browser tests (tests/browser) do not run.",
        file=sys.stderr,
    )
    return 1 if os.environ.get("CI") else 0


def install() -> bool:
    """Whether apt-get could install the packages."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "-y", "--no-install-recommends", *PACKAGES)):
        done = subprocess.run(
            ["apt-get", "-qq", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
