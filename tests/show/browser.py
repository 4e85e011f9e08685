"""The machine's own Chromium or Chrome, driven by Playwright: what a reader of a page has."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRED = "BROWSER_TESTS"
"""Set to `required`, where a browser has to be there: without one its tests fail."""


def launched():
    """Give a running browser; skip, or fail where one is required, if there is none."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        _missing(f"Playwright cannot be imported ({error})")
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)), None)
        found = {"executable_path": path} if path else {"channel": "chrome"}
        try:
            browser = playwright.chromium.launch(args=["--no-sandbox"], **found)
        except Error as error:
            _missing(f"none of {', '.join(NAMES)} starts: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


def _missing(why):
    text = f"no browser to look at the page with: {why}"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(text)
    pytest.skip(text)


class Tab:
    """A page in a browser of its own, and all that went wrong there."""

    def __init__(self, browser, path, address="", **options):
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        self.page = self.context.new_page()
        self.wrong = []
        self.requests = []
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.url = path.as_uri()
        self.page.goto(self.url + address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def text(self, selector):
        return self.page.locator(selector).first.text_content()

    def paths(self):
        """Return the paths of the rows that can be seen."""
        return self.page.evaluate(
            "[...document.querySelectorAll('#tree tbody tr')]"
            ".filter((row) => row.checkVisibility()).map((row) => row.dataset.path)"
        )

    def is_fitting(self):
        """Say whether the table has all its columns in view."""
        return self.page.evaluate(
            "(({clientWidth, scrollWidth}) => scrollWidth <= clientWidth)"
            "(document.querySelector('.scroll'))"
        )

    def selected(self):
        row = self.page.locator("tr[aria-selected=true]")
        return row.get_attribute("data-path") if row.count() else None

    @property
    def address(self):
        return self.page.evaluate("decodeURIComponent(location.hash.slice(1)).replaceAll('+', ' ')")


VISIT = """(requests) => requests.map((request) => {
  for (const [id, value] of Object.entries(request)) document.getElementById(id).value = value;
  document.getElementById("controls").dispatchEvent(new Event("input"));
  const text = (id) => document.getElementById(id).textContent;
  const total = (id) => document.getElementById(id)?.children[1].textContent;
  return {
    wrong: text("wrong"),
    input: text("input"),
    totals: Object.fromEntries(["params", "macs", "activations", "peak", "saved", "flops"].map(
      (id) => [id, total(id)])),
    units: [...document.querySelectorAll("#totals dd b")].map((one) => one.textContent),
    rows: [...document.querySelectorAll("#tree tbody tr")].map((row) =>
      [row.dataset.path, ...[...row.cells].slice(2).map((cell) => cell.textContent)]),
    shapes: [...document.querySelectorAll("#figure [data-shape]")].map((one) => one.textContent),
  };
})"""
"""What a page says at each of these settings of its controls."""
