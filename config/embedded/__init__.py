"""The services a laptop lacks, from wheels: PostgreSQL, Valkey, S3 and FFmpeg as processes of our own.

Nothing here imports Django: the environment it hands out is all that the rest of Reelchord sees of it, and
production hands out its own. One file for each service; `services.py` joins them, `stack.py` adds Reelchord's
own processes.
"""
