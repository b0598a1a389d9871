# SPDX-License-Identifier: MIT
"""run.py FOLDER [--benchmark] [TEST...]: the tests of the page that was built in FOLDER.

Ends with a line `N passed, N failed`."""

import sys
import time

from browser import Browser, Server

folder, *names = sys.argv[1:]
root = __file__.rsplit("/Tests/", 1)[0]
server = Server(folder, f"{root}/Tests/Playground", f"{root}/Tests/Fixtures")
browser = Browser()
passed = failed = 0


def check(name, problem):
    global passed, failed
    passed, failed = passed + (not problem), failed + bool(problem)
    print(f"FAILED: {name}\n    {problem}" if problem else f"passed: {name}", flush=True)


def problem_of(name):
    """What a test finds wrong; None if nothing."""
    try:
        browser.evaluate(f"import('/tests.js').then(({{ tests }}) => tests.{name}())", 90)
        if browser.complaints:
            return f"on the console: {browser.complaints}"
    except (RuntimeError, TimeoutError) as error:
        return str(error)
    finally:
        browser.complaints.clear()


try:
    browser.resize(1400, 900)
    browser.open(server.address)
    if "--benchmark" in names:
        print(browser.evaluate("import('/benchmark.js').then(({ benchmark }) => benchmark())"))
        sys.exit(0)
    for name in names or browser.evaluate(
            "import('/tests.js').then(({ tests }) => Object.keys(tests))"):
        start = time.monotonic()
        check(name, problem_of(name))
        print(f"    {time.monotonic() - start:.1f} s", file=sys.stderr)
finally:
    browser.close()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
