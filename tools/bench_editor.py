# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures `vitrine dap` with examples/bank/bank.c: from a stop, and from the request of a step, to
the variables on the editor's screen."""

import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "examples" / "bank" / "bank.c"


def show_stop(editor):
    """What VS Code asks for at a stop: the frames, and the scopes that are open at first."""
    editor.ask("threads")
    frame = editor.frames(startFrame=0, levels=1)[0]["id"]
    rest = editor.send("stackTrace", threadId=1, startFrame=1, levels=19)
    shown = 0
    for scope in editor.ask("scopes", frameId=frame)["scopes"]:
        if not scope["expensive"]:
            shown += len(editor.variables(scope["variablesReference"]))
    editor.answer(rest)
    return shown


def measure(folder, rounds):
    # Its command is $VITRINE.
    sys.path.insert(0, str(ROOT / "tests" / "dap"))
    from editor import Editor

    wasm = folder / "bank.wasm"
    subprocess.run(["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-g", SOURCE, "-o", wasm], check=True)
    figures = {"launch to the first stop, ms": [], "first stop to its variables, ms": [], "stop to variables, ms": [],
        "step to variables, ms": []}
    for _ in range(rounds):
        begin = time.monotonic()
        editor = Editor()
        editor.launch(wasm)
        editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "deposit"}])
        editor.ask("configurationDone")
        editor.stop()
        stopped = time.monotonic()
        assert show_stop(editor) > 4
        figures["launch to the first stop, ms"].append((stopped - begin) * 1e3)
        figures["first stop to its variables, ms"].append((time.monotonic() - stopped) * 1e3)
        for _ in range(20):
            asked = time.monotonic()
            editor.ask("next", threadId=1)
            editor.stop()
            stopped = time.monotonic()
            show_stop(editor)
            shown = time.monotonic()
            figures["stop to variables, ms"].append((shown - stopped) * 1e3)
            figures["step to variables, ms"].append((shown - asked) * 1e3)
        editor.finish()
    for name, values in figures.items():
        print(f"  {name:36} {statistics.median(values):8.2f}   ({min(values):.2f} to {max(values):.2f})", flush=True)
