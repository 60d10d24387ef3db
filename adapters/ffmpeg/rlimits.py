"""The kernel's limits of one process, see setrlimit(2): backstops behind what the supervisor watches.

The launcher sets them just before it becomes FFmpeg. Hitting one ends in words of FFmpeg's own: without address
space "Cannot allocate memory", over the size of a file "File too large" (Python ignores SIGXFSZ, and what is
ignored stays so through execv).
"""

import resource

from adapters.ffmpeg.limits import Limits

# FFmpeg reads one file and writes one; a demuxer that opens itself again and again ends here.
_OPEN_FILES = 256
# A page above the limit: a file that was stopped there is over it, so a last look at the workspace says why.
_FILE_SLACK_BYTES = 4096
# Address space is a poor measure of memory. Measured with x264 and 16 threads: 1.3 GB mapped for 0.27 resident
# (720p), 1.8 for 0.4 (1080p), 2.8 for 0.64 (2160p); most of it is stacks and arenas of threads, 5.3 GB with 32
# of them. So the backstop lies far above, where only a runaway gets to.
_ADDRESS_SPACE_FACTOR = 4
_ADDRESS_SPACE_BASE_BYTES = 2 << 30


def resource_limits(limits: Limits, *, uses_gpu: bool = False) -> dict[int, int]:
    """RLIMIT_* numbers with their values in the kernel's units, soft and hard alike.

    With a GPU the address space stays open: CUDA reserves it by the size of the GPU's memory, twice that for one pool
    (https://github.com/NVIDIA/nccl/pull/2064), and fails with "out of memory" where it may not
    (https://github.com/Netflix/vmaf/pull/1382, 16 GB). What is resident stays bounded by the other guards.
    """
    wanted = {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: _OPEN_FILES}
    if limits.output_bytes is not None:
        wanted[resource.RLIMIT_FSIZE] = limits.output_bytes + _FILE_SLACK_BYTES
    if limits.memory_bytes is not None and not uses_gpu:
        wanted[resource.RLIMIT_AS] = address_space_bytes(limits.memory_bytes)
    return wanted


def address_space_bytes(memory_bytes: int) -> int:
    """How much may be mapped where `memory_bytes` may be resident."""
    return _ADDRESS_SPACE_BASE_BYTES + _ADDRESS_SPACE_FACTOR * memory_bytes
