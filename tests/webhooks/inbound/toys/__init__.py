"""A package of providers, as an installation might have one of its own."""
