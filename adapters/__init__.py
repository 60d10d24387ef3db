"""Everything outside the process, without Django: each folder one interface, many small files."""
