"""The presets that ship, as rows. A later version of one is a later migration: versions never change."""

from django.db import migrations

from jobs.planner.presets import SHIPPED


def insert(apps, schema_editor):
    Preset = apps.get_model("jobs", "Preset")
    for preset in SHIPPED:
        Preset.objects.get_or_create(
            name=preset.name,
            version=preset.version,
            defaults={"title": preset.title, "ladder": preset.ladder.to_json()},
        )


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]
    operations = [migrations.RunPython(insert, migrations.RunPython.noop)]
