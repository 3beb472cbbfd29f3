"""What it is measured on, and who else uses it meanwhile."""

import os
import platform
import time
from pathlib import Path


def description() -> str:
    """The processor, how many of its cores may be used, the memory and the system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{processor()}, {cores} cores, {memory()}{platform.system()} {platform.release()}"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def memory() -> str:
    try:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return ""
    return f"{pages / 2**30:.0f} GiB, "


class Others:
    """How much of the processors' time other programs take, the host of a virtual machine included."""

    def __init__(self) -> None:
        self._start = self._now()

    def share(self) -> float | None:
        """Since this was made, of all there was; children count as ours once they have ended."""
        now = self._now()
        if self._start is None or now is None:
            return None
        (total, theirs), (total_before, theirs_before) = now, self._start
        # Seconds are of several counters, which need not agree to the last digit.
        return min(max(0.0, (theirs - theirs_before) / max(total - total_before, 1e-9)), 1.0)

    @staticmethod
    def _now() -> tuple[float, float] | None:
        """Seconds of all processors: that there were, and that others used."""
        try:
            line = Path("/proc/stat").read_text().splitlines()[0]
        except OSError:
            return None
        user, nice, system, idle, iowait, irq, softirq, steal = (int(n) for n in line.split()[1:9])
        ticks = os.sysconf("SC_CLK_TCK")
        busy = (user + nice + system + irq + softirq + steal) / ticks
        ours = sum(os.times()[:4])
        return busy + (idle + iowait) / ticks, busy - ours


def now() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())
