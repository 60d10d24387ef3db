"""What the suite itself stands on."""

import pytest


@pytest.mark.xdist_group("suite")
def test_who_shares_a_dear_fixture_is_run_by_one_process(request: pytest.FixtureRequest) -> None:
    """pytest-xdist tells a group by the id: with a pytest that keeps it elsewhere, groups fall apart without a word."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("only with --dist loadgroup")
    assert request.node.nodeid.endswith("@suite")
