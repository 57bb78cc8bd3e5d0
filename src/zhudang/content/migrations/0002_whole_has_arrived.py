"""An upload with all bytes has arrived: a client that finds them counted does not come again."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0001_initial'),
        ('identity', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'receiving'), _negated=True), ('offset__lt', models.F('length')), _connector='OR'), name='content_upload_whole_has_arrived'),
        ),
    ]
