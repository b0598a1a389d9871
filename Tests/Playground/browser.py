# SPDX-License-Identifier: MIT
"""Drives Chromium through the pipe that its developer tools listen at: no library, and no network."""

import functools
import http.server
import json
import os
import subprocess
import tempfile
import threading
import time


class Server:
    """Serves folders on 127.0.0.1: the first one that has a file."""

    def __init__(self, *folders):
        folders = [os.path.abspath(folder) for folder in folders]

        class Handler(http.server.SimpleHTTPRequestHandler):
            def translate_path(self, path):
                for folder in folders:
                    self.directory = folder
                    found = super().translate_path(path)
                    if os.path.isfile(found) or os.path.isfile(f"{found}/index.html"):
                        break
                return found

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/"


class Browser:
    """A Chromium without a window, with one page; `complaints` has the errors on its console."""

    def __init__(self, program="chromium"):
        to_read, self.to = os.pipe()
        self.come, to_write = os.pipe()
        self.folder = tempfile.TemporaryDirectory()
        command = [
            program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
            "--no-first-run", "--disable-extensions", "--disable-background-networking",
            f"--user-data-dir={self.folder.name}", "about:blank",
        ]

        def connect():
            # 3 and 4 are where Chromium reads and writes; first out of the way of each other.
            low, high = os.dup2(to_read, 20), os.dup2(to_write, 21)
            os.dup2(low, 3)
            os.dup2(high, 4)

        self.process = subprocess.Popen(
            command, preexec_fn=connect, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.lock = threading.Condition()
        self.answers, self.complaints, self.session, self.number = {}, [], None, 0
        threading.Thread(target=self.listen, daemon=True).start()
        target = next(
            target for target in self.send("Target.getTargets")["targetInfos"]
            if target["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Runtime", "Log", "Page"):
            self.send(f"{domain}.enable")
        # What a test cannot do from inside the page: press a key, or change the page's size.
        self.send("Runtime.addBinding", name="driver")

    def listen(self):
        rest = b""
        while chunk := os.read(self.come, 1 << 20):
            *texts, rest = (rest + chunk).split(b"\0")
            for text in texts:
                self.hear(json.loads(text))

    def hear(self, message):
        with self.lock:
            if "id" in message:
                self.answers[message["id"]] = message
                self.lock.notify_all()
                return
        parameters = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                self.complaints.append(
                    details.get("exception", {}).get("description", details["text"]))
            case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning", "assert"):
                self.complaints.append(str([a.get("value") for a in parameters["args"]]))
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                self.complaints.append(str(parameters["entry"]))
            case "Runtime.bindingCalled":
                wish = json.loads(parameters["payload"])
                threading.Thread(target=self.fulfil, args=(wish,), daemon=True).start()

    def fulfil(self, wish):
        if "key" in wish:
            key = wish["key"]
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            code = {"Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39, " ": 32}.get(key, 0)
            for kind in ("keyDown", "keyUp"):
                self.send(
                    "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code,
                    **(text if kind == "keyDown" else {}))
        if "width" in wish:
            self.resize(wish["width"], wish["height"])
        self.send("Runtime.evaluate", expression=f"driven({wish['number']})")

    def send(self, method, timeout=120, **parameters):
        """Sends a command and returns its result."""
        with self.lock:
            self.number += 1
            number = self.number
            message = {"id": number, "method": method, "params": parameters}
            if self.session:
                message["sessionId"] = self.session
            os.write(self.to, json.dumps(message).encode() + b"\0")
            if not self.lock.wait_for(lambda: number in self.answers, timeout):
                raise TimeoutError(f"{method}: no answer in {timeout} s")
            answer = self.answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def resize(self, width, height):
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=False)

    def open(self, address):
        """Opens a page and waits until it says that it is ready."""
        self.send("Page.navigate", url=address)
        deadline = time.monotonic() + 60
        while not self.evaluate("document.documentElement?.dataset.ready"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{address} is not ready: {self.complaints}")
            time.sleep(0.05)

    def evaluate(self, expression, timeout=120):
        """The value of an expression in the page, which may be a promise."""
        result = self.send(
            "Runtime.evaluate", timeout, expression=expression, awaitPromise=True,
            returnByValue=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        # Processes that it has begun may go on writing for a moment.
        deadline = time.monotonic() + 10
        while True:
            try:
                self.folder.cleanup()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
