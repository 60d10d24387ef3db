"""What the API shows of measurements: a summary with each rendition, curves at their own URL, warnings of a job."""

from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from adapters.ffmpeg.detections import DETECTIONS
from adapters.ffmpeg.quality import COMPARE_AT, METRICS
from jobs.api.authentication import account_of
from jobs.models import QualityMeasurement, Rendition

# With the renditions of a list: without the curves.
MEASUREMENTS = Prefetch("measurements", QualityMeasurement.objects.defer("curve").order_by("id"))


class MeasurementResponse(serializers.Serializer[Any]):
    """Scores on the metric's scale. `passed` is null where there was no `threshold`; the mean has to reach it."""

    metric = serializers.ChoiceField(choices=METRICS)
    model = serializers.SerializerMethodField()
    compare_at = serializers.ChoiceField(choices=COMPARE_AT)
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    frames = serializers.IntegerField()
    mean = serializers.FloatField()
    harmonic_mean = serializers.FloatField()
    percentile_5 = serializers.FloatField()
    lowest = serializers.FloatField()
    lowest_at_seconds = serializers.FloatField()
    threshold = serializers.FloatField(allow_null=True)
    passed = serializers.BooleanField(allow_null=True)
    measured_at = serializers.DateTimeField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_model(self, row: QualityMeasurement) -> str | None:
        """libvmaf's name of it; null for SSIM."""
        return row.model or None


class QualitySummary(MeasurementResponse):
    """The newest measurement; the curve is at `curve_url`."""

    curve_url = serializers.CharField()


class CurveResponse(MeasurementResponse):
    """One measurement, with at most 300 points [seconds, score], each the lowest of those that it stands for."""

    curve = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)
    )


class QualityResponse(serializers.Serializer[Any]):
    """Every measurement of a rendition, the oldest first: one for each encode that was measured."""

    rendition = serializers.CharField()
    measurements = CurveResponse(many=True)


class WarningResponse(serializers.Serializer[Any]):
    """A part of the film that is black, frozen or silent."""

    kind = serializers.ChoiceField(choices=DETECTIONS)
    start_seconds = serializers.FloatField()
    end_seconds = serializers.FloatField()


def summary(row: Rendition) -> dict[str, Any] | None:
    """Of the newest measurement, by rows that were fetched with MEASUREMENTS."""
    measurements = list(row.measurements.all())
    if not measurements:
        return None
    url = reverse("rendition-quality", args=[row.job_id, row.key])
    return {**MeasurementResponse(measurements[-1]).data, "curve_url": url}


class RenditionQuality(APIView):
    @extend_schema(operation_id="get_rendition_quality", responses={200: QualityResponse})
    def get(self, request: Request, pk: str, key: str) -> Response:
        """The curves of a rendition; an empty list while nothing was measured."""
        rendition = generics.get_object_or_404(
            Rendition.objects.only("id", "key"), job=pk, job__account=account_of(request), key=key
        )
        rows = QualityMeasurement.objects.filter(rendition=rendition).order_by("id")
        return Response(QualityResponse({"rendition": rendition.key, "measurements": rows}).data)
