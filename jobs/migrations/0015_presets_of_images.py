"""The first versions of the presets for images and documents."""

from django.db import migrations

from jobs.planner.presets import SHIPPED


def insert(apps, schema_editor):
    Preset = apps.get_model("jobs", "Preset")
    for preset in SHIPPED:
        Preset.objects.get_or_create(
            account=None,
            name=preset.name,
            version=preset.version,
            defaults={"title": preset.title, "ladder": preset.ladder.to_json()},
        )


class Migration(migrations.Migration):
    dependencies = [("jobs", "0014_gpus_are_proven")]
    operations = [migrations.RunPython(insert, migrations.RunPython.noop)]
