"""The pure part of planning: a ladder and a probe in, a plan out. No clock, no file, no database."""
