"""The test database as the migrations leave it, again and again.

Django's own flush truncates every table: a sixth of a second for each transactional test, and the presets that
a migration ships are gone for whoever comes next in the same process.
"""

from django.db import connection
from django.test import TransactionTestCase

# In one round trip. As a replica: no triggers and no foreign keys, so the tables' order does not matter.
_KEEP = """
CREATE SCHEMA shipped;
DO $$
DECLARE name text; filled boolean;
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN EXECUTE format('CREATE TABLE shipped.%I AS TABLE public.%I', name, name); END IF;
    END LOOP;
END $$
"""
_RESTORE = """
DO $$
DECLARE name text; is_shipped boolean; filled boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name, is_shipped IN
        SELECT here.relname, shipped.oid IS NOT NULL FROM pg_class here
        LEFT JOIN pg_class shipped ON shipped.relname = here.relname
            AND shipped.relnamespace = 'shipped'::regnamespace AND shipped.relkind = 'r'
        WHERE here.relnamespace = 'public'::regnamespace AND here.relkind = 'r'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN EXECUTE format('DELETE FROM public.%I', name); END IF;
        IF is_shipped THEN EXECUTE format('INSERT INTO public.%I TABLE shipped.%I', name, name); END IF;
    END LOOP;
END $$
"""


def keep() -> None:
    """Remember the rows that the migrations made."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP)


def restore(case: TransactionTestCase) -> None:
    """Leave these rows, and no others."""
    with connection.cursor() as cursor:
        cursor.execute(_RESTORE)


def restore_after_each_test() -> None:
    """In place of Django's flush."""
    TransactionTestCase._fixture_teardown = restore  # type: ignore[attr-defined]
