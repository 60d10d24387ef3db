"""Types of values: each reads a customer's text and gives the text that FFmpeg gets, or raises `Unfit`.

What a type lets through can be neither a path nor a protocol nor another option: numbers and names from closed
alphabets, and free text only where FFmpeg treats it as text.
"""
