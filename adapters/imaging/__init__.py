"""Pictures of images and PDF documents: sniffed and planned here, opened only by a child process in a box.

sniff.py      what a file is, by its first bytes
seen.py       what the child says of a file, as values
encode.py     what it shall make, as data
imager.py     the worker's end: the child's command, its box, and what became of it
identity.py   which Pillow, libheif and pdfium it is, exactly
program/      the child: the only code here that imports them
"""
