from django.apps import AppConfig

from webhooks.inbound import registry


class InboundConfig(AppConfig):
    name = "webhooks.inbound"
    label = "inbound"
    verbose_name = "Inbound webhooks"

    def ready(self) -> None:
        registry.add_package("webhooks.inbound.providers")
