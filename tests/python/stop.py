# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tests/api/stop.cpp in Python."""

import sys

import vitrine


def main():
    store = vitrine.Store(guest_debug=True)
    module = vitrine.Module(store, sys.argv[1])
    printed = []
    instance = vitrine.Instance(store, module, {"host": {"print": printed.append}})
    session = vitrine.Session(store)
    session.add_breakpoint(module, "twice")
    run = session.call(instance["run"], 3)
    stops = 0
    for stop in run:
        if stops == 0:
            frames = stop.frames
            if len(frames) != 2 or len(printed) != 3:
                return 4
            if frames[0].locals[0] != 3:
                return 5
            frames[0].locals[0] = 50
            try:
                frames[0].locals[9] = 50
                return 7
            except KeyError:
                pass
        stops += 1
        if stops < 3:
            stop.step()
    if run.results != 100:
        return 8
    return 0 if stops >= 3 else 9


if __name__ == "__main__":
    sys.exit(main())
