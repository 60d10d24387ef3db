"""Accounts keep presets of their own; and the shipped ones that an earlier version did not have."""

import django.db.models.deletion
from django.db import migrations, models

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
    dependencies = [("jobs", "0008_accounts_have_plans")]

    operations = [
        migrations.RemoveConstraint(model_name="preset", name="one_row_for_each_preset_version"),
        migrations.AddField(
            model_name="preset",
            name="account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="presets",
                to="jobs.account",
            ),
        ),
        migrations.AddConstraint(
            model_name="preset",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account", None)),
                fields=("name", "version"),
                name="one_row_for_each_shared_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="preset",
            constraint=models.UniqueConstraint(
                fields=("account", "name", "version"), name="one_row_for_each_preset_version"
            ),
        ),
        migrations.RunPython(insert, migrations.RunPython.noop),
    ]
