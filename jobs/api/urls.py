"""`/api/v1/…`. Paths have no trailing slash."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from jobs.api import openapi, requeue, views  # noqa: F401 - `openapi` registers itself by being imported

urlpatterns = [
    path("jobs", views.Jobs.as_view(), name="jobs"),
    path("jobs/<uuid:pk>", views.JobDetail.as_view(), name="job"),
    path("jobs/<uuid:pk>/cancel", views.JobCancel.as_view(), name="job-cancel"),
    path("jobs/<uuid:pk>/requeue", requeue.JobRequeue.as_view(), name="job-requeue"),
    path("jobs/<uuid:pk>/renditions", views.JobRenditions.as_view(), name="job-renditions"),
    path("jobs/<uuid:pk>/attempts", views.JobAttempts.as_view(), name="job-attempts"),
    path(
        "jobs/<uuid:pk>/attempts/<uuid:attempt>/stderr", views.AttemptStderr.as_view(), name="attempt-stderr"
    ),
    path("jobs/<uuid:pk>/outputs", views.JobOutputs.as_view(), name="job-outputs"),
    path("jobs/<uuid:pk>/audit", views.JobAudit.as_view(), name="job-audit"),
    path("presets", views.Presets.as_view(), name="presets"),
    path(
        "openapi.yaml",
        SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[]),
        name="openapi",
    ),
]
