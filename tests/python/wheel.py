# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the wheel of the Python package with the libraries of a finished build, and installs it in a
fresh virtual environment, WORK/venv. Nothing is downloaded."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile


def run(*command, **environment):
    subprocess.run(list(command), check=True, env=os.environ | environment, stdin=subprocess.DEVNULL)


def check_content(wheel):
    """One module for all versions of Python, and types for those who use it."""
    if not wheel.name.endswith(".whl") or "-cp310-abi3-linux" not in wheel.name:
        sys.exit(f"a wheel for one version of Python: {wheel.name}")
    names = zipfile.ZipFile(wheel).namelist()
    modules = [name for name in names if name.endswith(".so")]
    if modules != ["vitrine/_c.abi3.so"] or "vitrine/py.typed" not in names or "vitrine/__init__.py" not in names:
        sys.exit(f"not what belongs into the wheel: {names}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--build", required=True, help="a finished build")
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--launcher", help="of the compiler")
    parser.add_argument("--tools", type=pathlib.Path, required=True, help="the virtual environment that builds")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    args = parser.parse_args()
    if not (args.tools / "wheels").is_dir():
        print(f"{args.tools} does not exist: ./dev setup makes it", file=sys.stderr)
        return 1 if os.environ.get("VITRINE_REQUIRE_SHARED") == "1" else 77

    for folder in ("prefix", "dist", "venv"):
        shutil.rmtree(args.work / folder, ignore_errors=True)
    prefix = str(args.work / "prefix")
    for component in ("library", "development"):
        run(args.cmake, "--install", args.build, "--component", component, "--prefix", prefix)

    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(args.tools / "wheels"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    launcher = {"CMAKE_C_COMPILER_LAUNCHER": args.launcher} if args.launcher else {}
    dist = args.work / "dist"
    run(
        args.tools / "bin/python",
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        dist,
        args.source,
        VITRINE_ROOT=prefix,
        **offline,
        **launcher,
    )
    (wheel,) = dist.iterdir()
    check_content(wheel)

    python = args.work / "venv/bin/python"
    run(sys.executable, "-m", "venv", args.work / "venv")
    run(python, "-m", "pip", "install", "--quiet", wheel, "numpy", "mypy", **offline)
    program = "import vitrine; print('vitrine', vitrine.__version__, 'at', vitrine.__file__)"
    subprocess.run([python, "-c", program], check=True, cwd="/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
