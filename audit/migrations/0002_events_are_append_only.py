"""The database itself refuses to rewrite an event. Deleting stays possible: retention needs it."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION audit_events_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are append-only';
END $$;
CREATE TRIGGER audit_events_are_append_only BEFORE UPDATE ON audit_auditevent
    FOR EACH ROW EXECUTE FUNCTION audit_events_are_append_only();
"""
ALLOW = """
DROP TRIGGER audit_events_are_append_only ON audit_auditevent;
DROP FUNCTION audit_events_are_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
