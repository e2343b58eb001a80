"""Headless Chromium, driven over the DevTools protocol: what a person at a browser does, and sees.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import axe_core_python
import websocket
from programs import PATIENCE, eventually

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()


class Browser:
    """A browser with a profile of its own, which ends with it."""

    def __init__(self):
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        assert program, "there is no Chromium: scripts/setup.sh test"
        self.profile = tempfile.TemporaryDirectory(prefix="user-service-browser-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-US",
             "--remote-debugging-port=0", "--remote-allow-origins=*", f"--user-data-dir={self.profile.name}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "LANGUAGE": "en_US"})
        place = Path(self.profile.name) / "DevToolsActivePort"
        eventually(lambda: place.exists() and place.read_text().count("\n") >= 1, "Chromium listens")
        self.port = place.read_text().split()[0]

    def page(self, url):
        """A new window without anything that others have stored."""
        return Page(self, url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.profile.cleanup()


class Page:
    """A window. `faults` has what the browser complained of: errors of scripts, and what the page's policy forbids."""

    def __init__(self, browser, url):
        with urllib.request.urlopen(f"http://127.0.0.1:{browser.port}/json/version", timeout=PATIENCE) as answer:
            address = json.load(answer)["webSocketDebuggerUrl"]
        self.socket = websocket.create_connection(address, timeout=PATIENCE, max_size=None)
        self.numbers = itertools.count(1)
        self.session = None
        self.faults, self.requests = [], []
        self.context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setDeviceMetricsOverride", width=1100, height=800, deviceScaleFactor=1, mobile=False)
        self.open(url)

    # The protocol.

    def send(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._note(answer)

    def _note(self, event):
        said = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.faults.append(details.get("exception", {}).get("description") or details["text"])
        # What the server refuses is no fault of the page.
        elif event.get("method") == "Log.entryAdded" and said["entry"]["level"] == "error" and said["entry"]["source"] != "network":
            self.faults.append(said["entry"]["text"])
        elif event.get("method") == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])

    def evaluate(self, expression):
        """The value of an expression in the page; a promise's once it is there."""
        result = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"].get("exception", {}).get("description")
        return result["result"].get("value")

    def _object(self, expression):
        return self.send("Runtime.evaluate", expression=expression)["result"].get("objectId")

    # What a person does.

    def open(self, url):
        self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'", "the page is there")

    def reload(self):
        self.evaluate("window.isOld = true")
        self.send("Page.reload")
        self.wait("!window.isOld && document.readyState === 'complete'", "the page is there again")

    def wait(self, expression, what=None):
        try:
            return eventually(lambda: self.evaluate(expression), what or expression)
        except AssertionError as error:
            raise AssertionError(f"{error}; the page says: {self.text}") from None

    def sees(self, text):
        """Waits until the page shows a text."""
        return self.wait(f"document.body.innerText.includes({json.dumps(text)})", f"it shows {text!r}")

    @property
    def text(self):
        return self.evaluate("document.body?.innerText")

    def heading(self, text):
        self.wait(f"document.querySelector('h1')?.textContent === {json.dumps(text)}", f"the page is {text!r}")

    def field(self, label):
        """An expression of the control that a label belongs to."""
        return (f"[...document.querySelectorAll('label')].find((one) => one.textContent.trim() === {json.dumps(label)})?.control")

    def fill(self, label, text):
        """Writes into a field as the keyboard does."""
        self.wait(f"Boolean({self.field(label)})", f"there is a field {label!r}")
        self.evaluate(f"{self.field(label)}.focus(), {self.field(label)}.select()")
        if text:
            self.send("Input.insertText", text=text)
        else:
            self.key("Backspace")

    def value(self, label):
        return self.evaluate(f"{self.field(label)}.value")

    def control(self, name):
        """An expression of the button or link of this name, in a dialog if one is open."""
        return ("[...(document.querySelector('dialog[open]') ?? document).querySelectorAll('button, a, input[type=checkbox]')]"
                f".find((one) => (one.getAttribute('aria-label') ?? one.innerText ?? '').trim() === {json.dumps(name)} && !one.disabled)")

    def press(self, name):
        """Clicks a button or a link with the mouse, where it is."""
        self.wait(f"Boolean({self.control(name)})", f"there is {name!r} to press")
        self.evaluate(f"{self.control(name)}.scrollIntoView({{ block: 'center' }})")
        box = json.loads(self.evaluate(f"JSON.stringify({self.control(name)}.getBoundingClientRect())"))
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, name, shift=False):
        """Presses a key: Tab, Enter, Escape, Backspace, Space."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, ""), "Backspace": (8, ""), "Space": (32, " ")}[name]
        common = {"key": " " if name == "Space" else name, "code": name, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **common, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    @property
    def focused(self):
        """What has the focus: its label or its text."""
        return self.evaluate(
            "(document.activeElement.labels?.[0]?.textContent ?? document.activeElement.getAttribute('aria-label')"
            " ?? document.activeElement.innerText).trim()")

    # What a person sees.

    def scheme(self, name):
        """`light` or `dark`."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def screenshot(self, name):
        """Keeps a picture where BROWSER_SCREENSHOTS says; nowhere without it."""
        picture = base64.b64decode(self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"])
        assert picture.startswith(b"\x89PNG")
        if directory := os.environ.get("BROWSER_SCREENSHOTS"):
            Path(directory).mkdir(parents=True, exist_ok=True)
            (Path(directory) / f"{name}.png").write_bytes(picture)

    def accessibility_faults(self):
        """What axe-core finds against WCAG 2.2, levels A and AA, and its best practices."""
        self.evaluate(AXE + "; undefined")
        found = json.loads(self.evaluate("axe.run(document, { resultTypes: ['violations'] }).then((one) => JSON.stringify(one.violations))"))
        return [(one["id"], [node["html"][:200] for node in one["nodes"]], [node["failureSummary"] for node in one["nodes"]][:1]) for one in found]

    def close(self):
        self.session = None
        self.send("Target.disposeBrowserContext", browserContextId=self.context)
        self.socket.close()
