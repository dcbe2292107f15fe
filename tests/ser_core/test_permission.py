"""Who may launch: what a visitor sends can only take the permission away."""

import re

import pytest

from ser_core.errors import NotAllowed
from ser_core.permission import AT_THE_SHELL, Permission, Throttle, may_act, visitor_of

LOCAL = {"Host": "localhost:8501", "User-Agent": "a browser", "Origin": "http://localhost:8501"}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(
    address: str | None = "localhost", headers: dict[str, str] | None = None, host: str = "localhost:8501",
    key: str | None = None, throttle: Throttle | None = None, visitor: str = "", **settings: str,
) -> Permission:  # fmt: skip
    return may_act(
        address, LOCAL if headers is None else headers, host, key,
        visitor=visitor, settings=settings, throttle=throttle or Throttle(Clock()),
    )  # fmt: skip


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1", "127.0.0.2", "[::1]"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8501", "127.0.0.1:8501", "[::1]:8501", "[::1]", "LOCALHOST"])
def test_on_a_computer_of_ones_own_everyone_may(address: str, host: str) -> None:
    permission = ask(address, {}, host)
    assert permission.allowed
    assert not permission.visitor
    permission.require("launch a training")


@pytest.mark.parametrize(
    "address", [None, "", "0.0.0.0", "::", "192.168.1.5", "lab.example.org", "localhost.example.org"]
)
def test_a_server_that_others_reach_asks_for_a_passphrase(address: str | None) -> None:
    assert not ask(address).allowed


@pytest.mark.parametrize(
    "name",
    ["Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-FORWARDED-PROTO", "X-Forwarded-", "Via", "X-Real-IP"],
)
def test_behind_a_proxy_nobody_is_local(name: str) -> None:
    assert not ask(headers={**LOCAL, name: "127.0.0.1"}).allowed
    assert not ask(headers={**LOCAL, name: ""}).allowed


@pytest.mark.parametrize(
    "host",
    ["", "lab.example.org", "localhost.example.org", "example.org:8501", "localhost@example.org", "user@localhost",
     "localhost:8501:80", "localhost:x", "localhost/", "localhost?", "localhost#", "localhost\n", "localhost ",
     "127.0.0.1.example.org", "[::1", "::1", "[::2]", "127.0.0.2", "0.0.0.0", "localhost, example.org", "localhost."],
)  # fmt: skip
def test_another_name_for_this_server_is_refused(host: str) -> None:
    """A name that somebody else lets point to this computer, or no name at all."""
    assert not ask(headers={}, host=host).allowed
    assert not ask(headers={"Host": host}).allowed


@pytest.mark.parametrize("origin", ["https://example.org", "null", "", "http://localhost.example.org", "file://"])
def test_a_page_from_elsewhere_is_refused(origin: str) -> None:
    assert not ask(headers={**LOCAL, "Origin": origin}).allowed


def test_the_passphrase_opens_it() -> None:
    assert ask(None, key="open sesame", SER_ADMIN_KEY="open sesame").allowed
    assert ask(None, headers={"X-Forwarded-For": "1.2.3.4"}, key="öffne dich", SER_ADMIN_KEY="öffne dich").allowed


@pytest.mark.parametrize("key", ["open", "open sesame ", "OPEN SESAME", "\ud800", "x" * 100_000, "", None])
def test_another_passphrase_does_not(key: str | None) -> None:
    permission = ask(None, key=key, SER_ADMIN_KEY="open sesame")
    assert not permission.allowed
    with pytest.raises(NotAllowed, match=r"You may not launch a training here\. .*pass"):
        permission.require("launch a training")


@pytest.mark.parametrize("key", ["", None, "anything"])
def test_without_a_passphrase_set_none_fits(key: str | None) -> None:
    for settings in ({}, {"SER_ADMIN_KEY": ""}):
        permission = ask(None, key=key, **settings)
        assert not permission.allowed
        assert "SER_ADMIN_KEY" in permission.reason


def test_guessing_is_slowed() -> None:
    """The wait doubles, is the same for everybody, and even the right one has to wait."""
    clock = Clock()
    throttle = Throttle(clock)

    def attempt(key: str) -> Permission:
        return ask(None, key=key, throttle=throttle, SER_ADMIN_KEY="right")

    waits = []
    for _ in range(7):
        assert "That passphrase is wrong" in attempt("guess").reason
        said = re.search(r"try again in (\d+) s", attempt("right").reason)
        assert said
        waits.append(int(said[1]))
        clock.now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 16, 16]
    assert attempt("right").allowed
    assert "That passphrase is wrong" in attempt("guess").reason
    clock.now += 1
    assert attempt("right").allowed


def test_guesses_in_vain_do_not_make_the_wait_longer() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(50):
        ask(None, key="guess", throttle=throttle, SER_ADMIN_KEY="right")
    clock.now += 1
    assert ask(None, key="right", throttle=throttle, SER_ADMIN_KEY="right").allowed


def test_an_open_server_knows_visitors_apart_but_not_who_they_are() -> None:
    ann, bob = (ask(None, visitor=name, SER_OPEN="1") for name in ("198.51.100.7", "198.51.100.8"))
    assert ann.allowed
    assert bob.allowed
    assert ann.visitor != bob.visitor
    assert "198" not in ann.visitor
    ann.require_for(ann.visitor, "cancel this job")
    for owner in (bob.visitor, ""):
        with pytest.raises(NotAllowed, match="somebody else's"):
            ann.require_for(owner, "cancel this job")
    AT_THE_SHELL.require_for(ann.visitor, "cancel this job")


@pytest.mark.parametrize(
    ("address", "forwarded", "visitor"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.1", "198.51.100.7"),  # who comes directly can write what they like
        (None, "203.0.113.1", "203.0.113.1"),
        (None, "somebody else, 203.0.113.1", "203.0.113.1"),  # the proxy wrote the last one
        (None, "", ""),
    ],
)
def test_behind_a_proxy_visitors_are_still_told_apart(address: str | None, forwarded: str, visitor: str) -> None:
    assert visitor_of(address, {"x-Forwarded-For": forwarded} if forwarded else {}) == visitor


@pytest.mark.parametrize("value", ["0", "", "yes", "true"])
def test_open_is_said_exactly(value: str) -> None:
    assert not ask(None, SER_OPEN=value).allowed


def test_on_an_open_server_the_passphrase_still_makes_an_owner() -> None:
    assert not ask(None, key="right", SER_OPEN="1", SER_ADMIN_KEY="right").visitor
    assert not ask(None, key="wrong", SER_OPEN="1", SER_ADMIN_KEY="right").allowed
