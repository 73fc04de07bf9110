#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a program of this folder with the modules that it needs, converted to binary."""

import argparse
import pathlib
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wasm-tools", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("program")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(__file__).resolve().parent
    texts = [*sorted(folder.glob("*.wat")), folder.parent / "api" / "bank.wat"]
    for text in texts:
        binary = args.work / (text.stem + ".wasm")
        subprocess.run([args.wasm_tools, "parse", text, "-o", binary], check=True)
    return subprocess.run([args.program, args.work]).returncode


if __name__ == "__main__":
    sys.exit(main())
