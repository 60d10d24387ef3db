"""The door to a requeue."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs import allowance
from jobs.api.authentication import account_of, actor_of
from jobs.api.fields import Number, Strict, Text, Whole
from jobs.api.problems import Problem
from jobs.api.responses import AcceptedResponse
from jobs.models import Job
from jobs.requeue import NotRequeueable, Wish, requeue


class Parameters(Strict):
    crf = Number(required=False)
    bitrate_kbps = Whole(required=False)
    maxrate_kbps = Whole(required=False)
    bufsize_kbps = Whole(required=False)
    speed = Text(required=False)
    codec_profile = Text(required=False)
    level = Text(required=False)
    tune = Text(required=False)
    fallback_crf = Number(required=False)


class RequeueRequest(Strict):
    """What to run again, and how. An empty body runs all that is missing, as before."""

    renditions = serializers.ListField(child=Text(), required=False, default=list, max_length=50)
    pool = Text(required=False, help_text="cpu, gpu or highmem.")
    encoder_revision = Text(required=False, help_text="Of a live worker.")
    parameters = Parameters(required=False, default=dict, help_text="Replace the rungs' own.")

    def validate(self, attrs: dict[str, Any]) -> Wish:
        return Wish(
            renditions=tuple(attrs["renditions"]),
            pool=attrs.get("pool"),
            encoder_revision=attrs.get("encoder_revision"),
            parameters=attrs["parameters"],
        )


class JobRequeue(APIView):
    @extend_schema(operation_id="requeue_job", request=RequeueRequest, responses={202: AcceptedResponse})
    def post(self, request: Request, pk: str) -> Response:
        """Run what is missing of a failed, partial or dead-lettered job again. 409 where there is nothing to run."""
        job = generics.get_object_or_404(Job, pk=pk, account=account_of(request))
        checked = RequeueRequest(data=request.data or {})
        checked.is_valid(raise_exception=True)
        allowance.check_active(account_of(request))
        try:
            state = requeue(job.id, checked.validated_data, actor=actor_of(request))
        except NotRequeueable as error:
            if error.pointer:
                raise serializers.ValidationError(
                    {error.pointer: [ErrorDetail(error.message, code=error.code)]}
                ) from error
            raise Problem(409, error.code, error.message) from error
        url = request.build_absolute_uri(reverse("job", args=[job.id]))
        return Response({"id": str(job.id), "state": str(state), "url": url}, status=202)
