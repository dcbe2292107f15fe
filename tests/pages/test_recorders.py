"""Where a browser would refuse the microphone, the page says so instead of drawing recorders that give nothing."""

from __future__ import annotations

import pytest

from pages.shared.recorders import secure


@pytest.mark.parametrize("url", ["http://192.168.1.20:8501/", "http://lab.example/recognise", "http://[fe80::1]:8501"])
def test_plain_http_on_a_network_is_no_place_to_record(url: str) -> None:
    assert not secure(url)


@pytest.mark.parametrize(
    "url", ["https://192.168.1.20:8501/", "http://localhost:8501/", "http://127.0.0.1:8501", "http://[::1]:8501", ""]
)
def test_https_and_this_computer_are(url: str) -> None:
    assert secure(url)
