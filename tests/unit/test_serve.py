"""The report page as a browser gets it from `watch --serve`."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import ConfigError
from ingest.serve import served

PAGE = (
    '<html><meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
    " script-src 'sha256-own'\"><body><p>é</p><script>'script-src </body>'</script></body></html>\n"
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


@pytest.fixture
def port(page: Path) -> Iterator[int]:
    with served(page, 0) as address:
        assert address.startswith("http://127.0.0.1:")
        yield int(address.rstrip("/").rpartition(":")[2])


def ask(
    port: int, method: str = "GET", path: str = "/", host: str | None = None
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    headers = {"Host": host} if host else {}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8")
    connection.close()
    return answer.status, dict(answer.getheaders()), text


def test_the_page_gets_a_script_that_its_policy_allows(page: Path, port: int) -> None:
    page.write_text(PAGE, encoding="utf-8")

    status, headers, text = ask(port)

    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "connect-src 'self'; script-src 'sha256-" in text
    assert " 'sha256-own'" in text
    assert text.index("location.reload") > text.index("'script-src </body>'")
    assert headers["ETag"] in text
    assert page.read_text(encoding="utf-8") == PAGE


def test_a_page_that_is_written_anew_has_another_tag(page: Path, port: int) -> None:
    page.write_text(PAGE, encoding="utf-8")
    first = ask(port, "HEAD")[1]["ETag"]
    assert ask(port, "HEAD")[1]["ETag"] == first

    page.write_text(PAGE + "\n", encoding="utf-8")

    assert ask(port, "HEAD")[1]["ETag"] != first


def test_without_a_page_the_browser_asks_again(port: int) -> None:
    status, headers, text = ask(port)

    assert (status, headers["Refresh"]) == (200, "2")
    assert "no report page yet" in text


@pytest.mark.parametrize("path", ["/report.html", "/../watch.py", "/?x"])
def test_nothing_else_is_served(page: Path, port: int, path: str) -> None:
    page.write_text(PAGE, encoding="utf-8")

    assert ask(port, path=path)[0] == 404


def test_another_sites_name_does_not_read_it(page: Path, port: int) -> None:
    page.write_text(PAGE, encoding="utf-8")

    status, _, text = ask(port, host=f"elsewhere.example:{port}")

    assert status == 421
    assert "sha256" not in text


def test_a_port_that_is_taken(page: Path, port: int) -> None:
    with pytest.raises(ConfigError, match="--port"), served(page, port):
        pass
