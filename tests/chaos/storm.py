"""Jobs and faults together, at moments drawn from one seed."""

import heapq
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count

from tests.chaos.faults import Course, Fault
from tests.chaos.rig import LADDER, SLOW_LADDER, Rig

_TICK_SECONDS = 0.05
_POST_SECONDS = 1.0


class Storm:
    """One run. `injected` counts the faults, `impossible` names those that this machine does not allow."""

    def __init__(self, rig: Rig, faults: Sequence[Fault], jobs: int, say: Callable[[str], None]) -> None:
        self._rig = rig
        self._say = say
        self._faults = list(faults)
        self._jobs = jobs
        self._courses: list[tuple[float, int, Fault, Course]] = []
        self._ids = count()
        self.injected: Counter[str] = Counter()
        self.impossible: dict[str, str] = {}

    def rage(self) -> None:
        """Until every fault is over and every job is ordered."""
        gaps = self._rig.random
        next_fault = next_job = time.monotonic()
        post_at = 0.0
        ordered = 0
        pending = list(self._faults)
        while pending or self._courses or ordered < self._jobs:
            now = time.monotonic()
            self._rig.watch()
            self._advance(now)
            # Jobs keep step with the faults, so that every fault finds some at work.
            due = len(self._faults) - len(pending) + 1
            if now >= next_job and ordered < self._jobs and ordered * len(self._faults) < due * self._jobs:
                self._rig.submit(SLOW_LADDER if ordered % 3 == 2 else LADDER)
                ordered += 1
                next_job = now + gaps.uniform(0.0, 1.0)
            elif pending and now >= next_fault and ordered * len(self._faults) >= due * self._jobs:
                self._begin(pending)
                next_fault = time.monotonic() + gaps.uniform(1.0, 6.0)
            if self._rig.unanswered and now >= post_at:
                self._rig.post()
                post_at = now + _POST_SECONDS
            time.sleep(_TICK_SECONDS)

    def _begin(self, pending: list[Fault]) -> None:
        """The first fault whose target is whole."""
        broken = {fault.target for _, _, fault, _ in self._courses}
        for fault in pending:
            if fault.target not in broken:
                pending.remove(fault)
                self._say(fault.name)
                self.injected[fault.name] += 1
                heapq.heappush(
                    self._courses, (time.monotonic(), next(self._ids), fault, fault.run(self._rig))
                )
                return

    def _advance(self, now: float) -> None:
        while self._courses and self._courses[0][0] <= now:
            _, _, fault, course = heapq.heappop(self._courses)
            try:
                seconds = next(course)
            except StopIteration as end:
                if end.value is not None:
                    self.impossible[fault.name] = end.value
                    del self.injected[fault.name]
                self._say(f"{fault.name}: over")
            else:
                heapq.heappush(self._courses, (time.monotonic() + seconds, next(self._ids), fault, course))
