from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config import health

# Outside a view, too, the API answers with documents.
handler400 = "jobs.api.problems.bad_request"
handler404 = "jobs.api.problems.not_found"
handler500 = "jobs.api.problems.server_error"

admin.autodiscover()

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("jobs.api.urls")),
    path("v1/", include("jobs.api.compat.urls")),
    path("hooks/", include("webhooks.inbound.urls")),
    path("health/live", health.live),
    path("health/ready", health.ready),
]
