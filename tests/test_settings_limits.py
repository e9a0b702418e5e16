"""How limits and proxies are written in the environment."""

import pytest

from classpulse.settings import Settings


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", (600, 1200)),
        ("100,200", (100, 200)),
        (" 100 , 200 ", (100, 200)),
        ("100", (100, 100)),
        ("0", (0, 0)),
        ("0,50", (0, 50)),
    ],
)
def test_a_limit_is_a_pair_or_one_number_for_both(written: str, read: tuple[int, int]) -> None:
    settings = Settings.from_environment({"HOME": "/x", "CLASSPULSE_REQUEST_LIMIT": written})
    assert settings.request_limit == read


def test_proxies_are_addresses_and_networks() -> None:
    settings = Settings.from_environment(
        {"HOME": "/x", "CLASSPULSE_FORWARDED_ALLOW": "10.0.0.5, 192.168.1.7/24 ::1"}
    )
    assert settings.forwarded_allow == ("10.0.0.5/32", "192.168.1.0/24", "::1/128")
