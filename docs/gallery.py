"""Take the pictures of the README from real runs, in headless Chromium: ``make gallery``.

Two runs of the sample shop, ``sample`` and ``sample-baseline``, must be there. Figures are taken out of their pages,
and pages are taken as a reader sees them.
"""

import io
import os
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from seglib.report.pdf import find_browser

ROOT = Path(__file__).parents[1]
FIGURES = {
    # file: (run, page, heading the figure stands under)
    "weights-baseline.png": ("sample-baseline", "03_preprocessing", "How much each thing weighs"),
    "weights-customer.png": ("sample", "03_preprocessing", "How much each thing weighs"),
    "differ.png": ("sample", "02_eda", "Do customers differ at all?"),
    "structure.png": ("sample", "04_k_selection", "The silhouette"),
    "segments.png": ("sample", "06_interpretation", "Each segment and its markers"),
}
PAGES = {
    # file: (page, width, height, colour scheme, width of the picture)
    "report.png": ("sample/index.html", 1180, 1180, "light", 900),
    "report-phone.png": ("sample/index.html", 390, 900, "dark", 390),
}


def opened(browser: Browser, page: str, width: int, height: int, scheme: str = "light") -> Page:
    """Open a page of a report."""
    view = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    view.goto((ROOT / "reports" / page).as_uri())
    return view


def keep(name: str, png: bytes, width: int) -> None:
    """Write a picture in a given width and few colours, so that the file is small."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    # the few colours are those that differ most: by frequency alone, two segments would get the same one
    image.quantize(128, Image.Quantize.MAXCOVERAGE).save(ROOT / "docs" / name, optimize=True)
    print(ROOT / "docs" / name)


if __name__ == "__main__":
    chrome = find_browser() or sys.exit("This needs Chromium, Chrome or Edge; SEGLIB_CHROME may name it.")
    root = ["--no-sandbox"] if sys.platform == "linux" and os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chrome), args=["--disable-background-networking", *root])
        for name, (run, page, heading) in FIGURES.items():
            view = opened(browser, f"{run}/{page}.html", 1280, 900)
            figure = view.locator(f'//h2[normalize-space()="{heading}"]/following::figure[1]//img')
            keep(name, figure.screenshot(), 640)
        for name, (page, width, height, scheme, shown) in PAGES.items():
            keep(name, opened(browser, page, width, height, scheme).screenshot(), shown)
        browser.close()
