"""The REST doors: each checks, calls one service, and shows rows. An account sees its own rows and no others."""

from typing import Any

from django.db.models import Avg, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.urls import reverse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.models import AuditEvent
from audit.recorder import read_stderr
from jobs import submission
from jobs.api.authentication import account_of, actor_of
from jobs.api.idempotency import once
from jobs.api.pagination import OldestFirst
from jobs.api.problems import Problem
from jobs.api.quality import MEASUREMENTS
from jobs.api.requests import JobRequest
from jobs.api.responses import (
    AcceptedResponse,
    AttemptResponse,
    AuditEventResponse,
    JobResponse,
    JobSummary,
    OutputResponse,
    RenditionResponse,
)
from jobs.models import Attempt, Job, Output, Rendition, Source
from jobs.states import JobState, OutputState, RenditionState

RETRY_AFTER_SECONDS = 2

_SOURCES = Prefetch("sources", Source.objects.order_by("position"))
_RENDITIONS = Prefetch(
    "renditions",
    Rendition.objects.select_related("step").prefetch_related(
        Prefetch("attempts", Attempt.objects.select_related("encoder_identity").defer("argv", "evidence")),
        Prefetch("outputs", Output.objects.filter(state=OutputState.COMMITTED).defer("probe", "index")),
        MEASUREMENTS,
    ),
)


def jobs_of(request: Request) -> "QuerySet[Job]":
    progress = Rendition.objects.filter(job=OuterRef("pk")).values("job").annotate(mean=Avg("step__progress"))
    return (
        Job.objects.filter(account=account_of(request))
        .select_related("preset", "manifest", "encoder_identity")
        .prefetch_related(_SOURCES)
        .annotate(mean_progress=Subquery(progress.values("mean")))
    )


class JobFilter(filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    state = filters.MultipleChoiceFilter(choices=[(s.value, s.value) for s in JobState])
    reference = filters.CharFilter()
    preset = filters.CharFilter(field_name="preset__name")
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Job
        fields: list[str] = []


class Jobs(generics.ListAPIView[Job]):
    """Submit a job, or list the account's jobs, newest first."""

    serializer_class = JobSummary
    filterset_class = JobFilter
    queryset = Job.objects.none()  # what the OpenAPI generator looks at

    def get_queryset(self) -> "QuerySet[Job]":
        return jobs_of(self.request).defer("plan", "ladder")

    @extend_schema(
        operation_id="create_job",
        request=JobRequest,
        responses={202: AcceptedResponse},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                location=OpenApiParameter.HEADER,
                description="The same key and body within 24 h answer with the first one's job.",
            )
        ],
    )
    def post(self, request: Request) -> Response:
        return once(request, account_of(request), lambda: self._accept(request))

    def _accept(self, request: Request) -> Response:
        account = account_of(request)
        checked = JobRequest(data=request.data, context={"account": account})
        checked.is_valid(raise_exception=True)
        job = submission.submit(account, checked.validated_data, actor=actor_of(request))
        url = request.build_absolute_uri(reverse("job", args=[job.id]))
        return Response(
            {"id": str(job.id), "state": str(job.state), "url": url},
            status=202,
            headers={"Location": url, "Retry-After": str(RETRY_AFTER_SECONDS)},
        )


class JobDetail(generics.RetrieveAPIView[Job]):
    serializer_class = JobResponse
    queryset = Job.objects.none()

    def get_queryset(self) -> "QuerySet[Job]":
        return jobs_of(self.request).prefetch_related(_RENDITIONS, "detections")

    @extend_schema(operation_id="get_job")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().get(request, *args, **kwargs)
        if not response.data["finished_at"]:
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response


class JobCancel(APIView):
    @extend_schema(operation_id="cancel_job", request=None, responses={200: JobResponse})
    def post(self, request: Request, pk: str) -> Response:
        """Stop the job: its encodes end within seconds, its files go. 409 if it has ended already."""
        job = generics.get_object_or_404(Job, pk=pk, account=account_of(request))
        try:
            submission.cancel(job.id, actor=actor_of(request))
        except submission.AlreadyFinal as error:
            raise Problem(
                409, "job_is_final", f"The job is {error.state}; there is nothing to cancel."
            ) from error
        cancelled = jobs_of(request).prefetch_related(_RENDITIONS, "detections").get(pk=pk)
        return Response(JobResponse(cancelled).data)


class _OfAJob(generics.ListAPIView[Any]):
    """Rows that belong to one job, which belongs to the account."""

    pagination_class = OldestFirst
    filter_backends = []

    def job(self) -> Job:
        return generics.get_object_or_404(
            Job.objects.only("id"), pk=self.kwargs["pk"], account=account_of(self.request)
        )


class JobRenditions(_OfAJob):
    serializer_class = RenditionResponse

    def get_queryset(self) -> "QuerySet[Rendition]":
        return _RENDITIONS.queryset.filter(job=self.job())  # type: ignore[union-attr]

    @extend_schema(operation_id="list_renditions")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class JobAttempts(_OfAJob):
    serializer_class = AttemptResponse

    def get_queryset(self) -> "QuerySet[Attempt]":
        related = ("step", "rendition", "encoder_identity", "stderr")
        return Attempt.objects.filter(job=self.job()).select_related(*related).defer("stderr__content")

    @extend_schema(operation_id="list_attempts")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class JobOutputs(_OfAJob):
    serializer_class = OutputResponse

    def get_queryset(self) -> "QuerySet[Output]":
        # What waits at its gate is no output yet.
        counts = Q(rendition=None) | Q(rendition__state=RenditionState.SUCCEEDED)
        committed = Output.objects.filter(counts, job=self.job(), state=OutputState.COMMITTED)
        return committed.select_related("rendition").defer("probe", "index")

    @extend_schema(operation_id="list_outputs")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class JobAudit(_OfAJob):
    serializer_class = AuditEventResponse

    def get_queryset(self) -> "QuerySet[AuditEvent]":
        return AuditEvent.objects.filter(job_id=self.job().id)

    @extend_schema(operation_id="list_audit_events")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class AttemptStderr(APIView):
    @extend_schema(
        operation_id="get_stderr",
        responses={(200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, "FFmpeg's whole stderr.")},
    )
    def get(self, request: Request, pk: str, attempt: str) -> HttpResponse:
        """FFmpeg's stderr, byte for byte. Empty where nothing was said; 404 where nothing has run yet."""
        row = generics.get_object_or_404(
            Attempt.objects.select_related("stderr"),
            pk=attempt,
            job=pk,
            job__account=account_of(request),
            stderr__isnull=False,
        )
        assert row.stderr is not None  # noqa: S101 - the query says so
        response = HttpResponse(read_stderr(row.stderr), content_type="text/plain; charset=utf-8")
        # The text quotes the customer's file: it must stay text.
        response["X-Content-Type-Options"] = "nosniff"
        return response
