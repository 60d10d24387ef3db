"""Objects reached by URL: one file for each scheme, one interface in `base`."""
