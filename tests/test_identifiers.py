"""Ids sort by the time of their making."""

import time

from jobs.models.identifiers import uuid7


def test_ids_made_one_after_the_other_sort_in_that_order():
    ids = []
    for _ in range(200):
        ids.append(uuid7())
        made = time.perf_counter_ns()
        while (
            time.perf_counter_ns() - made < 1_000
        ):  # a quarter of a microsecond is what the fraction can tell
            continue
    assert ids == sorted(ids)
    assert len(set(ids)) == 200


def test_an_id_is_a_version_7_of_this_millisecond():
    before = time.time_ns() // 1_000_000
    made = uuid7()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000
