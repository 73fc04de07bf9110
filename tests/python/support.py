# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Guests for the tests of the Python package."""

import functools
import os
import pathlib
import subprocess

import vitrine

ROOT = pathlib.Path(__file__).resolve().parents[2]
WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]


@functools.cache
def wasm(text):
    """The binary of a module in the text format, or of a file that has one."""
    source = text.encode() if isinstance(text, str) else text.read_bytes()
    return subprocess.run([WASM_TOOLS, "parse", "-"], input=source, stdout=subprocess.PIPE, check=True).stdout


def instance(text, imports=None, **config):
    """An instance of a module in the text format, in a store of its own."""
    store = vitrine.Store(**config)
    return vitrine.Instance(store, vitrine.Module(store, wasm(text)), imports)


BANK = ROOT / "tests/api/bank.wat"
