from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("jobs", "0009_presets_of_accounts")]

    operations = [
        migrations.AlterField(
            model_name="job", name="ladder", field=models.JSONField(blank=True, null=True)
        ),
        migrations.AddField(model_name="job", name="command", field=models.JSONField(blank=True, null=True)),
        migrations.AddField(
            model_name="job", name="interface", field=models.CharField(blank=True, default="", max_length=16)
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=Q(ladder__isnull=True) ^ Q(command__isnull=True), name="a_ladder_or_a_command"
            ),
        ),
    ]
