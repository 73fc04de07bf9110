#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The extension in VS Code, used as a person would: a server of VS Code, and Chromium in front of it.

VITRINE is the command, VITRINE_VSIX the extension, VITRINE_EDITORS the folder that
tools/install_editors.sh has filled, and VITRINE_PICTURES the folder for pictures of failures. With
VITRINE_BLESS=1 the pictures of docs/editors.md are made anew.

Without VS Code's server or Chromium the test is skipped (status 77). `./dev editors` installs them
and runs the test.
"""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INSTALLED = pathlib.Path(os.environ["VITRINE_EDITORS"])


def run_with_what_is_installed():
    """Goes on in the Python that has the driver of the browser."""
    missing = None
    if not (INSTALLED / "installed").exists():
        missing = "VS Code's server is not installed: ./dev editors does it"
    elif not (shutil.which("chromium") or shutil.which("chromium-browser")):
        missing = "chromium is not installed"
    if missing:
        print(f"not run: {missing}")
        sys.exit(77)
    if pathlib.Path(sys.prefix) != INSTALLED / "venv":
        python = INSTALLED / "venv" / "bin" / "python"
        os.execv(python, [python, "-B", *sys.argv])


run_with_what_is_installed()
sys.path.insert(0, str(HERE.parent / "lldb"))

from debuggee import COMPILE, compile_components, line_of  # noqa: E402
from workbench import Server, Workbench, browser, expect  # noqa: E402

VITRINE = os.environ["VITRINE"]
PICTURES = pathlib.Path(os.environ["VITRINE_PICTURES"])
GUESTS = HERE.parent / "lldb" / "guests"
BANK = ROOT / "examples" / "bank" / "bank.c"
LINES = BANK.read_text().splitlines()
DEPOSIT = LINES.index("    account->balance += amount;") + 1
DIVIDE = """#include <stdio.h>

static int divide(int a, int b)
{
    return a / b;
}

int main(void)
{
    printf("%d\\n", divide(84, 2));
    printf("%d\\n", divide(84, 0));
    return 0;
}
"""
SPIN = """#include <unistd.h>

static int ticks;

static void tick(void)
{
    ticks += 1;
}

int main(void)
{
    for (;;) {
        tick();
        usleep(10000);
    }
}
"""
GREET = """#include <stdio.h>

int main(void)
{
    char name[40];
    printf("Who are you? ");
    fflush(stdout);
    int read = scanf("%39s", name);
    printf("Hello %s\\n", read == 1 ? name : "nobody");
    return 0;
}
"""


def make_workspace(folder):
    """Guests, and a configuration for each."""
    shutil.copy(BANK, folder)
    (folder / "divide.c").write_text(DIVIDE)
    (folder / "spin.c").write_text(SPIN)
    (folder / "greet.c").write_text(GREET)
    for name in ("bank", "divide", "spin", "greet"):
        subprocess.run([*COMPILE[".c"], folder / f"{name}.c", "-o", folder / f"{name}.wasm"], check=True)
    # The component's sources stay where they are.
    shutil.copy(compile_components(folder / "parts", sources=folder), folder / "two.wasm")
    configurations = [{ "name": "bank" }, { "name": "divide" }, { "name": "two", "invoke": "run()" },
        { "name": "greet", "console": "integratedTerminal" }]
    shutil.copy(GUESTS / "shapes.rs", folder)
    # Where the compiler has no such target, that test is skipped.
    if shutil.which("rustc") and subprocess.run(["rustc", "--target", "wasm32-wasip1", "-g", "shapes.rs", "-o", "shapes.wasm"],
            cwd=folder, capture_output=True).returncode == 0:
        configurations.append({ "name": "shapes" })
    for each in configurations:
        each |= { "type": "vitrine", "request": "launch", "program": f"${{workspaceFolder}}/{each['name']}.wasm",
            "cwd": "${workspaceFolder}" }
    configurations.append({ "name": "attach to spin", "type": "vitrine", "request": "attach", "program": "spin" })
    (folder / ".vscode").mkdir()
    (folder / ".vscode" / "launch.json").write_text(json.dumps({ "version": "0.2.0", "configurations": configurations }, indent=4))


def pack_hex_editor(folder):
    path = folder / "hex.vsix"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (HERE / "hex").iterdir():
            archive.write(file, f"extension/{file.name}")
    return path


def with_picture(test):
    """If the test fails, there is a picture of what the window showed."""
    @functools.wraps(test)
    def run(self):
        try:
            test(self)
        except BaseException:
            PICTURES.mkdir(parents=True, exist_ok=True)
            path = PICTURES / f"{test.__name__}.png"
            self.code.page.screenshot(path=path)
            print(f"{test.__name__}: {path} shows the window", file=sys.stderr)
            raise
    return run


class VSCode(unittest.TestCase):
    """All tests share a window; each ends what it has started."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="vitrine-code-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name).resolve() / "guests"
        cls.folder.mkdir()
        make_workspace(cls.folder)
        # A test takes it away.
        cls.link = cls.folder.parent / "vitrine"
        cls.link.symlink_to(VITRINE)
        # The register of running guests.
        register = cls.folder.parent / "run"
        register.mkdir(mode=0o700)
        cls.environment = { "VITRINE": str(cls.link), "XDG_RUNTIME_DIR": str(register) }
        server = Server([os.environ["VITRINE_VSIX"], pack_hex_editor(cls.folder.parent)], cls.environment)
        cls.addClassCleanup(server.close)
        chromium = cls.enterClassContext(browser())
        cls.code = Workbench(chromium, server, cls.folder)

    def setUp(self):
        self.addCleanup(self.code.reset)

    def bless(self, name):
        if os.environ.get("VITRINE_BLESS") == "1":
            self.code.picture(ROOT / "docs" / "images" / f"{name}.png")

    def stop_at(self, source, line, configuration, before=lambda: None):
        code = self.code
        code.open_file(source)
        code.click_beside(line)
        code.start(configuration)
        before()
        code.stopped(source, line, "breakpoint")

    @with_picture
    def test_variables(self):
        code = self.code
        self.stop_at("bank.c", DEPOSIT, "bank")
        code.has_value("amount", "20")
        code.expand("account")
        code.has_value("owner", '"jade"')
        self.assertEqual(code.hover(DEPOSIT, "amount"), "20")
        self.bless("vscode-stop")
        code.set_value("balance", "1000")
        code.has_value("balance", "1000")
        # A data breakpoint.
        code.menu(code.variable("balance"), "Break on Value Change")
        code.rows(".debug-breakpoints", "account->balance").wait_for()
        code.page.keyboard.press("F5")
        code.stopped("bank.c", DEPOSIT + 1, "1000 -> 1020")
        code.has_value("balance", "1020")
        self.bless("vscode-data-breakpoint")
        code.page.keyboard.press("F10")
        code.stopped("bank.c", DEPOSIT + 2, "step")
        # What WebAssembly has; nothing is exported.
        code.collapse("Arguments")
        code.expand("Wasm globals")
        code.expand("Wasm tables")
        code.rows(".debug-variables", "$__stack_pointer").wait_for()
        code.console("print operations")
        code.console_shows("{deposit (func[8]), withdraw (func[9])}")
        code.command("Remove All Breakpoints")
        code.page.keyboard.press("F5")
        code.ended()
        code.console_shows("jade     20 -> 1020")
        code.console_shows("exited")

    @with_picture
    def test_code_and_memory(self):
        code = self.code
        self.stop_at("bank.c", DEPOSIT, "bank")
        code.command("Open Disassembly View")
        rows = code.page.locator(".disassembly-view .monaco-list-row")
        expect(rows.filter(has_text="i32.store offset=16").first).to_be_visible()
        expect(rows.filter(has_text="i32.load offset=8").first).to_be_visible()
        # Each line of the source is above its instructions.
        expect(rows.filter(has_text=LINES[DEPOSIT - 1].strip()).first).to_be_visible()
        self.bless("vscode-disassembly")
        # Memory: a row's button opens it as a file.
        code.expand("account")
        row = code.variable("account")
        row.hover()
        row.get_by_label("View Binary Data").click()
        text = code.page.frame_locator("iframe.webview").frame_locator("#active-frame").locator("pre")
        expect(text).to_have_text(re.compile(r"^\S* ([0-9a-f]{2} ){16,}"))

    @with_picture
    def test_traps(self):
        code = self.code
        code.open_file("divide.c")
        code.start("divide")
        code.stopped("divide.c", 5, "integer divide by zero")
        expect(code.page.locator(".exception-widget")).to_contain_text("trap: integer divide by zero")
        code.has_value("b", "0")
        self.bless("vscode-trap")
        code.page.keyboard.press("Shift+F5")
        code.ended()
        # Without the filter, the program ends there.
        code.rows(".debug-breakpoints", "Traps").locator(".monaco-checkbox").click()
        code.start("divide")
        code.ended()
        code.console_shows("trap: integer divide by zero")
        code.rows(".debug-breakpoints", "Traps").locator(".monaco-checkbox").click()

    @with_picture
    def test_rust(self):
        if not (self.folder / "shapes.wasm").exists():
            self.skipTest("rustc has no target wasm32-wasip1")
        code = self.code
        self.stop_at("shapes.rs", line_of("shapes.rs", "area"), "shapes")
        code.has_value("rect", "Rect { width: 3, height: 4 }")
        code.expand("Locals")
        code.has_value("total", "12")

    @with_picture
    def test_components(self):
        code = self.code
        self.stop_at("provider.c", line_of("provider.c", "sum"), "two")
        code.has_value("a", "7")
        expect(code.rows(".debug-call-stack")).to_have_text(
            [re.compile("^ops_add"), re.compile("^host ops_add"), re.compile("^run ?app.c"), re.compile("^host run")])

    @with_picture
    def test_attach(self):
        code = self.code
        guest = subprocess.Popen([VITRINE, "run", "--dap", "--no-wait", self.folder / "spin.wasm"],
            env=os.environ | self.environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(guest.communicate)
        self.addCleanup(guest.kill)
        self.assertIn(b"listening", guest.stderr.readline())
        line = SPIN.splitlines().index("    ticks += 1;") + 1
        self.stop_at("spin.c", line, "attach to spin")
        code.expand("Statics")
        first = int(code.variable("ticks").locator(".value").inner_text())
        code.page.keyboard.press("F5")
        code.has_value("ticks", str(first + 1))
        # It goes on without the editor.
        code.page.keyboard.press("Shift+F5")
        code.ended()
        self.assertIsNone(guest.poll())

    @with_picture
    def test_terminal(self):
        code = self.code
        line = GREET.splitlines().index('    int read = scanf("%39s", name);') + 1
        self.stop_at("greet.c", line + 1, "greet", before=lambda: code.type_in_terminal("Who are you?", "Ada\n"))
        code.expand("Locals")
        code.has_value("read", "1")
        code.page.keyboard.press("F5")
        code.terminal_shows("Hello Ada")
        code.ended()

    @with_picture
    def test_snippets(self):
        code = self.code
        code.open_file("launch.json")
        code.page.get_by_role("button", name="Add Configuration").click()
        code.page.locator(".suggest-widget.visible .monaco-list-row").first.wait_for()
        code.page.keyboard.type("Vitrine")
        rows = code.page.locator(".suggest-widget.visible .monaco-list-row")
        for title in ("run a module", "attach to a running guest", "attach by process id"):
            expect(rows.filter(has_text=f"Vitrine: {title}")).to_be_visible()
        rows.filter(has_text="Vitrine: invoke a function").click()
        expect(code.page.locator(".editor-instance .view-lines")).to_contain_text('"invoke": "f(1, 2)"')
        code.page.keyboard.press("Escape")
        code.command("File: Revert File")

    @with_picture
    def test_without_vitrine(self):
        code = self.code
        self.link.unlink()
        try:
            code.open_file("bank.c")
            code.start("bank")
            said = code.page.locator(".monaco-dialog-box, .notification-toast").filter(has_text="Vitrine:")
            expect(said.first).to_contain_text("is not a program; build it with './dev build'")
        finally:
            self.link.symlink_to(VITRINE)


if __name__ == "__main__":
    unittest.main()
