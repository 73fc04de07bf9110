# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A debugger that is said the verbs of `vitrine debug` and has nothing but the gdb remote protocol to do them with.

It does what LLDB does with the same packets: a bare breakpoint is `Z0`, `finish` is a breakpoint behind the call, a watch on
memory compares what is there. What no packet can say is a `monitor` command. The text of a line is the door's wherever
the door has one; addresses become offsets in the file, and numbers of the session those that the user has seen.
"""

import contextlib
import json
import pathlib
import re
import shlex

from gdb_client import Broken, Guest, Refused, integer_of, offset_of, text_of

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEMORY_WORDS = {"i8": 1, "u8": 1, "i16": 2, "u16": 2, "i32": 4, "u32": 4, "i64": 8, "u64": 8, "f32": 4, "f64": 8, "v128": 16}
NOT_RUNNING = "the program is not running: `run` starts it"
HAS_EXITED = "the program has exited: `run` starts it again"
ROW = re.compile(r"(\w+)\[(\d+)\](?: (\$?\S+))?(?:: | = |$)")
VALUE = re.compile(r"(?P<label>\w+\[(?P<index>\d+)\](?: (?P<name>.*?))?) = (?P<value>.*) \((?P<type>\w+|\(.*\))\)")


def number_of(word, what):
    try:
        return int(word, 0)
    except ValueError:
        raise Refused(f"expected {what}" + (f" instead of {word}" if word else "")) from None


def words_of(text):
    """The words of a text, which spaces in brackets and quotes do not part."""
    return re.findall(r'(?:"(?:\\.|[^"\\])*"|\[[^\]]*\]|\([^)]*\)|[^\s])+', text)


def count_of_types(text):
    """How many types a list like `i32 (ref null 0)` has."""
    return len(re.findall(r"\((?:[^()]|\([^()]*\))*\)|[^\s()]+", text))


class Breakpoint:
    """One of the user's. The door has it under an address (`Z0`) or under a number of the session."""

    def __init__(self, number, place, is_temporary, options):
        self.number, self.place, self.is_temporary, self.options = number, place, is_temporary, options
        self.is_enabled = True
        self.session_number = None
        self.hits = 0


class Watchpoint:
    """One of the user's: `packet` and what is there, or a number of the session."""

    def __init__(self, number, text, session_number=None, packet=None, bytes=None, is_local=False):
        self.number, self.text, self.session_number, self.packet, self.bytes = number, text, session_number, packet, bytes
        self.is_local = is_local
        self.hits = 0


class Door:
    """Does the lines of a session, and keeps what the user sees."""

    def __init__(self, program, words, folder, environment, script):
        self.launch = lambda words: Guest(program, words, folder, environment)
        self.words = words
        self.lines = []
        self.guest = None
        self.guest_words = None
        self.is_standing = False
        self.is_fresh = False
        self.has_exited = False
        self.status = 0
        self.frame = 0
        # The one that was selected since the stop, as the protocol writes it.
        self.thread = None
        self.stop = {}
        self.breakpoints, self.watchpoints = {}, {}
        self.next_number = 1
        self.events = {}
        self.first_run = next((line for line in script if re.match(r"(run|start|r)( |$)", line)), "run")
        table = (ROOT / "src/cli/debugger_verbs.inc").read_text()
        rows = re.findall(r'^VERB\(\w+, "([^"]+)", "([^"]*)", "(?:[^"\\]|\\.)*", \w+, (\w+)', table, re.MULTILINE)
        self.verbs = [(name, forms.split(), repeated == "true") for name, forms, repeated in rows]

    # -- What the user says and sees

    def write(self, *lines):
        self.lines += [line.rstrip() for line in lines]

    def perform_all(self, script):
        last = ""
        for line in script:
            self.write("> " + line)
            if line.startswith("#"):
                continue
            line, last = line or last, ""
            if not line:
                continue
            verb, rest = re.match(r"([^\s/]*)\s*(.*)", line).groups()
            try:
                name, is_repeated = self.find_verb(verb)
                method = getattr(self, "do_" + name, None)
                if not method:
                    raise Broken(f"{line}: nothing in the protocol does this")
                method(rest)
                if is_repeated:
                    last = line
            except Refused as refusal:
                self.write(*("error: " + self.localised(str(refusal))).splitlines())
        if self.guest:
            if self.is_standing:
                self.end(self.ask("k"), is_told=False)
            else:
                self.guest.discard()
        if self.status:
            self.write(f"[{self.status}]")
        return self.lines

    def find_verb(self, word):
        for name, forms, is_repeated in self.verbs:
            if word == name or word in forms:
                return name, is_repeated
        found = [(name, is_repeated) for name, _, is_repeated in self.verbs if name.startswith(word)]
        if len(found) != 1:
            raise Refused(f"{word} is no verb")
        return found[0]

    def localised(self, text):
        """With offsets in the file in place of addresses of code, and nothing of where memories are."""
        text = re.sub(r"(^memory\[.* bytes) at 0x[0-9a-f]+", r"\1", text)
        return re.sub(r"0x4[0-9a-f]{15}\b", lambda address: hex(offset_of(int(address[0], 16))), text)

    # -- The guest

    def ask(self, payload):
        return self.door().ask(payload)

    def monitor(self, command):
        return self.door().monitor(command)

    def door(self):
        """The door of the guest; of one that waits for its first instruction when there is none, as what a module has can be asked there."""
        if not self.guest:
            self.begin(self.first_run.partition(" ")[2])
        return self.guest.connection

    def begin(self, said):
        """A guest that has not executed anything, with all that stops it."""
        words = self.words
        if said:
            function, *arguments = shlex.split(said)
            at = self.words.index("app.wasm")
            options = self.words[:at]
            if "--invoke" in options:
                at = options.index("--invoke")
                del options[at:at + 2]
            words = [*options, "--invoke", function.lstrip("$"), "app.wasm", *arguments]
        if self.guest and (not self.is_fresh or self.guest_words != words):
            self.guest.discard()
            self.guest = None
        if self.guest:
            return
        self.guest, self.guest_words, self.is_fresh = self.launch(words), words, True
        self.take(self.guest.connection.ask("?"))
        self.ask("qXfer:libraries:read::0,ffff")
        base = re.search(r"at (0x4[0-9a-f]{15})", self.monitor("instances")[0])
        self.base = int(base[1], 16)
        self.functions = self.read_functions()
        self.watchpoints = {}
        for event, setting in self.events.items():
            self.monitor(f"catch {event}{setting}")
        for breakpoint in self.breakpoints.values():
            breakpoint.session_number, breakpoint.hits = None, 0
            self.set(breakpoint)

    def read_functions(self):
        """(first instruction, label, how many parameters) of each function, by offset."""
        rows = []
        for line in self.monitor("functions"):
            row = re.fullmatch(r"func\[(\d+)\](?: (\S+))?: (.*?)(?: at (0x[0-9a-f]+))?((?:, import .*)?(?:, private)?)", line)
            if row[4]:
                parameters = re.match(r"\(param (.*?)\)(?: \(result|$)", row[3])
                rows.append((offset_of(int(row[4], 16)), row[2] or f"func[{row[1]}]", count_of_types(parameters[1]) if parameters else 0))
        return sorted(rows)

    def function_at(self, offset):
        return next((row for row in reversed(self.functions) if row[0] <= offset), None)

    def take(self, answer):
        """A stop reply, as a dictionary."""
        self.frame = 0
        self.thread = None
        self.stop = {}
        for field in filter(None, answer[3:].split(";")):
            key, _, value = field.partition(":")
            self.stop[key] = value
        if not answer.startswith("T"):
            raise Broken(f"no stop: {answer}")
        self.stop["signal"] = answer[1:3]
        self.check_stop()

    def check_stop(self):
        """All packets that say where the guest is say the same."""
        thread = self.stop["thread"]
        here = self.stop["00"]
        threads = json.loads(self.ask("jThreadsInfo"))
        listed = next(row for row in threads if row["tid"] == int(thread, 16))
        said = {"the register": self.ask(f"p0;thread:{thread};"), "the list of threads": listed["registers"]["0"],
                "the stop of the thread": dict(field.partition(":")[::2] for field in self.ask(f"qThreadStopInfo{thread}").split(";"))["00"]}
        stack = self.ask(f"qWasmCallStack:{thread}")
        if stack:
            said["the stack"] = stack[:16]
        for what, place in said.items():
            if place != here:
                raise Broken(f"the guest is at {here}, but {what} has {place}")

    def resume(self, action):
        """Lets the guest go on; whether it stopped again."""
        self.is_fresh = False
        while True:
            self.guest.connection.send(action)
            while (answer := self.guest.connection.receive()).startswith("O") and answer != "OK":
                self.show_output(text_of(answer[1:]))
            if answer[0] in "WX":
                self.end(answer)
                return False
            self.take(answer)
            if "library" in self.stop:
                self.ask("qXfer:libraries:read::0,ffff")
            if self.stop["signal"] != "00":
                return True

    def show_output(self, text):
        self.write(*text.splitlines())
        if not text.startswith("log: "):
            self.guest.printed += text

    def end(self, answer, is_told=True):
        """The guest has ended: its process tells with what."""
        guest, self.guest, self.is_standing, self.has_exited = self.guest, None, False, True
        self.status, output, errors = guest.close()
        ended = [each for each in self.watchpoints.values() if each.is_local]
        self.watchpoints = {}
        results = output.removeprefix(guest.printed).splitlines()
        trap = re.search(r"error: (trap: .*)", errors)
        code = int(answer[1:3], 16)
        if answer.startswith("X09"):
            text = "killed"
        elif answer.startswith("X"):
            text = trap[1] if trap else f"ended by signal {code}"
        elif code:
            text = f"exited with status {code}"
        else:
            text = "exited" + (": " + ", ".join(results) if results else "")
        if answer.startswith("W") and self.status != code:
            raise Broken(f"the client was told of status {code}, the process ended with {self.status}")
        if is_told:
            self.write(text)
            self.tell_ended(ended)

    def tell_ended(self, watchpoints):
        self.write(*[f"watchpoint {each.number} deleted: its frame has ended" for each in watchpoints])

    def need_standing(self):
        if not self.is_standing:
            raise Refused(HAS_EXITED if self.has_exited else NOT_RUNNING)

    # -- Frames

    def selected(self):
        return self.thread or self.stop["thread"]

    def places(self, thread=None):
        """The offsets of the frames, innermost first; of the selected thread, or another."""
        stack = self.ask(f"qWasmCallStack:{thread or self.selected()}")
        return [offset_of(integer_of(stack[at:at + 16])) for at in range(0, len(stack), 16)]

    def values(self, kind, frame):
        """(line, name, value) of each local or operand of a frame; what is an integer is asked for as bytes, too."""
        packet = {"locals": "qWasmLocal", "stack": "qWasmStackValue"}[kind]
        rows = []
        for line in self.monitor(f"{kind} in {frame}"):
            if row := VALUE.fullmatch(line):
                if row["type"] in ("i32", "i64"):
                    raw = integer_of(self.ask(f"{packet}:{frame};{row['index']}"))
                    if raw != int(row["value"]) % (1 << int(row["type"][1:])):
                        raise Broken(f"{line}, but {packet} says {raw}")
                rows.append((line, row["name"] or f"${row['index']}", row["value"]))
        return rows

    def position(self, frame, offset):
        function = self.function_at(offset)
        text = f"{function[1]} at {offset:#x}"
        if offset == function[0]:
            return text + "".join(f", {name}={value}" for _, name, value in self.values("locals", frame)[:function[2]])
        operands = ", ".join(value for _, _, value in self.values("stack", frame))
        return text + (f", operands [{operands}]" if operands else "")

    def place(self):
        self.need_standing()
        places = self.places()
        if not places:
            raise Refused("there is no frame here: the guest executes nothing")
        return places[self.frame]

    def do_bt(self, said):
        self.need_standing()
        threads = self.ask("qfThreadInfo").removeprefix("m").split(",") if said == "all" else [None]
        for thread in threads:
            if thread:
                self.write(f"thread {int(thread, 16)}:")
            places = self.places(thread)
            for number, offset in enumerate(places):
                is_marked = number == self.frame and not thread
                self.write(f"{'*' if is_marked else ' '} #{number} {self.position(number, offset)}")
            if not places:
                self.write("  no frames")
        self.ask(f"Hg{self.selected()}")

    def show_frame(self):
        self.write(f"#{self.frame} {self.position(self.frame, self.place())}")

    def do_frame(self, said):
        self.need_standing()
        if said:
            number = number_of(said, "a frame's number")
            count = len(self.places())
            if number >= count:
                raise Refused(f"there is no frame {number}: the number of frames is {count}")
            self.frame = number
        self.show_frame()

    def do_up(self, said):
        self.move(int(said or 1))

    def do_down(self, said):
        self.move(-int(said or 1))

    def move(self, by):
        self.need_standing()
        last = len(self.places()) - 1
        if by > 0 and self.frame >= last:
            raise Refused("this is the outermost frame")
        if by < 0 and self.frame == 0:
            raise Refused("this is the innermost frame")
        self.frame = max(0, min(last, self.frame + by))
        self.show_frame()

    def do_locals(self, _):
        self.show_values("locals", "no locals")

    def do_stack(self, _):
        self.show_values("stack", "no operands")

    def show_values(self, kind, none):
        self.place()
        self.write(*[line for line, _, _ in self.values(kind, self.frame)] or [none])

    def do_threads(self, _):
        self.need_standing()
        for thread in json.loads(self.ask("jThreadsInfo")):
            mark = "*" if thread["tid"] == int(self.selected(), 16) else " "
            place = integer_of(thread["registers"]["0"])
            self.ask(f"Hg{thread['tid']:x}")
            self.write(f"{mark} thread {thread['tid']}: {self.position(0, offset_of(place)) if place else 'no frames'}")
        self.ask(f"Hg{self.selected()}")

    def do_thread(self, said):
        number = number_of(said, "a thread's number")
        self.need_standing()
        if f"{number:x}" not in self.ask("qfThreadInfo").removeprefix("m").split(","):
            raise Refused(f"there is no thread {number}")
        self.ask(f"Hg{number:x}")
        self.thread = f"{number:x}"
        self.frame = 0
        self.show_frame()

    def do_list(self, said):
        place, count = None, None
        for word in said.split():
            if word.isdigit():
                count = int(word) // 2
            else:
                place = self.find_code(word)[0]
        place = self.place() if place is None else place
        here = self.place() if self.is_standing else None
        marks = {}
        for breakpoint in self.breakpoints.values():
            stops_at = int(re.search(r" at (0x[0-9a-f]+)", self.line_of(breakpoint))[1], 16)
            marks[stops_at] = "*" if breakpoint.is_enabled else "-"
        head, *lines = self.monitor(f"code {self.base + place:#x}")
        rows = [(-1, head)] + [(int(line.split()[0], 16), line) for line in lines]
        middle = next(at for at, row in enumerate(rows) if row[0] >= place)
        around = 5 if count is None else count
        for offset, line in rows[max(0, middle - around):middle + around + 1]:
            self.write(f"{'=>' if offset == here else '  '}{marks.get(offset, ' ')} {line}")

    # -- What stops it

    def find_code(self, word):
        """The offset that a word means, and whether it is the first instruction of a function."""
        if word.startswith("0x"):
            return int(word, 16), False
        index = re.fullmatch(r"func\[(\d+)\]", word)
        for line in self.monitor("functions"):
            row = ROW.match(line)
            if index and row[2] == index[1] or not index and row[3] == "$" + word.lstrip("$"):
                if not (at := re.search(r" at (0x[0-9a-f]+)", line)):
                    raise Refused(f"{word}: an imported function has no code here")
                return offset_of(int(at[1], 16)), True
        raise Refused(f"{word}: no such function (expected a name, $name, func[3] or an offset like 0x51){self.near(word)}")

    def near(self, word):
        """What the door says of functions with names like one that is not there."""
        try:
            self.monitor(f"code {word}")
        except Refused as refusal:
            return "".join(str(refusal).partition("; near: ")[1:])
        return ""

    def do_break(self, said):
        if said:
            return self.add(said, False)
        watched = self.watch_lines()
        lines = [(number, self.line_of(breakpoint)) for number, breakpoint in self.breakpoints.items()]
        lines += [(number, watched[number]) for number in self.watchpoints]
        self.write(*[line for _, line in sorted(lines)] or ["no breakpoints"])

    def do_tbreak(self, said):
        self.add(said, True)

    def add(self, said, is_temporary):
        word, _, options = said.partition(" ")
        offset, is_function = self.find_code(word)
        breakpoint = Breakpoint(self.next_number, (offset, is_function), is_temporary, options)
        self.set(breakpoint)
        self.breakpoints[breakpoint.number] = breakpoint
        self.next_number += 1
        self.write(self.line_of(breakpoint))

    def is_plain(self, breakpoint):
        return breakpoint.place[1] and breakpoint.is_enabled and not breakpoint.is_temporary and not breakpoint.options

    def set(self, breakpoint):
        """Tells the door of it: the plain way, or with a command."""
        address = self.base_of_code() + breakpoint.place[0]
        if self.is_plain(breakpoint):
            self.ask(f"Z0,{address:x},1")
            return
        verb = "tbreak" if breakpoint.is_temporary else "break"
        line, = self.monitor(f"{verb} {address:#x} {breakpoint.options}")
        breakpoint.session_number = int(line.split()[1].rstrip(":"))
        if not breakpoint.is_enabled:
            self.monitor(f"disable {breakpoint.session_number}")

    def base_of_code(self):
        self.door()
        return self.base

    def line_of(self, breakpoint):
        """Its line: the door's, or ours for what the door knows nothing of."""
        self.door()
        if breakpoint.session_number is None:
            label = self.function_at(breakpoint.place[0])[1]
            hits = f", {breakpoint.hits} hit{'s' if breakpoint.hits > 1 else ''}" if breakpoint.hits else ""
            return f"breakpoint {breakpoint.number}: {label} at {breakpoint.place[0]:#x}{hits}"
        number = f"breakpoint {breakpoint.session_number}:"
        line = next(line for line in self.monitor("stops") if line.startswith(number))
        return self.localised(line.replace(number, f"breakpoint {breakpoint.number}:", 1))

    def change(self, number, command, apply):
        breakpoint = self.breakpoints.get(number)
        if not breakpoint:
            raise Refused(f"there is no breakpoint {number}")
        self.door()
        if breakpoint.session_number is None:
            self.unset(breakpoint)
            apply(breakpoint)
            self.set(breakpoint)
        else:
            apply(breakpoint)
            verb, *rest = command.split(" ", 1)
            self.monitor(" ".join([verb, str(breakpoint.session_number), *rest]))
        self.write(self.line_of(breakpoint))

    def do_condition(self, said):
        number, _, condition = said.partition(" ")

        def apply(breakpoint):
            options = re.sub(r"\bif .*", "", breakpoint.options).strip()
            breakpoint.options = options + (f" if {condition}" if condition else "")
        self.change(number_of(number, "the number of a breakpoint"), f"condition {condition}", apply)

    def do_ignore(self, said):
        number, _, count = said.partition(" ")

        def apply(breakpoint):
            breakpoint.options = f"ignore {count} " + re.sub(r"\bignore \d+ ?", "", breakpoint.options)
        self.change(number_of(number, "the number of a breakpoint"), f"ignore {count}", apply)

    def do_enable(self, said):
        self.set_enabled(said, True)

    def do_disable(self, said):
        self.set_enabled(said, False)

    def set_enabled(self, said, is_enabled):
        def apply(breakpoint):
            breakpoint.is_enabled = is_enabled
        for number in [int(word) for word in said.split()] or list(self.breakpoints):
            self.change(number, "enable" if is_enabled else "disable", apply)

    def unset(self, breakpoint):
        address = self.base_of_code() + breakpoint.place[0]
        if breakpoint.session_number is not None:
            self.monitor(f"delete {breakpoint.session_number}")
        elif not any(other is not breakpoint and other.session_number is None and other.place == breakpoint.place
                     for other in self.breakpoints.values()):
            self.ask(f"z0,{address:x},1")

    def do_delete(self, said):
        self.door()
        for number in [int(word) for word in said.split()] or [*self.breakpoints, *self.watchpoints]:
            if number in self.breakpoints:
                self.unset(self.breakpoints.pop(number))
            elif number in self.watchpoints:
                self.remove_watch(self.watchpoints.pop(number))
            else:
                raise Refused(f"there is no breakpoint or watchpoint {number}")
            self.write(f"deleted {number}")

    def do_catch(self, said):
        lines = self.monitor(f"catch {said}")
        if said:
            event, *off = said.split()
            self.events[event] = " off" if off else ""
        self.write(*lines)

    # -- Watchpoints

    def do_watch(self, said):
        self.watch(said, "watch", 2)

    def do_rwatch(self, said):
        self.watch(said, "rwatch", 3)

    def do_awatch(self, said):
        self.watch(said, "awatch", 4)

    def watch(self, said, verb, kind):
        self.need_standing()
        if not said:
            raise Refused("expected a place, for example i32[0x10], $name, global[0] or table[2]")
        number, text = self.next_number, f"{verb} {said}"
        if memory := self.watched_memory(said):
            index, address, size = memory
            place = self.memory_base(index) + address
            packet = f"{kind},{place:x},{size:x}"
            self.ask("Z" + packet)
            watchpoint = Watchpoint(number, text, packet=packet, bytes=self.read(place, size))
        else:
            access = {"watch": "", "rwatch": " read", "awatch": " access"}[verb]
            line, = self.monitor(f"watch {said}{access} in {self.frame}")
            names = [name for _, name, _ in self.values("locals", self.frame)]
            is_local = said.startswith("local[") or said.lstrip("$") in names or said in names
            watchpoint = Watchpoint(number, text, session_number=int(line.split()[1].rstrip(":")), is_local=is_local)
        self.watchpoints[number] = watchpoint
        self.next_number += 1
        self.write(f"watchpoint {number}: {text}")

    def watched_memory(self, said):
        """Memory, address and size, if it is memory."""
        if words := re.fullmatch(r"memory (\S+|\S*: *\S+) (\d+)", said):
            return *self.memory_place(words[1]), int(words[2])
        if said.startswith("memory "):
            raise Refused("expected a length in bytes")
        word = re.fullmatch(r"(\w+)\[(.*)\]", said)
        if word and word[1] in MEMORY_WORDS:
            with contextlib.suppress(Refused):
                return *self.memory_place(word[2]), MEMORY_WORDS[word[1]]
        return None

    def find_row(self, kind, name):
        """The index of the row with that index or name; None when there is none."""
        for line in self.monitor(kind):
            row = ROW.match(line)
            if row and (row[2] == name or row[3] == "$" + name.lstrip("$")):
                return int(row[2])
        return None

    def remove_watch(self, watchpoint):
        if watchpoint.packet:
            self.ask("z" + watchpoint.packet)
        else:
            self.monitor(f"delete {watchpoint.session_number}")

    def watch_lines(self):
        """Their lines by number; those on locals that are gone are no more."""
        if not self.watchpoints:
            return {}
        counted = {}
        for line in self.monitor("stops"):
            if row := re.match(r"watchpoint (\d+): .*?((?:, \d+ hits?)?)$", line):
                counted[int(row[1])] = row[2]
        lines = {}
        for number, watchpoint in list(self.watchpoints.items()):
            if watchpoint.packet:
                hits = f", {watchpoint.hits} hit{'s' if watchpoint.hits > 1 else ''}" if watchpoint.hits else ""
            elif watchpoint.session_number in counted:
                hits = counted[watchpoint.session_number]
            else:
                del self.watchpoints[number]
                continue
            lines[number] = f"watchpoint {number}: {watchpoint.text}{hits}"
        return lines

    def watch_text(self):
        """What a stop at a watched memory is about; None when nothing has changed there, and changes are what is watched."""
        key = next(key for key in ("watch", "rwatch", "awatch") if key in self.stop)
        packet = f"{({'watch': 2, 'rwatch': 3, 'awatch': 4}[key])},{self.stop[key]},"
        watchpoint = next(each for each in self.watchpoints.values() if each.packet and each.packet.startswith(packet))
        before, size = watchpoint.bytes, len(watchpoint.bytes)
        watchpoint.bytes = self.read(int(self.stop[key], 16), size)
        if key == "watch" and before == watchpoint.bytes:
            return None
        watchpoint.hits += 1

        def shown(data):
            return str(int.from_bytes(data, "little")) if size in (1, 2, 4, 8) else data.hex()
        text = shown(watchpoint.bytes) if key == "rwatch" else f"{shown(before)} -> {shown(watchpoint.bytes)}"
        return f"watchpoint {watchpoint.number}: {text}"

    # -- Running

    def do_run(self, said):
        self.begin(said)
        self.is_standing = True
        self.go_on("vCont;c")

    def do_start(self, said):
        self.begin(said)
        self.is_standing, self.is_fresh = True, False
        self.tell("entry")

    def tell(self, reason):
        places = self.places()
        if "," in self.stop["threads"]:
            reason += f" in thread {int(self.stop['thread'], 16)}"
        self.write(f"stopped: {reason}" + (f" in {self.position(0, places[0])}" if places else ""))
        before = list(self.watchpoints.values())
        self.watch_lines()
        self.tell_ended(each for each in before if each.number not in self.watchpoints)

    def reason(self):
        """Why the guest stopped, in words; None when it is of no interest."""
        reason = self.stop.get("reason", "")
        if reason == "trace":
            return "step"
        if reason == "watchpoint":
            return self.watch_text()
        if reason == "breakpoint":
            here = offset_of(integer_of(self.stop["00"]))
            found = [each for each in self.breakpoints.values() if each.session_number is None and each.place[0] == here]
            if not found:
                return "step"
            for breakpoint in found:
                breakpoint.hits += 1
            return f"breakpoint {found[0].number}"
        if reason == "exception":
            return self.renumbered(text_of(self.stop["description"]))
        return "interrupt" if self.stop["signal"] == "02" else "entry"

    def renumbered(self, text):
        """With the user's numbers in place of the session's."""
        if not (numbered := re.match(r"(breakpoint|watchpoint) (\d+)", text)):
            return text
        for each in [*self.breakpoints.values(), *self.watchpoints.values()]:
            if each.session_number == int(numbered[2]):
                if isinstance(each, Breakpoint) and each.is_temporary:
                    del self.breakpoints[each.number]
                return f"{numbered[1]} {each.number}" + text[numbered.end():]
        raise Broken(f"{text}: nobody has set it")

    def go(self, action):
        """Lets the guest go on; why it stopped, or None when it has ended."""
        while self.resume(action):
            if reason := self.reason():
                return reason
            action = "vCont;c"
        return None

    def go_on(self, action):
        if reason := self.go(action):
            self.tell(reason)

    def do_continue(self, _):
        self.need_standing()
        self.go_on("vCont;c")

    def step_action(self):
        return f"vCont;s:{self.selected()};c"

    def do_step(self, said):
        self.step_often(said, lambda: self.go(self.step_action()))

    def do_next(self, said):
        self.step_often(said, self.step_over)

    def step_often(self, said, step):
        self.need_standing()
        reason = None
        for _ in range(number_of(said or "1", "a number of steps")):
            if (reason := step()) != "step":
                break
        if reason:
            self.tell(reason)

    def step_over(self):
        depth = len(self.places())
        reason = self.go(self.step_action())
        while reason == "step" and (below := len(self.places()) - depth) > 0:
            reason = self.run_to(self.places()[below], depth)
        return reason

    def run_to(self, offset, depth):
        """Goes on to a place in a frame of that depth, or one further out."""
        address = self.base + offset
        is_ours = not any(each.session_number is None and each.place[0] == offset for each in self.breakpoints.values())
        if is_ours:
            self.ask(f"Z0,{address:x},1")
        while (reason := self.go("vCont;c")) == "step" and len(self.places()) > depth:
            pass
        if is_ours and self.guest:
            self.ask(f"z0,{address:x},1")
        return reason

    def do_finish(self, _):
        self.need_standing()
        places = self.places()
        thread = int(self.selected(), 16)
        if len(places) == 1 and thread > 1:
            self.write(f"thread {thread} has no caller: it goes on to its end")
        callee = self.monitor("code")[0]
        reason = self.run_to(places[1], len(places) - 1) if len(places) > 1 else self.go("vCont;c")
        if reason and self.stop.get("reason") == "breakpoint" and self.places() == places[1:]:
            self.tell_results(callee)
        if reason:
            self.tell(reason)

    def tell_results(self, callee):
        """What the function with this head, which has just returned, has left on its caller's stack."""
        results = re.search(r"\(result (.*)\)$", re.sub(r"\(ref [^()]*\)", "ref", callee))
        if results:
            values = [value for _, _, value in self.values("stack", 0)]
            self.write(f"returned: {', '.join(values[-len(results[1].split()):])}")

    def do_until(self, said):
        offset = number_of(said, "an offset")
        self.need_standing()
        here = self.places()[0]
        if offset > self.places_end() or self.function_at(offset) != self.function_at(here):
            raise Refused(f"offset {offset:#x} is not in the innermost function")
        if reason := self.run_to(offset, len(self.places())):
            self.tell(reason)

    def places_end(self):
        """The last instruction of the innermost function."""
        return int(self.monitor("code")[-1].split()[0], 16)

    def do_kill(self, _):
        self.need_standing()
        self.end(self.ask("k"))

    def do_detach(self, _):
        self.need_standing()
        self.ask("D")
        self.status, output, errors = self.guest.close()
        self.guest, self.is_standing, self.has_exited, self.breakpoints, self.watchpoints = None, False, True, {}, {}
        self.write(*output.splitlines(), *errors.splitlines(), f"exited with status {self.status}" if self.status else "exited")

    # -- Where it goes on

    def do_jump(self, said):
        self.need_standing()
        address = self.base + number_of(said, "an offset")
        self.ask(f"P0={address.to_bytes(8, 'little').hex()};thread:{self.selected()};")
        self.frame = 0
        self.write("next: " + self.position(0, self.places()[0]))

    def do_skip(self, _):
        self.detour("skip")

    def do_return(self, said):
        self.place()
        self.detour(f"return {', '.join(words_of(said))} in {self.frame}")

    def detour(self, command):
        """The step that follows executes nothing, and tells where the guest is now."""
        self.need_standing()
        line, = self.monitor(f"{command} on {int(self.selected(), 16)}")
        self.frame = 0
        if line != "next: the end":
            if self.go(self.step_action()) != "step":
                raise Broken("the step behind a detour was none")
            line = "next: " + self.position(0, self.places()[0])
        self.write(line)

    def do_throw(self, said):
        self.need_standing()
        name, *values = words_of(said)
        index = re.fullmatch(r"tag\[(\d+)\]", name)
        tag = self.find_row("tags", index[1] if index else name)
        if tag is None:
            raise Refused(f"there is no tag {name}; `tags` lists them")
        self.write(*self.monitor(f"throw {tag} {', '.join(values)} on {int(self.selected(), 16)}"))

    def do_clear(self, _):
        self.need_standing()
        self.write(*self.monitor(f"clear on {int(self.selected(), 16)}"))

    # -- Values and state

    def do_print(self, said):
        self.place()
        self.write(*self.monitor(f"print {said} in {self.frame}"))

    def do_set(self, said):
        self.place()
        self.write(*self.monitor(f"set {said} in {self.frame}"))

    def evaluated(self, text):
        """An integer, as addresses are."""
        try:
            return int(text, 0)
        except ValueError:
            return int(self.monitor(f"print {text} in {self.frame}")[0]) % (1 << 64)

    def show(self, lines):
        self.write(*[self.localised(line) for line in lines])

    def need_instance(self):
        if not self.is_standing:
            raise Refused("there is no instance yet: `run` or `start` makes it")

    def do_functions(self, said):
        self.show(self.monitor(f"functions {said}"))

    def do_globals(self, said):
        self.need_instance()
        self.show(line for line in self.monitor("globals") if said in line.split(" = ")[0])

    def do_tags(self, _):
        self.show(self.monitor("tags"))

    def do_instances(self, _):
        self.show(line.partition(" at 0x")[0] for line in self.monitor("instances"))

    def do_tables(self, said):
        self.need_instance()
        if not said:
            return self.show(self.monitor("tables"))
        name, *rest = said.split()
        table = self.find_row("tables", name)
        if table is None:
            raise Refused(f"the instance has no table {name}")
        return self.show(self.monitor(f"elements {table} {' '.join(rest)}"))

    def memory_place(self, text):
        """The memory and the address that `[memory:]address` means."""
        selector, colon, address = text.rpartition(":")
        memory = self.find_row("memories", selector.strip() if colon else "0")
        if memory is None:
            raise Refused(f"no memory {selector.strip()}: the module has {len(self.monitor('memories'))}\n  {text}\n  ^")
        return memory, self.evaluated(address.strip())

    def memory_base(self, index):
        return int(re.search(r" at (0x[0-9a-f]+)", self.monitor("memories")[index])[1], 16)

    def read(self, place, length):
        data = b""
        while len(data) < length:
            data += bytes.fromhex(self.ask(f"m{place + len(data):x},{min(length - len(data), 0x1000):x}"))
        return data

    def memory_size(self, index):
        base = self.memory_base(index)
        region = dict(field.partition(":")[::2] for field in self.ask(f"qMemoryRegionInfo:{base:x}").split(";"))
        return int(region["size"], 16)

    def do_memory(self, said):
        self.need_instance()
        if not said:
            return self.show(self.monitor("memories"))
        words = re.fullmatch(r"((?:\S*: *)?\S+)(?: +(\d+))?(?: +(.*))?", said)
        memory, address = self.memory_place(words[1])
        if words[3]:
            raise Refused(f"unexpected {words[3]}")
        size, wanted = self.memory_size(memory), int(words[2] or 64)
        if address >= size:
            raise Refused(f"address {address:#x} is behind the memory's end, {size:#x}")
        data = self.read(self.memory_base(memory) + address, min(wanted, size - address))
        for at in range(0, len(data), 16):
            row = data[at:at + 16]
            letters = "".join(chr(byte) if 0x20 <= byte < 0x7f else "." for byte in row)
            self.write(f"{address + at:#010x}  {''.join(f'{byte:02x} ' for byte in row):<48} {letters}")
        if len(data) < wanted:
            self.write("the memory ends here")
        return None

    def do_find(self, said):
        self.need_instance()
        quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)" *(.*)', said)
        digits, _, place = said.partition(" ")
        try:
            pattern = quoted[1].encode() if quoted else bytes.fromhex(digits)
        except ValueError:
            pattern = b""
        if not pattern:
            raise Refused((f"{digits}: " if digits else "") + "expected a text in quotes, or pairs of hexadecimal digits")
        memory, address = self.memory_place((quoted[2] if quoted else place) or "0")
        size = self.memory_size(memory)
        data = self.read(self.memory_base(memory) + address, size - address)
        found = [address + match.start() for match in re.finditer(b"(?=" + re.escape(pattern) + b")", data)]
        self.write(*[hex(at) for at in found] or ["not found"])


def run_session(program, words, folder, environment, script):
    """The lines that a user of the gdb door sees."""
    door = Door(str(program), words, folder, environment, script)
    try:
        return door.perform_all(script)
    finally:
        if door.guest:
            door.guest.discard()
