import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("jobs", "0013_quality")]

    operations = [
        migrations.AddField(
            model_name="step", name="has_fallback", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            model_name="worker",
            name="proven_encoders",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=32), blank=True, db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(model_name="worker", name="proven_at", field=models.DateTimeField(blank=True, null=True)),
        migrations.AddField(model_name="worker", name="unproven", field=models.JSONField(blank=True, default=dict)),
        migrations.AddIndex(
            model_name="step",
            index=models.Index(
                fields=["ready_at"],
                condition=Q(state="ready", queue="transcode-gpu", has_fallback=True),
                name="waiting_for_a_gpu",
            ),
        ),
    ]
