from django.db import migrations, models


class Migration(migrations.Migration):
    """A desk may be closed down for good."""

    dependencies = [("registrations", "0002_log")]

    operations = [
        migrations.AlterField(
            model_name="desk",
            name="way",
            field=models.CharField(
                choices=[
                    ("none", "Nowhere: people just come"),
                    ("here", "Here"),
                    ("elsewhere", "On another site"),
                ],
                default="here",
                max_length=10,
                verbose_name="where one registers",
            ),
        ),
    ]
