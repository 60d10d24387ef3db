"""FFmpeg's command line as a language: a customer's command is read, never passed on.

    parse(text or arguments, inputs=..., outputs=...)  ->  Program      a frozen tree, or CommandRefused
    regenerate(program, sources=..., out=..., ...)     ->  Regenerated  fresh argument lists with paths of ours
    describe(command)                                  ->  Expectation  what each output should be

The way: `tokens` (words with their places) > `reader` (options, inputs, outputs, as FFmpeg reads them) >
`filtering` and `graph` (filter graphs as trees) > `tree`. What may be said stands as data in `options/` and
`filters/`, in the notation of `notation.py`, each refusal with its reason; what a value may be, in `values/`.
A file can be named in two ways only: after `-i`, and by a filter option of the type `font`, `subtitles` or
`lut`; both mean one of the job's inputs, by reference. So no text of a customer ever is a path, a protocol or an
option, and what stderr quotes is ours. Pure: nothing here opens anything.
"""

from adapters.ffmpeg.commandline.errors import CommandRefused, Refusal, caret
from adapters.ffmpeg.commandline.expectation import Expectation, describe
from adapters.ffmpeg.commandline.parser import parse
from adapters.ffmpeg.commandline.regeneration import Caps, Made, Regenerated, regenerate
from adapters.ffmpeg.commandline.tree import Command, Input, Output, Program, Source

__all__ = [
    "Caps",
    "Command",
    "CommandRefused",
    "Expectation",
    "Input",
    "Made",
    "Output",
    "Program",
    "Refusal",
    "Regenerated",
    "Source",
    "caret",
    "describe",
    "parse",
    "regenerate",
]
