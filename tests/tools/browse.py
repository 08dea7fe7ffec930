#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""browse.py CHROMIUM PAGE DIR: opens PAGE, a file, in a headless Chromium and says what it finds, as JSON.

It looks four times: light and dark, and at the width of a phone, light and dark. Each time it takes a photograph, DIR/NAME.png, and says

    errors      what the browser complains of, in its console and its log
    requests    addresses that it asked for, other than the page's own
    overflow    by how many pixels the page is wider than the screen
    contrast    the least contrast of a text and what is behind it (WCAG 2.1, 1.4.3), and of which text
    small       texts of less than 11 pixels
    tabs        what the Tab key reaches, one after the other, until it is back at the beginning
    unnamed     of these, those that have no name for a screen reader
    scripts     whether scripts are in the page

The page is opened without scripts. What is asked here comes from outside of it, by the browser's own protocol
(https://chromedevtools.github.io/devtools-protocol/), over a pair of pipes: no port is opened.
"""
import base64
import json
import os
import select
import subprocess
import sys

LOOKS = {"light": (1200, 900, "light"), "dark": (1200, 900, "dark"), "phone": (360, 740, "light"),
         "phone-dark": (360, 740, "dark")}

MEASURE = r"""
(() => {
    const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const luminance = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
    const parse = text => { const m = text.match(/[\d.]+/g); return m ? m.map(Number) : [0, 0, 0, 0]; };
    const over = (top, below, alpha) => [0, 1, 2].map(i => top[i] * alpha + below[i] * (1 - alpha));
    const ratio = (a, b) => { const x = luminance(a), y = luminance(b);
        return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
    function behind(element) {
        const chain = [];
        for (let e = element; e; e = e.parentElement) chain.unshift(e);
        let colour = parse(getComputedStyle(document.body).backgroundColor);
        for (const e of chain) {
            const c = parse(getComputedStyle(e).backgroundColor);
            colour = over(c, colour, c.length > 3 ? c[3] : 1);
        }
        if (element.tagName !== "text") return colour;
        const at = element.getBoundingClientRect(), x = at.x + 2, y = at.y + at.height / 2;
        for (const r of element.closest("figure").querySelectorAll("rect")) {
            const b = r.getBoundingClientRect(), style = getComputedStyle(r);
            if (x < b.left || x > b.right || y < b.top || y > b.bottom) continue;
            colour = over(parse(style.fill), colour, Number(style.fillOpacity));
        }
        return colour;
    }
    let contrast = 99, which = "";
    const small = [];
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    for (let n; (n = walker.nextNode());) {
        const element = n.parentElement;
        if (!n.data.trim() || element.tagName === "title" || !element.getClientRects().length) continue;
        const style = getComputedStyle(element);
        const scale = element.tagName === "text" ? element.getScreenCTM().a : 1;
        const found = ratio(parse(element.tagName === "text" ? style.fill : style.color), behind(element));
        if (found < contrast) { contrast = found; which = n.data.trim().slice(0, 60); }
        if (parseFloat(style.fontSize) * scale < 11) small.push(n.data.trim().slice(0, 60));
    }
    const root = document.documentElement;
    return {overflow: root.scrollWidth - root.clientWidth, contrast, which, small: small.slice(0, 5),
            scripts: document.scripts.length > 0 || !!document.querySelector("[onclick],[onload]"),
            height: root.scrollHeight};
})()
"""

FOCUS = r"""
(() => { const e = document.activeElement;
    if (!e || e === document.body) return null;
    const title = e.querySelector && e.querySelector("title");
    const name = e.getAttribute("aria-label") || (title ? title.textContent : e.textContent).trim();
    const rect = e.getBoundingClientRect(), style = getComputedStyle(e);
    return {name, tag: e.tagName, shown: rect.width > 0 && rect.height > 0, outline: style.outlineStyle}; })()
"""


class Browser:
    def __init__(self, program, home):
        ours, theirs = os.pipe(), os.pipe()

        def fds():
            # Those of the pipes may be 3 or 4 themselves.
            read, write = os.dup(ours[0]), os.dup(theirs[1])
            read, write = os.dup(read), os.dup(write)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + os.path.join(home, "profile")],
            preexec_fn=fds, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(home, "chromium.log"), "wb"))
        self.to, self.source = ours[1], theirs[0]
        os.close(ours[0])
        os.close(theirs[1])
        self.buffer, self.number, self.session, self.events = b"", 0, None, []

    def receive(self):
        while b"\0" not in self.buffer:
            if not select.select([self.source], [], [], 60)[0]:
                raise SystemExit("browse.py: the browser did not answer for 60 seconds")
            got = os.read(self.source, 1 << 20)
            if not got:
                raise SystemExit("browse.py: the browser ended; see its log")
            self.buffer += got
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit("browse.py: %s: %s" % (method, answer["error"]))
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def wait(self, method):
        while not any(e["method"] == method for e in self.events):
            answer = self.receive()
            if "method" in answer:
                self.events.append(answer)

    def evaluate(self, expression):
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")


def press_tab(browser):
    for kind in ("rawKeyDown", "keyUp"):
        browser.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)


def tabs(browser):
    found = []
    for _ in range(500):
        press_tab(browser)
        at = browser.evaluate(FOCUS)
        if at is None or (found and at == found[0]):
            break
        found.append(at)
    return found


def look(browser, page, name, directory):
    width, height, scheme = LOOKS[name]
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                mobile=width < 600)
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.events.clear()
    browser.ask("Page.navigate", url=page)
    browser.wait("Page.loadEventFired")
    facts = browser.evaluate(MEASURE)
    photograph = browser.ask("Page.captureScreenshot", captureBeyondViewport=True,
                             clip={"x": 0, "y": 0, "width": width, "height": min(facts.pop("height"), 6000),
                                   "scale": 1})
    with open(os.path.join(directory, name + ".png"), "wb") as out:
        out.write(base64.b64decode(photograph["data"]))
    reached = tabs(browser)
    facts["tabs"] = [t["name"] for t in reached]
    facts["unnamed"] = sum(1 for t in reached if not t["name"])
    facts["unseen"] = [t["name"] for t in reached if not t["shown"] or t["outline"] == "none"]
    facts["errors"] = [e["params"] for e in browser.events
                       if e["method"] in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")]
    facts["requests"] = [url for url in (e["params"]["request"]["url"] for e in browser.events
                                         if e["method"] == "Network.requestWillBeSent")
                         if url.split("#")[0] != page and not url.startswith("data:")]
    return facts


def main():
    program, page, directory = sys.argv[1:]
    page = "file://" + os.path.realpath(page)
    os.makedirs(directory, exist_ok=True)
    browser = Browser(program, directory)
    try:
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            browser.ask(domain + ".enable")
        browser.ask("Emulation.setScriptExecutionDisabled", value=True)
        json.dump({name: look(browser, page, name, directory) for name in LOOKS}, sys.stdout, indent=1)
    finally:
        browser.process.kill()
        browser.process.wait()


main()
