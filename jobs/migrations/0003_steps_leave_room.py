"""Heartbeats rewrite a step every two seconds: room in its page keeps each rewrite a HOT update."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("jobs", "0002_shipped_presets")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE jobs_step SET (fillfactor = 70)", "ALTER TABLE jobs_step RESET (fillfactor)"
        )
    ]
