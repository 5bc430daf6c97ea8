"""A month's pay for a whole roster, from files: any number of workers in the memory of a few thousand.

    roster.csv               ──► Roster: each worker's place in order of number
    punches.csv, pieces.csv  ──► scan: block by block, a part of the file a process ──► spill: runs on disk
    a few thousand places    ──► columns.py in whole arrays; rules.compute for those it is not sure of ──► printed, in order

`rules.py` is the law; `columns.py` must agree with it to the fen, which the tests hold it to. The scan reads files that look
as such files do; where one looks otherwise, or is wrong, `files.py` reads it cell by cell and names what it finds.
"""
