# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Debug sessions: breakpoints, watchpoints, stops, frames."""

from __future__ import annotations

import threading
import weakref
from typing import Any, Callable, Generic, Iterator, Mapping, Sequence, TypeVar, overload

from ._component import Component, ComponentFunc, ComponentInstance, ComponentLinker, PreparedComponent, unwrapped
from ._entities import Func, Place, Tag, entered, failure_of
from ._errors import TRAP_KINDS, Error, Exit, Trap, check
from ._html import counted, escaped, table
from ._instance import Instance, Linker
from ._native import (
    KINDS,
    bytes_of,
    callback,
    encoded,
    enumeration,
    ffi,
    keep,
    lib,
    owned,
    taken_pointers,
    taken_text,
    text,
)
from ._store import Entity, Module, Store
from ._values import Ref, Val, Vals, ValType, copied_val, from_val, results_of, text_of

# How many frames a notebook shows.
MOST_FRAMES = 20
# How a handler resumes the guest, by the functions that resume a run.
RESUMES = {
    "resume": lib.VITRINE_RESUME_GO,
    "step": lib.VITRINE_RESUME_STEP,
    "step_over": lib.VITRINE_RESUME_STEP_OVER,
    "step_out": lib.VITRINE_RESUME_STEP_OUT,
    "run_to": lib.VITRINE_RESUME_RUN_TO,
    "kill_stopped": lib.VITRINE_RESUME_KILL,
}
ACCESSES = {name: number for number, name in enumeration("VITRINE_WATCH_").items()}
STOP_ON = {
    name.removeprefix("VITRINE_STOP_ON_").lower(): getattr(lib, name)
    for name in dir(lib)
    if name.startswith("VITRINE_STOP_ON_") and name != "VITRINE_STOP_ON_DEFAULT"
}
STOP_KINDS = {
    getattr(lib, name): name.removeprefix("VITRINE_STOP_").lower()
    for name in dir(lib)
    if name.startswith("VITRINE_STOP_") and not name.startswith("VITRINE_STOP_ON_")
}


def is_component_func(func: Any) -> bool:
    return isinstance(func, ComponentFunc)


class Slot:
    """A local or an operand of a frame, as it was when it was read.

    `name` is from the name section, and empty for an operand. `text` is the value as text. `val_type` is its
    exact type, and `type` that in the text format. `index` and `value` are its index and value.
    """

    def __init__(self, index: int, name: str, val_type: ValType, text: str, value: Any):
        self.index, self.name, self.val_type, self.text, self.value = index, name, val_type, text, value

    @property
    def type(self) -> str:
        """Its type in the text format."""
        return self.val_type.text

    def __repr__(self) -> str:
        return f"<Slot {self.name or self.index}: {self.type} = {self.text}>"


class Slots(Mapping["int | str", Any]):
    """The locals or operands of a frame: values by name or index, which can be assigned.

    What has no name in the module has its index as its key. Operands have no names; the bottom of the
    stack has index 0, and -1 is its top.
    """

    def __init__(self, frame: Frame, what: str):
        self._frame, self._what = frame, what

    def slots(self) -> list[Slot]:
        """All of them with types and texts."""
        vector = ffi.new("vitrine_slot_vec_t*")
        check(getattr(lib, f"vitrine_debug_frame_{self._what}s")(self._frame._pointer, vector))
        found = []
        for i in range(vector.size):
            slot = vector.data[i]
            name, shown = text(lib.vitrine_slot_name(slot)), text(lib.vitrine_slot_text(slot))
            value = copied_val(self._frame._store, lib.vitrine_slot_value(slot))
            found.append(Slot(i, name, ValType._of(lib.vitrine_slot_type(slot)), shown, value))
        lib.vitrine_slot_vec_delete(vector)
        return found

    def _slot(self, key: int | str) -> Slot:
        slots = self.slots()
        if isinstance(key, int):
            index = key + (len(slots) if key < 0 else 0)
            if 0 <= index < len(slots):
                return slots[index]
        else:
            for slot in slots:
                if slot.name == key:
                    return slot
        raise KeyError(key)

    def __getitem__(self, key: int | str) -> Any:
        return self._slot(key).value

    def __setitem__(self, key: int | str, value: Any) -> None:
        slot = self._slot(key)
        with Val(self._frame._store, slot.val_type.kind, value) as val:
            check(getattr(lib, f"vitrine_debug_frame_set_{self._what}")(self._frame._pointer, slot.index, val))

    def place(self, key: int | str) -> Place:
        """The place of a local, to watch it as long as its frame exists."""
        if self._what != "local":
            raise Error("operands cannot be watched")
        return Place(self._frame._store, lib.vitrine_place_new_local(self._frame._pointer, self._slot(key).index))

    def _ipython_key_completions_(self) -> list[str]:
        return [slot.name for slot in self.slots() if slot.name]

    def __iter__(self) -> Iterator[int | str]:
        return iter([slot.name or slot.index for slot in self.slots()])

    def __len__(self) -> int:
        return len(self.slots())

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{slot.name or slot.index}: {slot.text}" for slot in self.slots()) + "}"

    def _repr_html_(self) -> str:
        rows = [(slot.index, slot.name, slot.type, slot.text) for slot in self.slots()]
        return table(f"{self._what}s", ("index", "name", "type", "value"), rows)


class Frame:
    """A frame of a stopped guest. Stale when the guest has resumed: using it raises `Error` then."""

    def __init__(self, store: Store, pointer: Any):
        self._store, self._pointer = store, pointer

    @property
    def is_valid(self) -> bool:
        """False if the guest has resumed since."""
        return bool(lib.vitrine_debug_frame_is_valid(self._pointer))

    @property
    def is_host(self) -> bool:
        """Whether it is the frame of a function of the host that the guest called."""
        return bool(lib.vitrine_debug_frame_is_host(self._pointer))

    @property
    def name(self) -> str:
        """The name of its function."""
        return taken_text(lib.vitrine_debug_frame_name, self._pointer)

    @property
    def func(self) -> Func | None:
        """Its function. None if the frame is stale."""
        pointer = lib.vitrine_debug_frame_func(self._pointer)
        return Func(self._store, owned(pointer, lib.wasm_func_delete)) if pointer else None

    @property
    def instance(self) -> Instance | None:
        """None for a function of the host."""
        pointer = lib.vitrine_debug_frame_instance(self._pointer)
        return Instance._of(self._store, owned(pointer, lib.wasm_instance_delete)) if pointer else None

    @property
    def module(self) -> Module | None:
        """None for a function of the host."""
        pointer = lib.vitrine_debug_frame_module(self._pointer)
        return Module._of(self._store, owned(pointer, lib.wasm_module_delete)) if pointer else None

    @property
    def core_name(self) -> str | None:
        """The name of its core instance in its component, such as `calc/main`. None if it is not part of a
        component, or the component is still being instantiated."""
        instance = self.instance
        return instance.core_name if instance else None

    @property
    def offset(self) -> int:
        """Byte offset in the module: of the next instruction in the innermost frame, of the one after the call
        in callers."""
        return int(lib.vitrine_debug_frame_offset(self._pointer))

    @property
    def activation(self) -> int:
        """The call from the host to the guest that it belongs to, counted from 0 for the outermost."""
        return int(lib.vitrine_debug_frame_activation(self._pointer))

    @property
    def locals(self) -> Slots:
        """Parameters and locals."""
        return Slots(self, "local")

    @property
    def operands(self) -> Slots:
        """The operand stack, its bottom first."""
        return Slots(self, "operand")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression (docs/expressions.md), such as `$n * 2` or `i32[$sp + 12]`."""
        val = ffi.new("vitrine_val_t*")
        check(lib.vitrine_debug_frame_evaluate(self._pointer, encoded(expression), val), self._store)
        return from_val(self._store, val)

    def text_of(self, expression: str) -> str:
        """The value of an expression as text. It may also be a string, such as `cstr[1024]`."""
        return text_of(lib.vitrine_debug_frame_text_of, self._pointer, encoded(expression))

    def assign(self, assignment: str) -> None:
        """Runs `place = expression`, or a compound assignment such as `+=`."""
        check(lib.vitrine_debug_frame_assign(self._pointer, encoded(assignment)), self._store)

    def place(self, expression: str) -> Place:
        """The place that an expression names, to watch it: a local, a global, `i32[$sp]`, `table[2]`."""
        out = ffi.new("vitrine_place_t**")
        check(lib.vitrine_debug_frame_place(self._pointer, encoded(expression), out), self._store)
        return Place(self._store, out[0])

    def __repr__(self) -> str:
        if not self.is_valid:
            return "<Frame, stale>"
        if self.is_host:
            return f"<Frame {self.name} of the host>"
        values = "".join(f", {slot.name or slot.index}={slot.text}" for slot in self.locals.slots())
        core_name = self.core_name
        return f"<Frame {self.name}{f' in {core_name}' if core_name else ''} at {self.offset:#x}{values}>"

    def _repr_html_(self) -> str:
        if not self.is_valid or self.is_host:
            return escaped(repr(self))
        rows = [(slot.name or slot.index, slot.type, slot.text) for slot in self.locals.slots()]
        rows += [(f"operand {slot.index}", slot.type, slot.text) for slot in self.operands.slots()]
        core_name = self.core_name
        caption = f"{self.name}{f' in {core_name}' if core_name else ''} at {self.offset:#x}"
        return table(caption, ("name", "type", "value"), rows)


class Reason:
    """Why the guest stopped. Stays readable after the guest has resumed.

    `kind` is `entry`, `breakpoint`, `step`, `interrupt`, `trap`, `throw`, `load`, `call_end`,
    `watchpoint`, `exit` or `component_call`. `id` is that of the breakpoint or watchpoint, otherwise 0.
    `thread` is the id of the guest thread that stopped. `text` is the whole reason, such as `breakpoint 1`;
    `details` are more words on it.
    """

    def __init__(self, store: Store, pointer: Any, stopped: Any):
        self._store, self._pointer, self._stopped = store, pointer, stopped
        self.kind: str = STOP_KINDS[lib.vitrine_stop_reason_kind(pointer)]
        self.id: int = lib.vitrine_stop_reason_id(pointer)
        self.thread: int = lib.vitrine_stop_reason_thread(pointer)
        self.text: str = text(lib.vitrine_stop_reason_to_text(pointer))
        self.details: str = text(lib.vitrine_stop_reason_details(pointer))
        #: The kind of the trap, as `Trap.kind`. None if the reason is no trap.
        self.trap: str | None = TRAP_KINDS[lib.vitrine_stop_reason_trap(pointer)] if self.kind == "trap" else None

    @property
    def exception(self) -> Ref | None:
        """The exception of a throw, or of a trap if nothing catches it."""
        pointer = lib.vitrine_stop_reason_exception(self._pointer)
        return Ref(self._store, owned(pointer, lib.wasm_ref_delete), "exnref") if pointer else None

    @property
    def instance(self) -> Instance | None:
        """The new instance of a `load`."""
        pointer = lib.vitrine_stop_reason_instance(self._pointer)
        return Instance._of(self._store, owned(pointer, lib.wasm_instance_delete)) if pointer else None

    @property
    def exit_status(self) -> int | None:
        """The status with which the guest ends when it resumes. None if the reason is no exit."""
        out = ffi.new("int32_t*")
        return int(out[0]) if lib.vitrine_stop_reason_exit_status(self._pointer, out) else None

    @property
    def is_write(self) -> bool:
        """Whether the access to a watched place was a write."""
        return bool(lib.vitrine_stop_reason_is_write(self._pointer))

    @property
    def watched(self) -> tuple[Any, Any] | None:
        """What was watched, before and after the access: bytes of a memory, or a value. None if the reason is
        no watchpoint."""
        old, new = ffi.new("wasm_byte_vec_t*"), ffi.new("wasm_byte_vec_t*")
        if lib.vitrine_stop_reason_watched_bytes(self._pointer, old, new):
            both = bytes_of(old), bytes_of(new)
            lib.wasm_byte_vec_delete(old)
            lib.wasm_byte_vec_delete(new)
            return both
        old, new = ffi.new("vitrine_val_t*"), ffi.new("vitrine_val_t*")
        if lib.vitrine_stop_reason_watched_values(self._pointer, old, new):
            return from_val(self._store, old), from_val(self._store, new)
        return None

    @property
    def results(self) -> Any:
        """What a call on a stopped thread, or a function that a step left, has returned: None, a value or a
        tuple. Raises if that call failed."""
        vector, error = ffi.new("vitrine_val_vec_t*"), ffi.new("vitrine_error_t**")
        if not lib.vitrine_stop_reason_results(self._pointer, vector, error):
            return None
        check(error[0], self._store)
        return taken_results(self._store, vector)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Reason {self.text}>"


def taken_results(store: Store, vector: Any) -> Any:
    """The results in a vector, which is deleted."""
    values = [copied_val(store, vector.data + i) for i in range(vector.size)]
    lib.vitrine_val_vec_delete(vector)
    return results_of(tuple(values))


class Thread:
    """A guest thread. `id` starts at 1 and is never reused."""

    def __init__(self, session: Session, pointer: Any):
        self._session, self._pointer = session, pointer
        self.id: int = lib.vitrine_guest_thread_id(pointer)

    @property
    def is_running(self) -> bool:
        """Whether it runs guest code, or a function of the host that guest code called."""
        return bool(lib.vitrine_guest_thread_is_running(self._pointer))

    @property
    def frames(self) -> list[Frame]:
        """Innermost first."""
        return frames_of(self._session, lib.vitrine_guest_thread_frames, self._pointer)

    def __repr__(self) -> str:
        return f"<Thread {self.id}>"


def frames_of(session: Session, function: Any, pointer: Any) -> list[Frame]:
    vector = ffi.new("vitrine_debug_frame_vec_t*")
    check(function(pointer, vector))
    pointers = taken_pointers(vector, lib.vitrine_debug_frame_delete)
    lib.vitrine_debug_frame_vec_delete(vector)
    store = session._store_of(pointers)
    return [Frame(store, frame) for frame in pointers]


class Stop:
    """A stopped guest: a step of a `Run`. Stale when the guest has resumed; its reason stays readable.

    `resume`, `step`, `step_over`, `step_out`, `run_to` and `kill` say how the guest goes on when the loop
    comes to its next iteration. The last one counts; without any, the guest resumes. `thread` is the id of
    the thread to step; 0 is the one that stopped. `reason` says why the guest stopped.
    """

    def __init__(self, session: Session, pointer: Any, reason: Any = None):
        self._session, self._store, self._own = session, session.store, pointer
        self._next: tuple[Any, ...] = ("resume",)
        frames = self.frames if session._stores else []
        if frames:
            self._store = frames[0]._store
        self.reason = Reason(self._store, lib.vitrine_stopped_reason(pointer) if reason is None else reason, pointer)

    @property
    def _pointer(self) -> Any:
        if not self.is_valid:
            raise Error("the stop is stale: the guest has resumed")
        return self._own

    @property
    def is_valid(self) -> bool:
        """Whether the guest is still stopped here. False once it was resumed or ended."""
        return self._own is not None and bool(lib.vitrine_stopped_is_valid(self._own))

    @property
    def frames(self) -> list[Frame]:
        """The frames of the thread that stopped, innermost first."""
        return frames_of(self._session, lib.vitrine_stopped_frames, self._pointer)

    @property
    def frame(self) -> Frame:
        """The innermost frame."""
        frames = self.frames
        if not frames:
            raise Error("the thread has no frames")
        return frames[0]

    @property
    def threads(self) -> list[Thread]:
        """All guest threads, which are all stopped."""
        vector = ffi.new("vitrine_guest_thread_vec_t*")
        check(lib.vitrine_stopped_threads(self._pointer, vector))
        threads = [Thread(self._session, thread) for thread in taken_pointers(vector, lib.vitrine_guest_thread_delete)]
        lib.vitrine_guest_thread_vec_delete(vector)
        return threads

    def resume(self) -> None:
        """Goes on to the next stop."""
        self._next = ("resume",)

    def step(self, thread: int = 0) -> None:
        """Executes one instruction."""
        self._next = ("step", thread)

    def step_over(self, thread: int = 0) -> None:
        """Executes one instruction. A call runs until it returns."""
        self._next = ("step_over", thread)

    def step_out(self, thread: int = 0) -> None:
        """Runs until the innermost frame has returned to its caller. `reason.results` of the next stop says
        what it returned."""
        self._next = ("step_out", thread)

    def run_to(self, offset: int, thread: int = 0) -> None:
        """Runs to the first instruction at or after `offset` in the function of the innermost guest frame."""
        self._next = ("run_to", offset, thread)

    def kill(self) -> None:
        """Ends the guest. The loop then raises the trap `killed`."""
        self._next = ("kill_stopped",)

    def jump(self, offset: int, thread: int = 0) -> None:
        """Continues elsewhere in the function of the innermost frame. Frames that were obtained before this
        and the next four are stale afterwards."""
        check(lib.vitrine_stopped_jump(self._pointer, offset, thread), self._store)

    def skip(self, thread: int = 0) -> None:
        """Skips the next instruction and drops the operands it would have taken."""
        check(lib.vitrine_stopped_skip(self._pointer, thread), self._store)

    def return_from(self, frame: Frame, *results: Any) -> None:
        """Makes the frame return these results to its caller."""
        func = frame.func
        if func is None:
            raise Error("the frame is stale")
        with Vals(frame._store, func.type.results, results) as vals:
            check(lib.vitrine_stopped_return_from(self._pointer, frame._pointer, vals, len(results)), self._store)

    def throw(self, tag: Tag, *values: Any, thread: int = 0) -> None:
        """Throws an exception instead of executing the next instruction."""
        with Vals(tag._store, tag.type.params, values) as vals:
            check(lib.vitrine_stopped_throw(self._pointer, tag._extern, vals, len(values), thread), self._store)

    def clear_exception(self, thread: int = 0) -> None:
        """Discards the exception that is being thrown: the call from the host fails."""
        check(lib.vitrine_stopped_clear_exception(self._pointer, thread), self._store)

    def call(self, func: Func | ComponentFunc, *args: Any, thread: int = 0) -> Any:
        """Calls a function on the stopped thread, on top of its frames, and returns its results. Does not stop
        in it. The guest is where it was before; frames that were obtained before are stale."""
        event = ffi.new("vitrine_event_t*")
        self._session._call(func, args, event, thread, self._pointer)
        while True:
            self._own = owned(event.stopped, lib.vitrine_stopped_delete)
            reason = Reason(self._store, lib.vitrine_stopped_reason(self._own), self._own)
            if reason.kind == "call_end":
                results = reason.results  # raises if the call failed
                return unwrapped(self._session._component_result(func)) if is_component_func(func) else results
            event = ffi.new("vitrine_event_t*")
            self._session._run(lib.vitrine_session_resume, self._own, event)

    def __repr__(self) -> str:
        try:
            frames = self.frames
        except Error:
            return f"<Stop {self.reason}, stale>"
        return f"<Stop {self.reason}{f' in {frames[0]!r}' if frames else ''}>"

    def _repr_html_(self) -> str:
        if not self.is_valid:
            return escaped(repr(self))
        frames = self.frames
        shown = "".join(f"<li>{frame._repr_html_()}</li>" for frame in frames[:MOST_FRAMES])
        more = len(frames) - MOST_FRAMES
        rest = f"<p>and {counted(more, 'more frame')}</p>" if more > 0 else ""
        return f"<p><b>{escaped(self.reason)}</b></p><ol start='0'>{shown}</ol>{rest}"


Made = TypeVar("Made", Instance, ComponentInstance)


class Run(Generic[Made]):
    """A call that a session makes: iterate over its stops. The guest starts with the first iteration.

    When the loop ends, `results` are what the call returned, and `instance` is what `Session.instantiate`
    made. A trap or an exit of the guest is raised by the loop. After a `break`, the guest stays stopped: go
    on with another loop, `finish` or `kill`.
    """

    def __init__(
        self,
        session: Session,
        start: Callable[[Any], None],
        func: Func | ComponentFunc | None = None,
        component: Component | None = None,
    ):
        self._session, self._start, self._func, self._component = session, start, func, component
        self._stop: Stop | None = None
        self._state = "new"
        self._results: Any = None
        self._instance: Made | None = None

    def __iter__(self) -> Run[Made]:
        return self

    def __next__(self) -> Stop:
        while self._state != "ended":
            self._advance()
            if self._stop is not None and self._session._wants(self._stop):
                return self._stop
        raise StopIteration

    def go(self) -> None:
        """Resumes the guest, and does not wait for its next stop: the loop does. Until then, the store must not
        be used. `Session.interrupt` stops the guest."""
        if self._stop is None:
            raise Error("the guest is not stopped")
        self._session._go(self._stop)
        self._stop = None

    def _advance(self) -> None:
        session, store, stop = self._session, self._session.store, self._stop
        event = ffi.new("vitrine_event_t*")
        try:
            if stop is None and self._state == "new":
                self._state = "running"
                self._start(event)
            else:
                session._advance(stop, event)
        except BaseException as error:
            self._stop = None
            refused = isinstance(error, Error) and not isinstance(error, (Trap, Exit))
            if event.stopped:
                # Ctrl-C came with the stop. The guest ends, as it does without a session.
                killed = lib.vitrine_session_kill_stopped(session._pointer, event.stopped, ffi.new("vitrine_event_t*"))
                lib.vitrine_error_delete(killed)
                lib.vitrine_stopped_delete(event.stopped)
                self._state = "ended"
            elif refused and stop is not None and stop.is_valid:
                # The guest is where it was: it could not be resumed in this way.
                stop.resume()
                self._stop = stop
            else:
                self._state = "ended"
            raise
        if event.stopped:
            self._stop = Stop(session, owned(event.stopped, lib.vitrine_stopped_delete))
            return
        self._stop, self._state = None, "ended"
        self._results = taken_results(store, ffi.addressof(event, "results"))
        if is_component_func(self._func):
            self._results = session._component_result(self._func)
        self._instance = session._made(self._component)

    def finish(self) -> Any:
        """Runs to the end, whatever stops on the way, and returns the results."""
        for stop in self:
            stop.resume()
        return self.results

    def kill(self) -> None:
        """Ends the guest."""
        if self._state == "new":
            self._state = "ended"
        if self._state == "ended":
            return
        if self._stop is None:
            self._session.kill()
        else:
            self._stop.kill()
        try:
            self._advance()
        except Trap as trap:
            if trap.kind != "killed":
                raise

    @property
    def results(self) -> Any:
        """What the call returned: None, a value or a tuple. Raises `Error` before its end."""
        if self._state != "ended":
            raise Error("the call has not ended")
        return unwrapped(self._results) if is_component_func(self._func) else self._results

    @property
    def instance(self) -> Made:
        """What `Session.instantiate` made."""
        if self._state != "ended" or self._instance is None:
            raise Error("there is no instance yet")
        return self._instance

    def __repr__(self) -> str:
        return f"<Run {self._stop!r}>" if self._stop else f"<Run, {self._state}>"


def change_options(changed: Breakpoint | Watchpoint, kind: str, options: dict[str, Any]) -> None:
    unknown = [name for name in options if name not in changed._options]
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r}; there are {', '.join(changed._options)}")
    session = changed._session
    new = session._options(kind, **{**changed._options, **options})
    check(getattr(lib, f"vitrine_session_change_{kind}")(session._pointer, changed.id, new[0]))
    changed._options.update(options)
    session._callbacks[changed.id] = changed._options["callback"]


class Breakpoint:
    """A breakpoint of a session, in a `module`. Its `id` is in the reasons of its stops."""

    def __init__(self, session: Session, id: int, module: Module, options: dict[str, Any]):
        self._session, self.id, self.module, self._options = session, id, module, options

    def _row(self) -> Any:
        row = self._session._rows("breakpoint").get(self.id)
        if row is None:
            raise Error(f"breakpoint {self.id} is removed")
        return row

    @property
    def requested_offset(self) -> int:
        """The offset that was asked for."""
        return int(lib.vitrine_breakpoint_requested_offset(self._row()))

    @property
    def options(self) -> dict[str, Any]:
        """The options of `Session.add_breakpoint`."""
        return dict(self._options)

    @property
    def offset(self) -> int:
        """The offset of the instruction that it was set on."""
        return int(lib.vitrine_breakpoint_offset(self._row()))

    @property
    def hits(self) -> int:
        """How often the guest reached it while its condition was true."""
        return int(lib.vitrine_breakpoint_hits(self._row()))

    def change(self, **options: Any) -> None:
        """Changes options of `Session.add_breakpoint`. The count of hits is kept."""
        change_options(self, "breakpoint", options)

    def remove(self) -> None:
        """Removes it from the session."""
        check(lib.vitrine_session_remove_breakpoint(self._session._pointer, self.id))
        self._session._callbacks.pop(self.id, None)

    def __repr__(self) -> str:
        try:
            offset, hits = self.offset, self.hits
        except Error:
            return f"<Breakpoint {self.id}, removed>"
        condition = self._options["condition"]
        what = f"at {offset:#x}{f' if {condition}' if condition else ''}"
        return f"<Breakpoint {self.id} {what}, {counted(hits, 'hit')}>"


class Watchpoint:
    """A watchpoint of a session, on an `access` to a `place`. Its `id` is in the reasons of its stops."""

    def __init__(self, session: Session, id: int, place: Place, access: str, options: dict[str, Any]):
        self._session, self.id, self.place, self.access, self._options = session, id, place, access, options

    @property
    def options(self) -> dict[str, Any]:
        """The options of `Session.add_watchpoint`."""
        return dict(self._options)

    def change(self, **options: Any) -> None:
        """Changes options of `Session.add_watchpoint`. The count of hits is kept. Raises `Error` while the guest
        runs, and for a local whose frame has ended."""
        change_options(self, "watchpoint", options)

    @property
    def hits(self) -> int:
        """How often it has stopped the guest. Raises `Error` when it is removed; one on a local is removed when
        the frame of the local returns."""
        row = self._session._rows("watchpoint").get(self.id)
        if row is not None:
            return int(lib.vitrine_watchpoint_hits(row))
        raise Error(f"watchpoint {self.id} is removed")

    def remove(self) -> None:
        """Removes it from the session."""
        check(lib.vitrine_session_remove_watchpoint(self._session._pointer, self.id))
        self._session._callbacks.pop(self.id, None)

    def __repr__(self) -> str:
        return f"<Watchpoint {self.id} on {self.access} of {self.place!r}>"


@callback
def vitrine_py_message(env: Any, message: Any) -> None:
    ffi.from_handle(env)(text(message))


@callback
def vitrine_py_body(env: Any) -> Any:
    store, body = ffi.from_handle(env)
    with entered(store):
        try:
            body()
            return ffi.NULL
        except BaseException as error:
            return failure_of(store, error)


@callback
def vitrine_py_stop(env: Any, stopped: Any) -> Any:
    resume = ffi.new("vitrine_resume_t*", {"kind": lib.VITRINE_RESUME_GO})
    session = ffi.from_handle(env)()
    if session is None or session._handler is None:
        return resume[0]
    reason = owned(lib.vitrine_session_stopped(session._pointer), lib.vitrine_stop_reason_delete)
    stop = Stop(session, stopped, reason)
    store = stop._store
    with entered(store):
        try:
            if session._wants(stop):
                session._handler(stop)
            name, *args = stop._next
            if args and args[-1] != 0:
                raise Error("a handler resumes the thread that has stopped")
            resume.kind = RESUMES[name]
            resume.offset = args[0] if name == "run_to" else 0
        except BaseException as error:
            store._raised = error
            resume.kind = lib.VITRINE_RESUME_KILL
        finally:
            stop._own = None  # it remains with the library
    return resume[0]


class Session:
    """Debugs the guest of a store, whose engine needs `guest_debug`. A store has at most one session.

    The guest runs on a thread of its own. The body of a loop over `call` runs while it is stopped:

    >>> import vitrine
    >>> store = vitrine.Store(guest_debug=True)
    >>> module = vitrine.Module(store, "bank.wasm")
    >>> bank = vitrine.Instance(store, module, {"host": {"print": lambda number: None}})
    >>> session = vitrine.Session(store)
    >>> session.add_breakpoint(module, "twice", condition="$n > 2")
    <Breakpoint 1 at 0x6c if $n > 2, 0 hits>
    >>> run = session.call(bank["run"], 3)
    >>> for stop in run:
    ...     print(stop.reason, stop.frame.locals)
    ...     stop.frame.locals["n"] = 50
    breakpoint 1 {n: 3}
    >>> run.results
    100

    With a `handler`, the program calls the guest as usual, on its own thread. The handler is called at each
    stop, on that thread. It says how the guest goes on, as the body of the loop does, and may call the guest.
    What it raises ends the guest, and comes out of the call.
    """

    def __init__(self, store: Store, *, handler: Callable[[Stop], Any] | None = None):
        #: The store that it debugs.
        self.store: Store = store
        # Those of other guest threads.
        self._stores: list[Store] = []
        # What Python functions say about stops, by the id of the breakpoint or watchpoint.
        self._callbacks: dict[int, Callable[[Stop], Any] | None] = {}
        self._breakpoints: dict[int, Breakpoint] = {}
        self._watchpoints: dict[int, Watchpoint] = {}
        self._handler = handler
        out = ffi.new("vitrine_session_t**")
        if handler is None:
            check(lib.vitrine_session_new(store._pointer, out))
        else:
            env = keep(weakref.ref(self))
            check(
                lib.vitrine_session_new_with_handler(
                    store._pointer, lib.vitrine_py_stop, env, lib.vitrine_py_release, out
                )
            )

        def delete(pointer: Any) -> None:
            lib.vitrine_session_delete(pointer)
            store._stands()

        self._own = owned(out[0], delete)

    @property
    def _pointer(self) -> Any:
        if self._own is None:
            raise Error("the session is closed")
        return self._own

    def close(self) -> None:
        """Ends the session, and with it a call of the guest that has not ended. A handler, and a function that
        the guest calls, cannot close it."""
        guest = self.store._guest
        if guest.calls and guest.thread == threading.get_ident():
            raise Error("the session cannot be closed by what its guest calls")
        if self._own is not None:
            own, self._own = self._own, None
            ffi.release(own)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_store(self, store: Store) -> None:
        """Adds the store of another guest thread, which the program runs, such as with `threading.Thread`. It has
        the same engine, and its guest must not be running. Breakpoints apply to it as well, if its modules are
        from `Module.obtain`, and when one thread stops, all stop. `wait` returns its stops."""
        check(lib.vitrine_session_add_store(self._pointer, store._pointer), store)
        self._stores.append(store)

    def remove_store(self, store: Store) -> None:
        """Removes a store that `add_store` has added. Its guest must not be running."""
        check(lib.vitrine_session_remove_store(self._pointer, store._pointer), store)
        self._stores.remove(store)

    def _store_of(self, frames: Sequence[Any]) -> Store:
        """The store of the thread that has these frames."""
        if not self._stores:
            return self.store
        for frame in frames:
            pointer = lib.vitrine_debug_frame_instance(frame)
            if pointer:
                instance = owned(pointer, lib.wasm_instance_delete)
                for store in self._stores:
                    if any(lib.wasm_instance_same(instance, one._pointer) for one in store.debug_instances or ()):
                        return store
                break
        return self.store

    def wait(self) -> Stop:
        """Waits for the next stop of a guest that the program runs on another thread, in a store that was
        added. If it is stopped already, returns its stop. Ctrl-C takes effect with the next stop."""
        event = ffi.new("vitrine_event_t*")
        self._run(lib.vitrine_session_wait, event)
        if not event.stopped:
            raise Error("the guest has ended")
        return Stop(self, owned(event.stopped, lib.vitrine_stopped_delete))

    def go(self, stop: Stop) -> None:
        """Resumes the guest from a stop that `wait` has returned. A step, or what else the stop has been told to
        do, is done at once: call `wait` for the next stop."""
        if stop._next == ("resume",):
            self._run(lib.vitrine_session_go, stop._pointer)
            return
        event = ffi.new("vitrine_event_t*")
        self._advance(stop, event)
        if event.stopped:
            lib.vitrine_stopped_delete(event.stopped)

    def _go(self, stop: Stop) -> None:
        """Resumes a run of the session."""
        self._run(lib.vitrine_session_go, stop._pointer)
        self.store._goes()

    def _advance(self, stop: Stop | None, event: Any) -> None:
        """Resumes the guest as the stop says, or waits for one that has resumed already."""
        if stop is not None:
            name, *args = stop._next
            self._run(getattr(lib, f"vitrine_session_{name}"), stop._pointer, *args, event)
            return
        try:
            self._run(lib.vitrine_session_wait, event)
        finally:
            self.store._stands()

    def _options(self, kind: str, **options: Any) -> tuple[Any, list[Any]]:
        """The `vitrine_breakpoint_options_t` or `vitrine_watchpoint_options_t`, and what keeps its texts
        alive."""
        out = ffi.new(f"vitrine_{kind}_options_t*")
        out.size = ffi.sizeof(out[0])
        kept = []
        for name in ("condition", "message"):
            if options.get(name) is not None:
                kept.append(ffi.new("char[]", encoded(options[name])))
                setattr(out, name, kept[-1])
        if options.get("instance") is not None:
            out.instance = options["instance"]._pointer
        out.ignore_count = options["ignore_count"]
        out.every = options["every"]
        if "temporary" in options:
            out.is_temporary = options["temporary"]
        out.is_disabled = not options["enabled"]
        return out, kept

    def add_breakpoint(
        self,
        module: Module,
        where: int | str | Entity,
        *,
        condition: str | None = None,
        callback: Callable[[Stop], Any] | None = None,
        instance: Instance | None = None,
        ignore_count: int = 0,
        every: int = 1,
        message: str | None = None,
        temporary: bool = False,
        enabled: bool = True,
    ) -> Breakpoint:
        """Adds a breakpoint at a byte offset of the module, or at the first instruction of a function.

        `condition` is an expression (docs/expressions.md). `callback` is called with each stop; if it
        returns False, the guest goes on as the callback has said, and the loop does not see the stop. The
        first `ignore_count` hits are skipped, and of those after them only each `every`-th stops. A
        breakpoint with a `message` logs it instead of stopping; each `{expression}` in it is replaced by its
        value. A `temporary` one is removed after its first stop.
        """
        if not isinstance(where, int):
            entity = module.func(where) if isinstance(where, str) else where
            if not entity.offset:
                raise Error(f"{entity!r} has no body")
            where = entity.offset
        options = {
            "condition": condition,
            "callback": callback,
            "instance": instance,
            "ignore_count": ignore_count,
            "every": every,
            "message": message,
            "temporary": temporary,
            "enabled": enabled,
        }
        id, (out, _kept) = ffi.new("uint32_t*"), self._options("breakpoint", **options)
        check(lib.vitrine_session_add_breakpoint(self._pointer, module._pointer, where, out, id))
        self._callbacks[id[0]] = callback
        made = self._breakpoints[id[0]] = Breakpoint(self, id[0], module, options)
        return made

    def add_watchpoint(
        self,
        place: Place,
        access: str = "change",
        *,
        condition: str | None = None,
        callback: Callable[[Stop], Any] | None = None,
        ignore_count: int = 0,
        every: int = 1,
        enabled: bool = True,
    ) -> Watchpoint:
        """Stops the guest after it accesses a place: `read`, `write`, `read_write`, or `change` for writes that
        change the value. `Global`, `Memory` and `Table` have a method `place`; so have instances and frames,
        for expressions. The other options are those of `add_breakpoint`."""
        if access not in ACCESSES:
            raise ValueError(f"there is no access {access!r}; there are {', '.join(ACCESSES)}")
        options = {
            "condition": condition,
            "callback": callback,
            "ignore_count": ignore_count,
            "every": every,
            "enabled": enabled,
        }
        id, (out, _kept) = ffi.new("uint32_t*"), self._options("watchpoint", **options)
        check(lib.vitrine_session_add_watchpoint(self._pointer, place._pointer, ACCESSES[access], out, id))
        self._callbacks[id[0]] = callback
        made = self._watchpoints[id[0]] = Watchpoint(self, id[0], place, access, options)
        return made

    @property
    def breakpoints(self) -> list[Breakpoint]:
        """Its breakpoints, in the order of their ids. Those of clients of servers are not among them."""
        return [made for id, made in self._breakpoints.items() if id in self._rows("breakpoint")]

    @property
    def watchpoints(self) -> list[Watchpoint]:
        """Its watchpoints, in the order of their ids."""
        return [made for id, made in self._watchpoints.items() if id in self._rows("watchpoint")]

    def _rows(self, kind: str) -> dict[int, Any]:
        """The breakpoints or watchpoints as they are, by id."""
        vector = ffi.new(f"vitrine_{kind}_vec_t*")
        check(getattr(lib, f"vitrine_session_{kind}s")(self._pointer, vector))
        rows = taken_pointers(vector, getattr(lib, f"vitrine_{kind}_delete"))
        getattr(lib, f"vitrine_{kind}_vec_delete")(vector)
        return {getattr(lib, f"vitrine_{kind}_id")(row): row for row in rows}

    def stop_on(self, *events: str) -> None:
        """Which other events stop the guest: `caught_throw`, `uncaught_throw`, `trap`, `host_error`, `load`,
        `exit`, `component_call`. By default the second, third and fourth."""
        unknown = [event for event in events if event not in STOP_ON]
        if unknown:
            raise ValueError(f"there is no event {unknown[0]!r}; there are {', '.join(STOP_ON)}")
        check(lib.vitrine_session_stop_on(self._pointer, sum(STOP_ON[event] for event in set(events))))

    def on_message(self, receiver: Callable[[str], Any] | None) -> None:
        """Who gets the messages of breakpoints, on the thread of the guest."""
        if receiver is None:
            check(lib.vitrine_session_on_message(self._pointer, ffi.NULL, ffi.NULL, ffi.NULL))
        else:
            check(
                lib.vitrine_session_on_message(
                    self._pointer, lib.vitrine_py_message, keep(receiver), lib.vitrine_py_release
                )
            )

    def _wants(self, stop: Stop) -> bool:
        callback = self._callbacks.get(stop.reason.id) if stop.reason.kind in ("breakpoint", "watchpoint") else None
        return callback is None or callback(stop) is not False

    def _call(
        self, func: Func | ComponentFunc, args: Sequence[Any], event: Any, last: bool | int, *stopped: Any
    ) -> None:
        """Calls a function. `last` is `stop_at_entry` or, for a call on a `stopped` thread, its id."""
        kind = f"{'_component' * is_component_func(func)}{'_stopped' * len(stopped)}"
        function = getattr(lib, f"vitrine_session_call{kind}")
        if isinstance(func, ComponentFunc):
            vals = func._bound(args, {})
            self._run(function, *stopped, func._pointer, vals, len(vals), last, event)
            return
        with Vals(func._store, func.type.params, args) as vals:
            self._run(function, *stopped, func._pointer, vals, len(args), last, event)

    def _run(self, function: Any, *args: Any) -> None:
        self.store._run(function, self._pointer, *args, controls=True)

    def _component_result(self, func: Any) -> Any:
        """What the last call of a component's function has returned."""
        pointer = lib.vitrine_session_component_result(self._pointer)
        return func._value(owned(pointer, lib.vitrine_component_val_delete))

    def _made(self, component: Component | None) -> Any:
        """What the last instantiation has made."""
        if component is not None:
            pointer = lib.vitrine_session_component_instance(self._pointer)
            if not pointer:
                return None
            return ComponentInstance(self.store, owned(pointer, lib.vitrine_component_instance_delete), component)
        pointer = lib.vitrine_session_instance(self._pointer)
        return Instance._of(self.store, owned(pointer, lib.wasm_instance_delete)) if pointer else None

    def call(self, func: Func | ComponentFunc, *args: Any, stop_at_entry: bool = False) -> Run[Any]:
        """Calls a function of a module or component. With `stop_at_entry`, the guest stops before its first
        instruction."""
        return Run(self, lambda event: self._call(func, args, event, stop_at_entry), func)

    @overload
    def instantiate(self, linker: Linker, module: Module, *, stop_at_entry: bool = False) -> Run[Instance]: ...
    @overload
    def instantiate(
        self, linker: ComponentLinker, module: Component, *, stop_at_entry: bool = False
    ) -> Run[ComponentInstance]: ...
    @overload
    def instantiate(
        self, linker: PreparedComponent, module: None = None, *, stop_at_entry: bool = False
    ) -> Run[ComponentInstance]: ...
    def instantiate(self, linker: Any, module: Any = None, *, stop_at_entry: bool = False) -> Run[Any]:
        """Creates an instance of a module or component; its start functions stop like any other. `Run.instance`
        is the instance. A `PreparedComponent` needs no linker."""
        component = linker.component if isinstance(linker, PreparedComponent) else module

        def start(event: Any) -> None:
            if isinstance(linker, PreparedComponent):
                self._run(lib.vitrine_session_instantiate_prepared, linker._pointer, stop_at_entry, event)
                return
            if isinstance(linker, Linker):
                linker._prepare(module)
                function = lib.vitrine_session_instantiate_linked
            else:
                function = lib.vitrine_session_instantiate_component
            self._run(function, linker._pointer, module._pointer, stop_at_entry, event)

        return Run(self, start, component=component if isinstance(component, Component) else None)

    def run(self, body: Callable[[], Any], *, stop_at_entry: bool = False) -> Run[Any]:
        """Runs a Python function that calls the guest, on the thread of the guest."""

        def start(event: Any) -> None:
            self._body = ffi.new_handle((self.store, body))
            self._run(lib.vitrine_session_run, lib.vitrine_py_body, self._body, stop_at_entry, event)

        return Run(self, start)

    def interrupt(self) -> None:
        """Stops the running guest, with the reason `interrupt`. May be called from any thread."""
        lib.vitrine_session_interrupt(self._pointer)

    def kill(self) -> None:
        """Ends the guest with the trap `killed`. May be called from any thread."""
        lib.vitrine_session_kill(self._pointer)

    @property
    def reason(self) -> Reason | None:
        """Why the guest is stopped. None if it is not."""
        pointer = lib.vitrine_session_stopped(self._pointer)
        return Reason(self.store, owned(pointer, lib.vitrine_stop_reason_delete), None) if pointer else None

    def __repr__(self) -> str:
        if self._own is None:
            return "<Session, closed>"
        reason = self.reason
        return f"<Session stopped: {reason}>" if reason else "<Session>"


class Server:
    """What both kinds of servers have in common."""

    _name = ""

    def __init__(self, session: Session, pointer: Any):
        self.session = session
        self._pointer = owned(pointer, getattr(lib, f"vitrine_{self._name}_server_delete"))

    def _call(self, function: str, *args: Any) -> Any:
        return getattr(lib, f"vitrine_{self._name}_server_{function}")(self._pointer, *args)

    @property
    def address(self) -> str:
        """As `HOST:PORT`, or as the absolute path of the socket."""
        return taken_text(lambda out: self._call("address", out))

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can connect."""
        return bool(self._call("is_loopback"))

    def announce(self, module: Module, path: str | None = None) -> None:
        """Tells clients about a module before an instance of it exists. `path` is that of its file."""
        check(self._call("announce", module._pointer, ffi.NULL if path is None else encoded(path)))

    def wait_for_client(self) -> None:
        """Waits until a client has set its breakpoints."""
        check(self._call("wait_for_client"))

    def send_output(self, data: bytes) -> None:
        """Shows output of the guest in the client. Must be called on the thread of the guest, as by a function
        that gets the output."""
        check(self._call("send_output", data, len(data)))

    def close(self) -> int:
        """Stops serving. Returns the number of bytes of output that clients have not read."""
        return int(self._call("close"))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.address}>"


class GdbServer(Server):
    """Lets LLDB attach to a session, at a port or socket (docs/lldb.md). Port 0 is any free one.

    `serves`: `embedder`, `one_call`, `one_free_call` or `one_shared_call`, as in `vitrine/debugger.h`.
    While a client is attached, it alone resumes the guest.

    >>> import vitrine
    >>> session = vitrine.Session(vitrine.Store(guest_debug=True))
    >>> with vitrine.GdbServer(session, "127.0.0.1:0") as server:
    ...     server.is_loopback
    True
    """

    _name = "gdb"

    def __init__(self, session: Session, address: str = "0", serves: str = "embedder"):
        ways = {name: number for number, name in enumeration("VITRINE_GDB_SERVES_").items()}
        if serves not in ways:
            raise ValueError(f"there is no way {serves!r} to serve; there are {', '.join(ways)}")
        out = ffi.new("vitrine_gdb_server_t**")
        check(lib.vitrine_gdb_server_new(session._pointer, encoded(address), ways[serves], out))
        super().__init__(session, out[0])

    @property
    def is_launched_by_client(self) -> bool:
        """Whether a client has connected that launched this process, as `process launch` of LLDB does."""
        return bool(self._call("is_launched_by_client"))

    def lldb_commands(self, module: Module, others: Sequence[Module] = ()) -> list[str]:
        """The commands of LLDB that set up debugging of this module through this server."""
        out = ffi.new("vitrine_name_vec_t*")
        pointers = [other._pointer for other in others]
        check(self._call("lldb_commands", module._pointer, ffi.new("wasm_module_t*[]", pointers), len(pointers), out))
        commands = [text(out.data[i]) for i in range(out.size)]
        lib.vitrine_name_vec_delete(out)
        return commands


class DapServer(Server):
    """Lets editors attach to a session, with the Debug Adapter Protocol (docs/editors.md).

    `reader` is the path of a `vitrine` command, which reads debug information; without it, clients see no
    lines and variables of the source.
    """

    _name = "dap"

    def __init__(self, session: Session, address: str = "0", *, name: str | None = None, reader: str | None = None):
        options = ffi.new("vitrine_dap_options_t*")
        options.size = ffi.sizeof(options[0])
        kept = [ffi.new("char[]", encoded(value)) if value is not None else ffi.NULL for value in (name, reader)]
        options.name, options.reader = kept
        out = ffi.new("vitrine_dap_server_t**")
        check(lib.vitrine_dap_server_new(session._pointer, encoded(address), options, out))
        super().__init__(session, out[0])

    def finish(self, func: Func | ComponentFunc, *args: Any) -> Any:
        """Calls a function, leaves its stops to the clients, and returns its results."""
        session = self.session
        event = ffi.new("vitrine_event_t*")
        session._call(func, args, event, False)
        session.store._run(lib.vitrine_dap_server_finish, self._pointer, session._pointer, event, controls=True)
        results = taken_results(session.store, ffi.addressof(event, "results"))
        return unwrapped(session._component_result(func)) if is_component_func(func) else results
