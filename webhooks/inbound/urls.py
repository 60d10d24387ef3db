from django.urls import path

from webhooks.inbound import door

urlpatterns = [path("<slug:provider>", door.receive, name="inbound")]
