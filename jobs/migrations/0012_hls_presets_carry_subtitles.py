"""The second version of the HLS presets; and the first, where the earlier migrations met only the second."""

from django.db import migrations

from jobs.planner.presets import FORMER, SHIPPED


def insert(apps, schema_editor):
    Preset = apps.get_model("jobs", "Preset")
    for preset in (*FORMER, *SHIPPED):
        Preset.objects.get_or_create(
            account=None,
            name=preset.name,
            version=preset.version,
            defaults={"title": preset.title, "ladder": preset.ladder.to_json()},
        )


class Migration(migrations.Migration):
    dependencies = [("jobs", "0011_segments_are_outputs")]
    operations = [migrations.RunPython(insert, migrations.RunPython.noop)]
