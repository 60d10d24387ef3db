
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0010_command_jobs'),
    ]

    operations = [
        migrations.AlterField(
            model_name='output',
            name='kind',
            field=models.CharField(choices=[('rendition', 'Rendition'), ('playlist', 'Playlist'), ('manifest', 'Manifest'), ('segment', 'Segment')], max_length=16),
        ),
    ]
