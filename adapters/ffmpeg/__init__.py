"""FFmpeg as a well-behaved child process: probe, command line, progress, supervision, diagnosis."""
