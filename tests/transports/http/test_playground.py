"""The page at the server's address, and its files."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from yarl import URL

from tests.transports.http.site import Site, serving

NAMES = sorted(entry.name for entry in (files("reactor_actors.transports.http") / "page").iterdir())
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def policy_of(header: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in map(str.split, header.split(";"))}


async def test_the_page_is_at_the_servers_address_also_before_the_model_is_loaded() -> None:
    async with serving(load=False) as site:
        answer = await site.get("/")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "<!doctype html>" in answer.text


@pytest.mark.parametrize("name", [name for name in NAMES if name != "index.html"])
async def test_every_file_of_the_page_is_served_as_what_it_is(site: Site, name: str) -> None:
    answer = await site.get(f"/page/{name}")
    assert answer.status == 200
    assert answer.text == (files("reactor_actors.transports.http") / "page" / name).read_text()
    assert answer.headers["Content-Type"] == f"{KINDS[name.split('.')[-1]]}; charset=utf-8"


@pytest.mark.parametrize("path", ["/", "/page/app.js", "/page/page.css"])
async def test_nothing_is_cached_and_nothing_may_come_from_elsewhere(site: Site, path: str) -> None:
    headers = (await site.get(path)).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = policy_of(headers["Content-Security-Policy"])
    assert policy["default-src"] == ["'none'"]
    assert policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert set().union(*policy.values()) == {"'none'", "'self'", "blob:"}
    assert policy["script-src"] == policy["style-src"] == ["'self'"]


@pytest.mark.parametrize(
    "path", ["/page/none.js", "/page/index.html", "/page/..%2Fapp.py", "/page/", "/page"]
)
async def test_nothing_but_the_pages_files_can_be_asked_for(site: Site, path: str) -> None:
    answer = await site.get(path)
    assert answer.status == 404
    assert answer.detail


def test_the_page_asks_for_all_its_modules_at_once() -> None:
    page = (files("reactor_actors.transports.http") / "page" / "index.html").read_text()
    preloaded = re.findall(r'rel="modulepreload" href="page/([a-z]+\.js)"', page)
    assert sorted([*preloaded, "app.js"]) == [name for name in NAMES if name.endswith(".js")]


def test_the_page_names_nothing_by_an_absolute_address() -> None:
    folder = files("reactor_actors.transports.http") / "page"
    for name in NAMES:
        text = (folder / name).read_text()
        named = re.findall(r"""(?:src|href|from)[=\s]*["']([^"'#]+)["']""", text)
        assert not [link for link in named if URL(link).absolute or link.startswith("/")], name
        outside = re.findall(r"https?://[^\s\"']+", text)
        assert set(outside) <= {"http://www.w3.org/2000/svg"}, name


async def test_a_browser_without_the_token_gets_the_page_that_asks_for_it() -> None:
    async with serving(token="s3cret") as site:
        answer = await site.get("/", headers=HTML)
        assert answer.status == 401
        assert "<!doctype html>" in answer.text
        assert (await site.get("/page/app.js")).status == 200
        assert (await site.get("/")).detail == "A valid token is required."
        assert (await site.get("/page/none.js")).status == 404


@pytest.mark.parametrize("path", ["/?token=s3cret", "/t/s3cret/", "//t/s3cret/"])
async def test_the_token_opens_the_page(path: str) -> None:
    async with serving(token="s3cret") as site:
        answer = await site.get(path, headers=HTML)
        assert answer.status == 200
        assert "<!doctype html>" in answer.text
        assert "s3cret" not in answer.text


async def test_the_pages_files_are_below_the_prefix_too() -> None:
    async with serving(token="s3cret") as site:
        assert (await site.get("/t/s3cret/page/app.js")).status == 200


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/t/a%2Fb", "http://127.0.0.1/behind/t/a%2Fb/"),
        ("/t/a%2Fb?x=1", "http://127.0.0.1/behind/t/a%2Fb/?x=1"),
    ],
)
async def test_a_prefix_without_its_slash_leads_to_the_one_with_it(path: str, there: str) -> None:
    async with serving(token="a/b") as site:
        answer = await site.get(path, headers=HTML, allow_redirects=False)
        assert answer.status == 308
        # Relative: a proxy in front may have put a path of its own before ours.
        asked = URL(f"http://127.0.0.1/behind{path}", encoded=True)
        location = URL(answer.headers["Location"], encoded=True)
        assert str(asked.join(location)) == there
        wrong = await site.get("/t/wrong", headers=HTML, allow_redirects=False)
        assert wrong.status == 401


def test_the_wheel_takes_the_whole_package_along() -> None:
    root = Path(__file__).parents[3]
    assert 'packages = ["reactor_actors"]' in (root / "pyproject.toml").read_text()
    ignored = (root / ".gitignore").read_text().split()
    # The wheel leaves out what git ignores.
    assert not {"page", "*.js", "*.css", "*.html", "*.svg"} & set(ignored)
