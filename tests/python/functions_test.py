# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every function of the C headers is used by the package, or is in a list that says why it is not."""

import re
import unittest

from support import ROOT
from vitrine import _c

# Functions whose names the package puts together, by how the source writes that.
MADE_NAMES = {
    "vitrine_component_{verb}s": ["import", "export"],
    "wasm_extern_as_{name}": ["func", "global", "memory", "table"],
    "wasm_{name}_copy": ["func", "global", "memory", "table"],
    "wasm_{name}_delete": ["func", "global", "memory", "table"],
    "vitrine_wasi_config_{stream}_descriptor": ["stdout", "stderr"],
    "vitrine_wasi_config_{stream}_to": ["stdout", "stderr"],
    "vitrine_wasi_config_{stream}_copy": ["stdout", "stderr"],
    "vitrine_debug_frame_{self._what}s": ["local", "operand"],
    "vitrine_debug_frame_set_{self._what}": ["local", "operand"],
    "vitrine_session_{name}": ["resume", "step", "step_over", "step_out", "run_to", "kill_stopped"],
    "vitrine_session_call{kind}": ["", "_stopped", "_component", "_component_stopped"],
    "vitrine_session_{kind}s": ["breakpoint", "watchpoint"],
    "vitrine_{kind}_delete": ["breakpoint", "watchpoint"],
    "vitrine_{kind}_vec_delete": ["breakpoint", "watchpoint"],
    "vitrine_{kind}_id": ["breakpoint", "watchpoint"],
    "vitrine_session_change_{kind}": ["breakpoint", "watchpoint"],
    "vitrine_{self._name}_server_delete": ["gdb", "dap"],
    "vitrine_{self._name}_server_{function}": [
        *(f"{kind}:{name}" for kind in ("gdb", "dap") for name in "address announce close is_loopback".split()),
        *(f"{kind}:{name}" for kind in ("gdb", "dap") for name in "send_output wait_for_client".split()),
        "gdb:is_launched_by_client",
        "gdb:lldb_commands",
    ],
    "vitrine_config_{name}": [
        *("tier", "tier_threshold", "max_stack_bytes", "max_memory_pages", "max_heap_bytes", "max_code_bytes"),
        *("signal_handlers", "stress_collector"),
    ],
}

TYPES = "byte|name|valtype|functype|globaltype|tabletype|memorytype|externtype|importtype|exporttype|val|frame|extern"
ENTITIES = "func|global|memory|table|extern|instance|module|trap|foreign"

# Regular expressions for functions that the package does not use, and why. Each function needs a row.
UNUSED = {
    # The standard C API.
    rf"wasm_({TYPES})_vec_(new|new_empty|new_uninitialized|copy)": "vectors are made by the functions that fill them",
    r"wasm_(val|extern|functype|globaltype|tabletype|memorytype|valtype|externtype)_vec_delete": "not returned",
    rf"wasm_({TYPES})_(copy|delete)": "owned by what they describe, or by cffi",
    rf"wasm_({ENTITIES})_(get|set)_host_info(_with_finalizer)?": "Python objects have attributes of their own",
    r"wasm_ref_set_host_info": "an externref has a finalizer",
    rf"wasm_({ENTITIES})_as_ref(_const)?": "only functions and Python objects are passed as references",
    rf"wasm_ref_as_({ENTITIES})(_const)?": "only functions and Python objects are passed as references",
    rf"wasm_({ENTITIES})_as_extern_const": "cffi does not tell const",
    r"wasm_extern_as_\w+_const": "cffi does not tell const",
    rf"wasm_({TYPES})_as_externtype(_const)?": "types are not converted into general ones",
    r"wasm_externtype_as_\w+": "imports that are not functions have only a kind",
    r"wasm_(func|global|memory|table|trap|foreign)_same": "wasm_extern_same and wasm_ref_same serve all",
    r"wasm_(exporttype_type|extern_type)": "the exports of an instance know their types",
    r"wasm_(exporttype|importtype|memorytype)_new": "no such types are made",
    r"wasm_(memorytype|tabletype)_limits": "vitrine_limits_t has those of 64 bits, too",
    r"wasm_engine_new(_with_config)?": "vitrine_engine_new says what is wrong",
    r"wasm_config_delete": "vitrine_engine_new deletes it",
    r"wasm_(foreign|trap)_copy|wasm_foreign_delete": "a reference or an error owns it",
    r"wasm_module_(new|validate|deserialize)": "vitrine_module_new says what is wrong",
    r"wasm_instance_(new|exports)": "vitrine_linker_instantiate and vitrine_instance_export take names",
    r"wasm_func_(new|new_with_env|call|param_arity|result_arity)": "vitrine/func.h has all kinds of values",
    r"wasm_global_(new|get|set)": "vitrine/entity.h has all kinds of values",
    r"wasm_(memory_(new|size|grow|data_size|type)|table_(new|get|set|size|grow))": "vitrine/entity.h says what is wrong",
    r"wasm_trap_(new|message|origin)": "vitrine_error_new makes traps; Trap has the message and all frames",
    # vitrine.h.
    r"vitrine_instance_new|vitrine_session_instantiate": "a linker resolves the imports by name",
    r"vitrine_instance_(func|memory)": "vitrine_instance_export finds all kinds",
    r"vitrine_instance_debug_(func|global|memory|shared_memory|table|tag)(_named)?": "vitrine_instance_debug_extern",
    r"vitrine_module_from_file|vitrine_component_from_file": "_from_part_of_file has whole files, too",
    r"vitrine_module_from_memory": "Module copies the bytes, which Python may change",
    r"vitrine_caller_store": "Caller knows its store",
    r"vitrine_event_delete": "what is in an event is taken out of it",
    r"vitrine_slot_delete": "the vector deletes them",
    r"vitrine_breakpoint_(module|options)|vitrine_watchpoint_(access|options)": "Breakpoint and Watchpoint know them",
    r"vitrine_wasi_config_listener|vitrine_wasi_listener_(bind|address|delete)": "Python has sockets of its own",
    r"vitrine_component_val_(from_int|from_float)": "numbers are written in WAVE, as all values are",
    r"vitrine_prepared_component_component": "PreparedComponent knows its component",
    r"vitrine_wasi_config_paths_by_component": "for tests of the library",
    r"vitrine_component_val_field": "fields are read by position",
}


def functions():
    return {name for name in dir(_c.lib) if re.match("(vitrine|wasm)_", name) and not name.startswith("vitrine_py_")}


def used():
    """The functions that the sources name, and what is put together without a row in MADE_NAMES."""
    sources = [*(ROOT / "python/vitrine").glob("*.py"), ROOT / "python/call.c"]
    text = "\n".join(path.read_text() for path in sources)
    names = set(re.findall(r"\b(?:vitrine|wasm)_\w+", text))
    unknown = set()
    for made in re.findall(r'getattr\(lib, f"([^"]*)"\)', text):
        for value in MADE_NAMES.get(made, []):
            parts = iter(value.split(":"))
            names.add(re.sub(r"\{[^}]*\}", lambda _: next(parts), made))
        if made not in MADE_NAMES:
            unknown.add(made)
    return names, unknown


class Functions(unittest.TestCase):
    def test_all_are_used_or_have_a_reason(self):
        names, unknown = used()
        self.assertEqual(unknown, set(), "names without a row in MADE_NAMES")
        self.assertGreater(len(functions()), 600)
        without = functions() - names
        without = {name for name in without if not any(re.fullmatch(row, name) for row in UNUSED)}
        self.assertEqual(sorted(without), [], "use them in python/vitrine, or add rows to UNUSED")

    def test_no_row_is_stale(self):
        names, _ = used()
        without = functions() - names
        for row in UNUSED:
            self.assertTrue(any(re.fullmatch(row, name) for name in without), row)
        for made, values in MADE_NAMES.items():
            for value in values:
                parts = iter(value.split(":"))
                self.assertIn(re.sub(r"\{[^}]*\}", lambda _: next(parts), made), functions())


if __name__ == "__main__":
    unittest.main()
