"""Composition only: settings, Celery, URLs, the embedded services."""
