#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether the tests of this folder use everything that the adapter says it can do: each request,
capability, filter, mode, column, scope and event of src/dap/*.inc. The tests have run before, and
have written what they used into the folder that VITRINE_DAP_USED names.

    coverage.py DIR
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# How a use of the capabilities shows that are no request: one of these in what was used. A name is
# an argument, or a value in an answer or event, that was there with success.
USES = {
    "supportsConditionalBreakpoints": ["setBreakpoints.breakpoints.condition"],
    "supportsHitConditionalBreakpoints": ["setBreakpoints.breakpoints.hitCondition"],
    "supportsLogPoints": ["setBreakpoints.breakpoints.logMessage"],
    "supportsClipboardContext": ["evaluate.context=clipboard"],
    "supportsValueFormattingOptions": ["evaluate.format.hex", "variables.format.hex", "stackTrace.format.parameters"],
    "supportsSingleThreadExecutionRequests": ["next.singleThread=True"],
    "supportsDataBreakpointBytes": ["dataBreakpointInfo.asAddress=True", "dataBreakpointInfo.bytes"],
    "supportsExceptionFilterOptions": ["setExceptionBreakpoints.filterOptions.condition"],
    "supportTerminateDebuggee": ["disconnect.terminateDebuggee=True"],
    "supportSuspendDebuggee": ["disconnect.suspendDebuggee=True"],
    "supportsANSIStyling": ["initialize.supportsANSIStyling=True"],
    "supportsEvaluateForHovers": ["evaluate.context=hover"],
    "supportsSteppingGranularity": ["next.granularity=instruction"],
    "supportsDelayedStackTraceLoading": ["stackTrace.startFrame", "answer stackTrace.totalFrames"],
    "exceptionBreakpointFilters": ["setExceptionBreakpoints.filters"],
    "breakpointModes": ["setBreakpoints.breakpoints.mode"],
    "completionTriggerCharacters": ["request completions"],
    "additionalModuleColumns": ["answer modules.modules.producer"],
    "supportedChecksumAlgorithms": ["event loadedSource.source.checksums.algorithm=MD5"],
}
# Both places in which it can be asked for.
FILTERS = ["setExceptionBreakpoints.filters={}", "setExceptionBreakpoints.filterOptions.filterId={}"]
MODES = ["setBreakpoints.breakpoints.mode={}", "dataBreakpointInfo.mode={}"]
# What no guest of these tests does within a second: a test of tests/unit/dap/adapter_test.cpp has it.
ELSEWHERE = {"progressUpdate": "ShowsWhatTakesLongAndLetsItBeCancelled"}


def rows(file):
    """(macro, the texts in quotes) of each row."""
    text = (ROOT / "src" / "dap" / file).read_text()
    for macro, row in re.findall(r"^([A-Z]+)\((.*)\)$", text, re.MULTILINE):
        yield macro, re.findall(r'"((?:[^"\\]|\\.)*)"', row), row


def main():
    folder = pathlib.Path(sys.argv[1])
    files = [folder / f"{program.stem}.txt" for program in pathlib.Path(__file__).parent.glob("*_test.py")]
    used = {line for file in files if file.exists() for line in file.read_text().splitlines()}
    missing = []

    def want(what, uses, any_of=False):
        there = [use in used for use in uses]
        if not (any(there) if any_of else all(there)):
            missing.append(f"{what}: no test of tests/dap has {' or '.join(uses) if any_of else ' and '.join(uses)}")

    unit_tests = (ROOT / "tests" / "unit" / "dap" / "adapter_test.cpp").read_text()
    count = 0
    for macro, texts, row in [*rows("requests.inc"), *rows("scopes.inc")]:
        name = texts[0] if texts else ""
        if macro == "REQUEST":
            want(name, [f"request {name}"])
            if texts[1] in USES:
                want(texts[1], USES[texts[1]])
        elif macro in ("CAPABILITY", "LIST"):
            want(name, USES.get(name, [f"a use of {name} in USES of coverage.py"]))
        elif macro == "FILTER":
            want(name, [use.format(name) for use in FILTERS], any_of=True)
        elif macro == "MODE":
            want(name, [use.format(name) for use in MODES], any_of=True)
        elif macro == "COLUMN":
            want(name, [f"answer modules.modules.{name}"])
        elif macro == "EVENT" and name in ELSEWHERE:
            if f"TEST(Adapter, {ELSEWHERE[name]})" not in unit_tests or f'"{name}"' not in unit_tests:
                missing.append(f"{name}: adapter_test.cpp has no {ELSEWHERE[name]}")
        elif macro == "EVENT":
            want(name, [f"event {name}"])
        elif macro == "SCOPE":
            want(name, [f"answer scopes.scopes.name={name}"])
        else:
            continue
        count += 1
    for line in missing:
        print(f"src/dap: {line}")
    if count < 80:
        print(f"src/dap: only {count} rows were found")
    print(f"{count} rows, {len(missing)} of them without a use")
    return 1 if missing or count < 80 else 0


if __name__ == "__main__":
    sys.exit(main())
