"""`/api/v1/…`. Paths have no trailing slash."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from jobs.api import deliveries, endpoints, presets, quality, requeue, views
from jobs.api import openapi as openapi  # it registers itself by being imported

urlpatterns = [
    path("jobs", views.Jobs.as_view(), name="jobs"),
    path("jobs/<uuid:pk>", views.JobDetail.as_view(), name="job"),
    path("jobs/<uuid:pk>/cancel", views.JobCancel.as_view(), name="job-cancel"),
    path("jobs/<uuid:pk>/requeue", requeue.JobRequeue.as_view(), name="job-requeue"),
    path("jobs/<uuid:pk>/renditions", views.JobRenditions.as_view(), name="job-renditions"),
    path(
        "jobs/<uuid:pk>/renditions/<slug:key>/quality",
        quality.RenditionQuality.as_view(),
        name="rendition-quality",
    ),
    path("jobs/<uuid:pk>/attempts", views.JobAttempts.as_view(), name="job-attempts"),
    path(
        "jobs/<uuid:pk>/attempts/<uuid:attempt>/stderr", views.AttemptStderr.as_view(), name="attempt-stderr"
    ),
    path("jobs/<uuid:pk>/outputs", views.JobOutputs.as_view(), name="job-outputs"),
    path("jobs/<uuid:pk>/audit", views.JobAudit.as_view(), name="job-audit"),
    path("presets", presets.Presets.as_view(), name="presets"),
    path("presets/<slug:name>", presets.PresetDetail.as_view(), name="preset"),
    path("presets/<slug:name>/versions", presets.PresetVersions.as_view(), name="preset-versions"),
    path(
        "presets/<slug:name>/versions/<int:version>", presets.PresetVersion.as_view(), name="preset-version"
    ),
    path("endpoints", endpoints.Endpoints.as_view(), name="endpoints"),
    path("endpoints/jobs/rotate", endpoints.JobSecretRotate.as_view(), name="job-secret-rotate"),
    path("endpoints/<uuid:pk>", endpoints.EndpointDetail.as_view(), name="endpoint"),
    path("endpoints/<uuid:pk>/rotate", endpoints.EndpointRotate.as_view(), name="endpoint-rotate"),
    path("endpoints/<uuid:pk>/ping", endpoints.EndpointPing.as_view(), name="endpoint-ping"),
    path("endpoints/<uuid:pk>/redeliver", deliveries.EndpointRedeliver.as_view(), name="endpoint-redeliver"),
    path("deliveries", deliveries.Deliveries.as_view(), name="deliveries"),
    path("deliveries/<uuid:pk>", deliveries.DeliveryDetail.as_view(), name="delivery"),
    path("deliveries/<uuid:pk>/redeliver", deliveries.DeliveryRedeliver.as_view(), name="delivery-redeliver"),
    path(
        "openapi.yaml",
        SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[]),
        name="openapi",
    ),
]
