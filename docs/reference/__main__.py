"""`python -m docs.reference`: write the page."""

from pathlib import Path

from docs.reference.page import page

PAGE = Path(__file__).parents[1] / "reference.md"

PAGE.write_text(page())
