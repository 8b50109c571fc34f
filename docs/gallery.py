"""Take the pictures of the README from real runs: ``make gallery``.

Reads the figures out of the pages of two runs of the sample shop, ``sample`` and ``sample-baseline``.
"""

import base64
import io
from pathlib import Path

from bs4 import BeautifulSoup
from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURES = {
    # file: (run, page, section the figure stands in, width in pixels)
    "weights-baseline.png": ("sample-baseline", "03_preprocessing", "How much each thing weighs", 640),
    "weights-customer.png": ("sample", "03_preprocessing", "How much each thing weighs", 640),
    "differ.png": ("sample", "02_eda", "Do customers differ at all?", 640),
    "structure.png": ("sample", "04_k_selection", "The silhouette", 640),
    "segments.png": ("sample", "06_interpretation", "Beside the average", 640),
}


def figure(run: str, page: str, section: str) -> Image.Image:
    """Return the first figure after a heading of a page."""
    soup = BeautifulSoup((ROOT / "reports" / run / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
    heading = next(h for h in soup.find_all("h2") if h.get_text() == section)
    source = heading.find_next("figure").img["src"]
    return Image.open(io.BytesIO(base64.b64decode(source.split(",", 1)[1]))).convert("RGB")


for name, (run, page, section, width) in PICTURES.items():
    image = figure(run, page, section)
    image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    image.quantize(64).save(ROOT / "docs" / name, optimize=True)
    print(ROOT / "docs" / name)
