from classpulse.serve.attempts import FailedLogins


def test_failures_of_one_pair_are_bounded_and_forgotten_in_time() -> None:
    now = 0.0
    failed = FailedLogins(clock=lambda: now)
    assert [failed.begin(("a", "1")) for _ in range(10)] == [0] * 10
    assert failed.begin(("a", "1")) == 300
    assert failed.begin(("a", "2")) == 0
    assert failed.begin(("b", "1")) == 0
    now = 299.5
    assert failed.begin(("a", "1")) == 1
    now = 300.0
    assert failed.begin(("a", "1")) == 0


def test_a_success_starts_afresh() -> None:
    failed = FailedLogins(clock=lambda: 0.0)
    for _ in range(9):
        failed.begin(("a", "1"))
    failed.succeeded(("a", "1"))
    assert [failed.begin(("a", "1")) for _ in range(10)] == [0] * 10


def test_a_flood_of_addresses_costs_bounded_memory() -> None:
    failed = FailedLogins(clock=lambda: 0.0)
    for n in range(10_100):
        failed.begin(("a", str(n)))
    assert len(failed._failures) == 10_000
