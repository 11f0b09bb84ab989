"""Damaged files of every format: each is read, or refused by an error that names it.

`formats.py` lists the formats, `damage.py` the ways to damage a file, `running.py` reads damaged
files in processes whose time and memory are limited. `test_fuzz.py` runs a few hundred files, and
`make fuzz N=10000` any number, with a table. A file that ends in anything else is kept, with the
command that reads it again.

To add a format, append one `Format` to `FORMATS` in `formats.py`: a function that writes a small
valid file into an empty folder, the pattern of the files to damage, and a function that reads the
folder with the public reader.
"""
