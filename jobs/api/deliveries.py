"""The doors to deliveries: what was sent where, what was answered, and once more."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.api.authentication import account_of, actor_of
from jobs.api.endpoints import MayUseWebhooks, endpoints_of
from jobs.api.fields import Strict
from jobs.api.problems import Problem
from webhooks import redelivery
from webhooks.models import Delivery, DeliveryAttempt
from webhooks.states import DeliveryState

# Of one delivery; with WEBHOOK_MAX_RETRY at its highest and a few redeliveries.
MOST_TRIES = 100


class TryResponse(serializers.ModelSerializer[DeliveryAttempt]):
    """One try. `body_excerpt` is what the receiver said, as it said it: text, never markup."""

    class Meta:
        model = DeliveryAttempt
        fields = [
            "epoch", "worker", "started_at", "latency_seconds", "status", "error", "message", "headers",
            "body_excerpt",
        ]  # fmt: skip


class DeliverySummary(serializers.ModelSerializer[Delivery]):
    """One event to one endpoint. `event` is the `webhook-id` that the receiver sees."""

    event = serializers.UUIDField(source="event.id")
    type = serializers.CharField(source="event.type")
    sequence = serializers.IntegerField(source="event.sequence")
    job = serializers.UUIDField(source="event.job_id", allow_null=True)
    endpoint = serializers.UUIDField(source="endpoint_id")
    endpoint_url = serializers.CharField(source="endpoint.url")
    state = serializers.ChoiceField(choices=[s.value for s in DeliveryState])
    next_try_at = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = [
            "id", "event", "type", "sequence", "job", "endpoint", "endpoint_url", "state", "tries", "last_status",
            "last_error", "next_try_at", "created_at", "finished_at",
        ]  # fmt: skip

    def get_next_try_at(self, row: Delivery) -> str | None:
        return (
            row.next_try_at.isoformat().replace("+00:00", "Z") if row.state == DeliveryState.PENDING else None
        )


class DeliveryResponse(DeliverySummary):
    data = serializers.DictField(source="event.payload")  # type: ignore[assignment]  # a field of that name
    attempts = serializers.SerializerMethodField()

    class Meta(DeliverySummary.Meta):
        fields = [*DeliverySummary.Meta.fields, "data", "attempts"]

    @extend_schema_field(TryResponse(many=True))
    def get_attempts(self, row: Delivery) -> Any:
        return TryResponse(row.attempts.order_by("-id")[:MOST_TRIES], many=True).data


class DeliveryFilter(filters.FilterSet):  # type: ignore[misc]  # the library is untyped
    state = filters.MultipleChoiceFilter(choices=[(s.value, s.value) for s in DeliveryState])
    endpoint = filters.UUIDFilter(field_name="endpoint_id")
    job = filters.UUIDFilter(field_name="event__job_id")
    type = filters.CharFilter(field_name="event__type")
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Delivery
        fields: list[str] = []


class RedeliverFailedRequest(Strict):
    since = serializers.DateTimeField(
        help_text="Of the events: what became a dead letter of them since then."
    )


class RedeliveredResponse(serializers.Serializer[Any]):
    """`more`: there are others; ask again."""

    redelivered = serializers.IntegerField()
    more = serializers.BooleanField()


def deliveries_of(request: Request) -> "QuerySet[Delivery]":
    return Delivery.objects.filter(account_id=account_of(request).id).select_related("event", "endpoint")


class Deliveries(generics.ListAPIView[Delivery]):
    """The account's deliveries, newest first."""

    permission_classes = [MayUseWebhooks]
    serializer_class = DeliverySummary
    filterset_class = DeliveryFilter
    queryset = Delivery.objects.none()

    def get_queryset(self) -> "QuerySet[Delivery]":
        return deliveries_of(self.request).defer("event__payload")


class DeliveryDetail(generics.RetrieveAPIView[Delivery]):
    permission_classes = [MayUseWebhooks]
    serializer_class = DeliveryResponse
    queryset = Delivery.objects.none()

    def get_queryset(self) -> "QuerySet[Delivery]":
        return deliveries_of(self.request)

    @extend_schema(operation_id="get_delivery")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """With its tries, newest first, and the `data` that is sent."""
        return super().get(request, *args, **kwargs)


class DeliveryRedeliver(APIView):
    permission_classes = [MayUseWebhooks]

    @extend_schema(operation_id="redeliver", request=None, responses={202: DeliverySummary})
    def post(self, request: Request, pk: str) -> Response:
        """Send it once more, with the same id and all its tries. 409 while it is pending, or its endpoint disabled."""
        row = generics.get_object_or_404(deliveries_of(request), pk=pk)
        if row.state == DeliveryState.PENDING:
            raise Problem(409, "delivery_is_pending", "It is on its way already.")
        if not redelivery.redeliver([row.id], actor=actor_of(request)):
            raise Problem(409, "endpoint_disabled", "Its endpoint is disabled: enable it first.")
        return Response(DeliverySummary(deliveries_of(request).get(pk=pk)).data, status=202)


class EndpointRedeliver(APIView):
    permission_classes = [MayUseWebhooks]

    @extend_schema(
        operation_id="redeliver_failed",
        request=RedeliverFailedRequest,
        responses={202: RedeliveredResponse},
    )
    def post(self, request: Request, pk: str) -> Response:
        """Send every dead letter of the endpoint since a time once more: a thousand for each request."""
        endpoint = generics.get_object_or_404(endpoints_of(request), pk=pk)
        if not endpoint.enabled:
            raise Problem(409, "endpoint_disabled", "Enable the endpoint first.")
        checked = RedeliverFailedRequest(data=request.data)
        checked.is_valid(raise_exception=True)
        dead = redelivery.dead_letters(since=checked.validated_data["since"]).filter(endpoint=endpoint)
        found = redelivery.find(dead)
        sent = redelivery.redeliver(found.ids, actor=actor_of(request))
        return Response({"redelivered": len(sent), "more": found.more}, status=202)
