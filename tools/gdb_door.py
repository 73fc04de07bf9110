# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A client of the debug server that is told the lines of `vitrine debug`.

It passes a line to the console behind `monitor` as it is. What LLDB does with packets of its own
(starting the program, resuming, stepping) is done with the same packets here: `finish` and `next`
set a breakpoint behind the call. Addresses in answers become offsets in the file.
"""

import json
import pathlib
import re
import shlex

from gdb_client import Broken, Guest, Refused, integer_of, offset_of, text_of

ROOT = pathlib.Path(__file__).resolve().parent.parent
VERBS = ROOT / "src/console/verbs.inc"
UNMET = {
    "Instance": "there is no instance yet: `run` or `start` makes it",
    "Stopped": "the program is not running: `run` starts it",
}
HAS_EXITED = "the program has exited: `run` starts it again"
# Verbs after which lines up to `end` belong to them.
BLOCKS = ("define", "document")
# A watchpoint as the console lists it, without how often it was hit.
WATCH_ROW = re.compile(r"watchpoint (\d+): (watch|rwatch|awatch) (.*?)(, disabled)?(?:, ignore (\d+))?(?:, if (.*?))?(?:, \d+ hits?)?")
# A breakpoint as the console lists it.
ROW = re.compile(r"breakpoint (\d+): .*? at (0x[0-9a-f]+)(?: \(asked for (0x[0-9a-f]+)\))?(, temporary)?(, disabled)?"
                 r"(?:, ignore (\d+))?(?:, log (\".*?\"))?(?:, if (.*?))?(?:, \d+ hits?)?")


def verbs():
    """(name, forms, needs, whether an empty line repeats it) of each verb."""
    rows = re.findall(r'^VERB\(\w+, "([^"]+)", "([^"]*)", "(?:[^"\\]|\\.)*", \w+, (\w+), (\w+)', VERBS.read_text(), re.MULTILINE)
    return [(name, forms.split(), needs, repeated == "true") for name, forms, needs, repeated in rows]


class Door:
    """Does the lines of a session, and keeps what the user sees."""

    def __init__(self, program, words, folder, environment, script):
        self.launch = lambda words: Guest(program, words, folder, environment)
        self.words = words
        self.lines = []
        self.guest, self.guest_words = None, None
        # Whether the program was run; else its process waits for that.
        self.is_running = self.has_exited = False
        self.status = 0
        self.stop = {}
        # The selected thread, as the protocol writes it; none for the one that stopped.
        self.thread = None
        # What a new process is told: the lists of breakpoints and events, and the highest number of all.
        self.breakpoints, self.events, self.last_number = [], [], 0
        # Watchpoints on locals, which end with their frames.
        self.on_locals = set()
        # Whether `display` has asked for something at each stop; how many blocks have begun.
        self.displays, self.blocks = False, 0
        # The names of modules inside a larger file, by the beginning of their addresses.
        self.names = {}
        self.first_run = next((line for line in script if re.match(r"(run|start|r)( |$)", line)), "run")
        self.verbs = verbs()

    # -- What the user says and sees

    def write(self, *lines):
        self.lines += [line.rstrip() for line in lines]

    def perform_all(self, script):
        last = ""
        for line in script:
            self.write("> " + line)
            word = re.match(r"[^\s/]*", line)[0]
            if self.blocks:
                self.blocks += (word in BLOCKS) - (word == "end")
                try:
                    self.write(*map(self.localised, self.monitor(line)))
                except Refused as refusal:
                    self.write(*("error: " + self.localised(str(refusal))).splitlines())
                continue
            if line.startswith("#"):
                continue
            line, last = line or last, ""
            if not line:
                continue
            try:
                word = re.match(r"[^\s/]*", line)[0]
                self.blocks = int(word in BLOCKS and line != word)
                name, needs, is_repeated = self.find_verb(word)
                if needs != "Nothing" and not self.is_running and needs != "Scope" and name not in ("run", "start"):
                    raise Refused(HAS_EXITED if self.has_exited else UNMET.get(needs, UNMET["Stopped"]))
                do = getattr(self, "do_" + name, None)
                if do:
                    do(line.partition(" ")[2].strip())
                else:
                    self.pass_on(name, line)
                if is_repeated:
                    # Memory goes on where it ended.
                    last = "x " + "".join(re.findall(r"/\w*", line)[:1]) if name == "x" else line
            except Refused as refusal:
                # A block that is refused has not begun.
                self.blocks = 0
                self.write(*("error: " + self.localised(str(refusal))).splitlines())
        if self.guest:
            if self.is_running:
                self.end(self.ask("k"), is_told=False)
            else:
                self.guest.discard()
        if self.status:
            self.write(f"[{self.status}]")
        return self.lines

    def find_verb(self, word):
        for name, forms, *row in self.verbs:
            if word == name or word in forms:
                return name, *row
        found = [(name, *row) for name, _, *row in self.verbs if name.startswith(word)]
        if len(found) != 1:
            # Perhaps one that the user has defined.
            return word, "Nothing", False
        return found[0]

    def localised(self, text):
        """With offsets in the file in place of addresses of code, and nothing of where memories and instances are."""
        text = re.sub(r"(^memory\[.* bytes) at 0x[0-9a-f]+", r"\1", text)
        text = re.sub(r"^/\S*/(app\.wasm)(:\S+:0x[0-9a-f]+)?(?=[ :])", r"\1", text)
        text = re.sub(r"(^[* ] instance .*?) at 0x.*", r"\1", text)

        def place(address):
            name = self.names.get(address[0][:10]) if text.startswith("breakpoint ") else None
            return hex(offset_of(int(address[0], 16))) + (f" in {name}" if name else "")
        return re.sub(r"0x4[0-9a-f]{15}\b", place, text)

    def pass_on(self, name, line):
        """A line of the console."""
        lines = self.monitor(line)
        if name in BLOCKS and lines and lines[0].startswith("error: "):
            self.blocks = 0
        if name in ("display", "undisplay"):
            self.displays = self.monitor("display") != ["nothing is displayed at stops"]
        if name == "thread" and "apply" not in line:
            self.thread = f"{int(line.split()[1], 0):x}"
        if lines and lines[-1].startswith("LLDB learns of it"):
            # The step that follows executes nothing, and tells where the guest is now.
            lines.pop()
            if self.go(self.step_action(), is_quiet=True) != "trace":
                raise Broken("the step behind a detour was none")
        if name in ("watch", "rwatch", "awatch"):
            place = line.partition(" ")[2].strip()
            names = re.findall(r"^local\[\d+\] (\S+) = ", "\n".join(self.monitor("locals")), re.MULTILINE)
            if place.startswith("local[") or re.split(" (?:if|ignore) ", place)[0].lstrip("$") in names:
                self.on_locals.add(int(re.match(r"watchpoint (\d+)", lines[0])[1]))
        self.on_locals -= {int(number) for number in re.findall(r"^deleted (\d+)$", "\n".join(lines), re.MULTILINE)}
        if name == "list" and not self.is_running:
            # The process stands somewhere already.
            lines = [re.sub("^=>", "  ", line) for line in lines]
        self.write(*[self.localised(line) for line in lines])
        # In a block, the lines that this asks for would belong to it.
        if not self.blocks:
            self.remember()

    # -- The process

    def ask(self, payload):
        return self.door().ask(payload)

    def monitor(self, command):
        return self.door().monitor(command)

    def door(self):
        """The door of the process; a new one waits for the program to be run, as a module can be asked about there."""
        if not self.guest:
            self.begin(self.first_run.partition(" ")[2])
        return self.guest.connection

    def begin(self, said):
        """A process that has not executed anything, with all that stops it."""
        words = self.words
        if said:
            # The arguments of a component's function are in parentheses.
            function, *arguments = [said] if "(" in said else shlex.split(said)
            options = self.words[:self.words.index("app.wasm")]
            if "--invoke" in options:
                at = options.index("--invoke")
                del options[at:at + 2]
            words = [*options, "--invoke", function.lstrip("$"), "app.wasm", *arguments]
        if self.guest and (self.is_running or self.guest_words != words):
            self.guest.discard()
            self.guest = None
        if self.guest:
            return
        self.guest, self.guest_words = self.launch(words), words
        self.take(self.guest.connection.ask("?"))
        libraries = self.ask("qXfer:libraries:read::0,ffff")
        self.names = {place: name for name, place in re.findall(
            r'name="[^"]*/app\.wasm:([^"]*):0x[0-9a-f]+"><section address="(0x4.{7})', libraries)}
        for line in self.events:
            event, _, state = line.partition(": ")
            self.monitor(f"catch {event}" + (" off" if state == "off" else ""))
        self.restore()

    def restore(self):
        """Tells a new process of the breakpoints, and brings its numbers up to those that the user has seen."""
        place = next(re.search(r" at (0x4\w+)", line)[1] for line in self.monitor("functions") if " at 0x4" in line)
        rows = {int(row[1]): row for row in map(ROW.fullmatch, self.breakpoints) if row}
        watches = {int(row[1]): row for row in map(WATCH_ROW.fullmatch, self.breakpoints) if row}
        for number in range(1, self.last_number + 1):
            row = rows.get(number)
            if watch := watches.get(number):
                options = [f"{word} {value}" for word, value in (("ignore", watch[5]), ("if", watch[6])) if value]
                self.monitor(" ".join([watch[2], watch[3], *options]))
                if watch[4]:
                    self.monitor(f"disable {number}")
                continue
            if not row:
                self.monitor(f"break {place}")
                self.monitor(f"delete {number}")
                continue
            log = row[7] and '"' + row[7][1:-1].replace("\\", "\\\\").replace('"', '\\"') + '"'
            options = [f"{word} {value}" for word, value in (("ignore", row[6]), ("log", log), ("if", row[8])) if value]
            self.monitor(" ".join(["tbreak" if row[4] else "break", row[3] or row[2], *options]))
            if row[5]:
                self.monitor(f"disable {number}")

    def remember(self):
        stops = self.monitor("break")
        # Watchpoints on locals are not set again.
        self.breakpoints = [line for line in stops if (row := re.match(r"(break|watch)point (\d+): ", line))
                            and not (row[1] == "watch" and int(row[2]) in self.on_locals)]
        self.events = self.monitor("catch")
        self.last_number = max([self.last_number, *(int(number) for number in re.findall(r"point (\d+): ", "\n".join(stops)))])

    # -- Resuming

    def take(self, answer):
        """A stop reply, as a dictionary."""
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

    def go(self, action, is_quiet=False):
        """Resumes; the reason of the stop in the protocol's word, or None when the program has ended."""
        while True:
            self.guest.connection.send(action)
            while (answer := self.guest.connection.receive()).startswith("O") and answer != "OK":
                self.show_output(text_of(answer[1:]))
            if answer[0] in "WX":
                self.end(answer)
                return None
            self.take(answer)
            if "library" in self.stop:
                self.ask("qXfer:libraries:read::0,ffff")
            if self.stop["signal"] != "00":
                if not is_quiet:
                    self.remember()
                return self.stop.get("reason", "signal")
            action = "vCont;c"

    def show_output(self, text):
        self.write(*text.splitlines())
        if not text.startswith("log: "):
            self.guest.printed += text

    def end(self, answer, is_told=True):
        """The program has ended: its process tells with what."""
        guest, self.guest, self.is_running, self.has_exited = self.guest, None, False, True
        self.status, output, errors = guest.close()
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
            self.write(text, *[f"watchpoint {number} deleted: its frame has ended" for number in sorted(self.on_locals)])
        self.on_locals = set()

    def tell(self, reason):
        """What the console says of a stop."""
        if not reason:
            return
        told = [line for line in self.monitor("info") if re.match(r"stopped: |watchpoint \d+ deleted", line)]
        # A breakpoint behind a call is ours.
        told[0] = told[0].replace("another client's breakpoint", "step", 1)
        if reason == "exception" and not told[0].startswith("stopped: " + text_of(self.stop["description"])):
            raise Broken(f"the client was told of {text_of(self.stop['description'])!r}, the console says {told[0]!r}")
        self.on_locals -= {int(number) for number in re.findall(r"^watchpoint (\d+) deleted", "\n".join(told), re.MULTILINE)}
        self.write(*map(self.localised, told))
        if self.displays:
            self.write(*map(self.localised, self.monitor("display")))

    def selected(self):
        return self.thread or self.stop["thread"]

    def places(self):
        """The addresses of the frames of the selected thread, innermost first."""
        stack = self.ask(f"qWasmCallStack:{self.selected()}")
        return [integer_of(stack[at:at + 16]) for at in range(0, len(stack), 16)]

    def step_action(self):
        return f"vCont;s:{self.selected()};c"

    def step_over(self):
        depth = len(self.places())
        reason = self.go(self.step_action())
        while reason == "trace" and (below := len(self.places()) - depth) > 0:
            reason = self.run_to(self.places()[below], depth)
        return "trace" if reason == "breakpoint" else reason

    def run_to(self, address, depth):
        """Goes on to an address in a frame of that depth, or one further out."""
        self.ask(f"Z0,{address:x},1")
        while (reason := self.go("vCont;c")) == "breakpoint" and len(self.places()) > depth:
            pass
        if self.guest:
            self.ask(f"z0,{address:x},1")
        return reason

    # -- What LLDB does with packets

    def do_run(self, said):
        self.begin(said)
        self.is_running = True
        self.tell(self.go("vCont;c"))

    def do_start(self, said):
        self.begin(said)
        self.is_running = True
        self.write("stopped: entry in " + self.localised(self.monitor("frame")[0].partition(" ")[2]))

    def do_continue(self, _):
        self.tell(self.go("vCont;c"))

    def do_step(self, said):
        self.step_often(said, lambda: self.go(self.step_action()))

    def do_next(self, said):
        self.step_often(said, self.step_over)

    def step_often(self, said, step):
        reason = None
        for _ in range(int(said or 1)):
            if (reason := step()) != "trace":
                break
        self.tell(reason)

    def do_finish(self, _):
        places = self.places()
        thread = int(self.selected(), 16)
        if len(places) == 1 and thread > 1:
            self.write(f"thread {thread} has no caller: it goes on to its end")
        head = self.monitor("disassemble")[0]
        reason = self.run_to(places[1], len(places) - 1) if len(places) > 1 else self.go("vCont;c")
        if reason == "breakpoint" and self.places() == places[1:]:
            self.tell_results(head)
        self.tell(reason)

    def tell_results(self, head):
        """What the function with this head, which has just returned, has left on its caller's stack."""
        if results := re.search(r"\(result (.*)\)$", re.sub(r"\(ref [^()]*\)", "ref", head)):
            operands = re.findall(r"^stack\[\d+\] = (.*) \(.*\)$", "\n".join(self.monitor("stack")), re.MULTILINE)
            # A host function in between has received them if they are not there.
            if len(operands) >= (count := len(results[1].split())):
                self.write("returned: " + ", ".join(operands[-count:]))

    def address_of(self, said):
        """The address of a place, and whether it is in the innermost function."""
        symbol = self.monitor("info symbol " + said)[0]
        if symbol.startswith("error: "):
            raise Refused(symbol.removeprefix("error: "))
        address = int(re.search(r" at (0x4\w+)", symbol)[1], 16)
        first, *_, last = (int(line[3:].split()[0], 16) for line in self.monitor("disassemble"))
        return address, first <= offset_of(address) <= last

    def do_until(self, said):
        address, is_here = self.address_of(said)
        if is_here:
            self.tell(self.run_to(address, len(self.places())))
        else:
            self.advance_to(address)

    def do_advance(self, said):
        self.advance_to(self.address_of(said)[0])

    def advance_to(self, address):
        """Goes on to the address in any frame, or to the return of the innermost function."""
        depth = len(self.places())
        caller = self.places()[1] if depth > 1 else None
        head = self.monitor("disassemble")[0]
        for place in filter(None, (address, caller)):
            self.ask(f"Z0,{place:x},1")
        while (reason := self.go("vCont;c")) == "breakpoint" and self.places()[0] != address and len(self.places()) >= depth:
            pass
        for place in filter(None, (address, caller) if self.guest else ()):
            self.ask(f"z0,{place:x},1")
        if reason == "breakpoint" and self.places()[0] == caller and len(self.places()) == depth - 1:
            self.tell_results(head)
        self.tell(reason)

    def do_kill(self, _):
        self.end(self.ask("k"))

    def do_detach(self, _):
        self.ask("D")
        self.status, output, errors = self.guest.close()
        self.guest, self.is_running, self.has_exited, self.breakpoints = None, False, True, []
        self.write(*output.splitlines(), *errors.splitlines(), f"exited with status {self.status}" if self.status else "exited")


def run_session(program, words, folder, environment, script):
    """The lines that a user of the gdb door sees."""
    door = Door(str(program), words, folder, environment, script)
    try:
        return door.perform_all(script)
    finally:
        if door.guest:
            door.guest.discard()
