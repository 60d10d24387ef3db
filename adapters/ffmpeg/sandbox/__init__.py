"""What FFmpeg may touch: the binary, its libraries, fonts, and the files of one job. No network, no other process.

box.py          the files, as data
landlock.py     the kernel's guard of files (Landlock)
seccomp.py      the kernel's guard of system calls (seccomp-BPF)
bubblewrap.py   the same by namespaces, where the kernel has no Landlock
layers.py       which of them this machine can do, tried out
launcher.py     the process that puts one on and becomes FFmpeg
launch.py       the worker's end of it
"""
