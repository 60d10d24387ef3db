"""The doors to endpoints, an account's own. A secret is in the answer that makes it, and nowhere else."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.api.authentication import account_of, actor_of
from jobs.api.fields import Flag, Strict, Text, Whole
from jobs.api.idempotency import once
from jobs.api.problems import Problem
from jobs.api.requests import known_events
from jobs.models import ApiKey
from webhooks import endpoints, shapes, targets
from webhooks.events import SUBSCRIBABLE
from webhooks.models import Endpoint

OVERLAP_HOURS = 24
LONGEST_OVERLAP_HOURS = 7 * 24


class MayUseWebhooks(BasePermission):
    """Reading needs `webhooks:read`, everything else `webhooks:write`."""

    message = "The API key lacks the scope that this request needs."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        return (
            "webhooks:read" if request.method in SAFE_METHODS else "webhooks:write"
        ) in request.auth.scopes


class EndpointChange(Strict):
    """What may change. Another URL is another endpoint."""

    description = Text(required=False, max_length=200, allow_blank=True)
    types = serializers.ListField(
        child=Text(),
        required=False,
        max_length=len(SUBSCRIBABLE),
        help_text="Which events it hears of; an empty list is all but job.progress.",
    )
    enabled = Flag(required=False)

    def validate_types(self, types: list[str]) -> list[str]:
        return known_events(types)


class EndpointRequest(EndpointChange):
    url = Text(max_length=2048, help_text="https:// or mailto:.")
    shape = Text(required=False, default=shapes.STANDARD, help_text="What the bodies look like.")

    def validate_url(self, url: str) -> str:
        try:
            return targets.check(url).url
        except targets.TargetRefused as error:
            raise serializers.ValidationError(str(error), code="url_refused") from error

    def validate_shape(self, shape: str) -> str:
        if shape not in shapes.names():
            raise serializers.ValidationError(f"Known are: {', '.join(shapes.names())}.", code="unknown")
        return shape


class RotateRequest(Strict):
    overlap_hours = Whole(
        required=False,
        default=OVERLAP_HOURS,
        min_value=0,
        max_value=LONGEST_OVERLAP_HOURS,
        help_text="For so long the secret before signs as well.",
    )


class EndpointResponse(serializers.ModelSerializer[Endpoint]):
    """`disabled_reason`: asked, gone (it answered 410) or failing (it only failed, for days)."""

    class Meta:
        model = Endpoint
        fields = [
            "id", "url", "description", "types", "shape", "enabled", "disabled_reason", "disabled_at",
            "failing_since", "paused_until", "created_at",
        ]  # fmt: skip


class EndpointMadeResponse(EndpointResponse):
    """With the secret (`whsec_…`), this once; null for mail, which is not signed."""

    secret = serializers.CharField(allow_null=True)

    class Meta(EndpointResponse.Meta):
        fields = [*EndpointResponse.Meta.fields, "secret"]


class SecretResponse(serializers.Serializer[Any]):
    """The new secret, this once."""

    secret = serializers.CharField()


class DeliveryMadeResponse(serializers.Serializer[Any]):
    delivery = serializers.UUIDField()
    url = serializers.CharField()


def endpoints_of(request: Request) -> "QuerySet[Endpoint]":
    """Those that the account made; the URLs of jobs are seen with their jobs' deliveries."""
    return Endpoint.objects.filter(account_id=account_of(request).id, job_id=None, deleted_at=None)


class Endpoints(generics.ListAPIView[Endpoint]):
    """Where an account hears of its jobs, newest first."""

    permission_classes = [MayUseWebhooks]
    serializer_class = EndpointResponse
    filter_backends = []
    queryset = Endpoint.objects.none()

    def get_queryset(self) -> "QuerySet[Endpoint]":
        return endpoints_of(self.request)

    @extend_schema(
        operation_id="create_endpoint", request=EndpointRequest, responses={201: EndpointMadeResponse}
    )
    def post(self, request: Request) -> Response:
        """Make one. The secret is in this answer, and is not shown again."""
        checked = EndpointRequest(data=request.data)
        checked.is_valid(raise_exception=True)
        asked = checked.validated_data
        try:
            made = endpoints.make(
                account_of(request).id,
                asked["url"],
                types=asked.get("types", ()),
                description=asked.get("description", ""),
                shape=asked["shape"],
                actor=actor_of(request),
            )
        except endpoints.TooManyEndpoints as error:
            raise Problem(409, "too_many_endpoints", f"An account has at most {endpoints.MOST}.") from error
        if asked.get("enabled") is False:
            endpoints.set_enabled(made.endpoint, False, actor=actor_of(request))
        row = Endpoint.objects.get(id=made.endpoint.id)
        url = request.build_absolute_uri(reverse("endpoint", args=[row.id]))
        body = {**EndpointResponse(row).data, "secret": made.secret}
        return Response(body, status=201, headers={"Location": url, "Cache-Control": "no-store"})


class _OfAnEndpoint(APIView):
    permission_classes = [MayUseWebhooks]

    def endpoint(self, request: Request, pk: str) -> Endpoint:
        return generics.get_object_or_404(endpoints_of(request), pk=pk)


class EndpointDetail(_OfAnEndpoint):
    @extend_schema(operation_id="get_endpoint", responses={200: EndpointResponse})
    def get(self, request: Request, pk: str) -> Response:
        return Response(EndpointResponse(self.endpoint(request, pk)).data)

    @extend_schema(operation_id="change_endpoint", request=EndpointChange, responses={200: EndpointResponse})
    def patch(self, request: Request, pk: str) -> Response:
        """Change what is named. `enabled: true` after a 410 or days of failing starts afresh."""
        endpoint = self.endpoint(request, pk)
        checked = EndpointChange(data=request.data)
        checked.is_valid(raise_exception=True)
        asked = checked.validated_data
        if fields := {name: asked[name] for name in ("description", "types") if name in asked}:
            endpoints.change(endpoint, **fields, actor=actor_of(request))
        if "enabled" in asked:
            endpoints.set_enabled(endpoint, asked["enabled"], actor=actor_of(request))
        return Response(EndpointResponse(self.endpoint(request, pk)).data)

    @extend_schema(operation_id="delete_endpoint", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Send nothing there any more. Its deliveries can still be looked at."""
        endpoints.delete(self.endpoint(request, pk), actor=actor_of(request))
        return Response(status=204)


class EndpointRotate(_OfAnEndpoint):
    @extend_schema(operation_id="rotate_secret", request=RotateRequest, responses={200: SecretResponse})
    def post(self, request: Request, pk: str) -> Response:
        """A new secret, in this answer alone. The one before signs as well while they overlap."""
        endpoint = self.endpoint(request, pk)
        if endpoint.signing_id is None:
            raise Problem(409, "not_signed", "Mail is not signed: there is no secret to replace.")
        overlap = _overlap(request)
        secret = endpoints.rotate(endpoint, overlap=overlap, actor=actor_of(request))
        return Response({"secret": secret}, headers={"Cache-Control": "no-store"})


class JobSecretRotate(APIView):
    permission_classes = [MayUseWebhooks]

    @extend_schema(operation_id="rotate_job_secret", request=RotateRequest, responses={200: SecretResponse})
    def post(self, request: Request) -> Response:
        """The same for the URLs that come with jobs (`webhook_url`): all of an account's share one secret."""
        account, overlap = account_of(request), _overlap(request)
        secret = endpoints.rotate_for_jobs(account.id, overlap=overlap, actor=actor_of(request))
        return Response({"secret": secret}, headers={"Cache-Control": "no-store"})


class EndpointPing(_OfAnEndpoint):
    @extend_schema(operation_id="ping_endpoint", request=None, responses={202: DeliveryMadeResponse})
    def post(self, request: Request, pk: str) -> Response:
        """Send a test event there, whatever it subscribed to; the delivery shows what came of it."""
        endpoint = self.endpoint(request, pk)
        if not endpoint.enabled:
            raise Problem(409, "endpoint_disabled", "Enable the endpoint first.")
        return once(request, account_of(request), lambda: _pinged(request, endpoint))


def _pinged(request: Request, endpoint: Endpoint) -> Response:
    delivery = endpoints.ping(endpoint)
    url = request.build_absolute_uri(reverse("delivery", args=[delivery]))
    return Response({"delivery": str(delivery), "url": url}, status=202, headers={"Location": url})


def _overlap(request: Request) -> timedelta:
    checked = RotateRequest(data=request.data or {})
    checked.is_valid(raise_exception=True)
    return timedelta(hours=checked.validated_data["overlap_hours"])
