from django.apps import AppConfig
from django.conf import settings

from webhooks.inbound import registry


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        from adapters.ffmpeg.sandbox import layers
        from jobs.api.compat import shapes as shapes  # they register themselves by being imported

        layers.wish(settings.SANDBOX)
        registry.add_package("jobs.inbound")
