"""The doors to presets: everybody's to read, an account's own to write. A version never changes."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs import presets
from jobs.api.authentication import account_of
from jobs.api.fields import Strict, Text
from jobs.api.idempotency import once
from jobs.api.problems import Problem
from jobs.api.requests import LadderRequest
from jobs.models import ApiKey, Preset
from jobs.planner import specs
from jobs.planner.specs import Ladder


class MayWritePresets(BasePermission):
    """Reading needs `jobs:read`, a new version `presets:write`."""

    message = "The API key lacks the scope that this request needs."

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        return ("jobs:read" if request.method in SAFE_METHODS else "presets:write") in request.auth.scopes


class VersionRequest(Strict):
    """A version of a preset, whole: nothing is taken over from the one before."""

    title = Text(required=False, max_length=200, default="", allow_blank=True)
    ladder = LadderRequest()


class PresetRequest(VersionRequest):
    name = Text(max_length=32, help_text="a-z, 0-9, - and _.")

    def validate_name(self, name: str) -> str:
        if not specs.NAME.fullmatch(name):
            raise serializers.ValidationError(
                "A name has 1 to 32 of a-z, 0-9, '-' and '_', and starts with a letter or a digit.",
                code="malformed",
            )
        return name


class PresetResponse(serializers.ModelSerializer[Preset]):
    """`shared`: everybody has it, and only operators make its versions."""

    shared = serializers.SerializerMethodField()

    class Meta:
        model = Preset
        fields = ["name", "version", "title", "shared", "ladder", "created_at"]

    def get_shared(self, row: Preset) -> bool:
        return row.account_id is None


class Presets(generics.ListAPIView[Preset]):
    """The stored ladders that the account may name, newest version of each first."""

    serializer_class = PresetResponse
    permission_classes = [MayWritePresets]
    queryset = Preset.objects.none()  # what the OpenAPI generator looks at
    filter_backends = []
    # Bounded by presets.MAX_VERSIONS and what operators make.
    pagination_class = None

    def get_queryset(self) -> "QuerySet[Preset]":
        return presets.visible(account_of(self.request))

    @extend_schema(operation_id="list_presets")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="create_preset", request=PresetRequest, responses={201: PresetResponse})
    def post(self, request: Request) -> Response:
        """A preset of a new name. 409 if the name is taken: a known one gets a version instead."""
        return once(request, account_of(request), lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        checked = PresetRequest(data=request.data)
        checked.is_valid(raise_exception=True)
        wish = checked.validated_data
        if Preset.objects.filter(account=account_of(request), name=wish["name"]).exists():
            raise Problem(409, "name_taken", "You have a preset of this name: make its next version instead.")
        return _made(request, wish["name"], wish["title"], wish["ladder"])


class PresetDetail(generics.GenericAPIView[Preset]):
    permission_classes = [MayWritePresets]
    serializer_class = PresetResponse
    queryset = Preset.objects.none()

    @extend_schema(operation_id="get_preset")
    def get(self, request: Request, name: str) -> Response:
        """The version that a job gets which names the preset now."""
        preset = presets.newest(account_of(request), name)
        if preset is None:
            raise Problem(404, "not_found", "There is no preset of this name.")
        return Response(PresetResponse(preset).data)


class PresetVersions(generics.ListAPIView[Preset]):
    """The versions of one preset, newest first."""

    serializer_class = PresetResponse
    permission_classes = [MayWritePresets]
    queryset = Preset.objects.none()
    filter_backends = []
    pagination_class = None

    def get_queryset(self) -> "QuerySet[Preset]":
        return presets.visible(account_of(self.request)).filter(name=self.kwargs["name"])

    @extend_schema(operation_id="list_preset_versions")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="create_preset_version", request=VersionRequest, responses={201: PresetResponse}
    )
    def post(self, request: Request, name: str) -> Response:
        """The next version of an own preset. Jobs keep the version with which they were submitted."""
        return once(request, account_of(request), lambda: self._create(request, name))

    def _create(self, request: Request, name: str) -> Response:
        if not Preset.objects.filter(account=account_of(request), name=name).exists():
            raise Problem(404, "not_found", "You have no preset of this name.")
        checked = VersionRequest(data=request.data)
        checked.is_valid(raise_exception=True)
        return _made(request, name, checked.validated_data["title"], checked.validated_data["ladder"])


class PresetVersion(generics.GenericAPIView[Preset]):
    permission_classes = [MayWritePresets]
    serializer_class = PresetResponse
    queryset = Preset.objects.none()

    @extend_schema(operation_id="get_preset_version")
    def get(self, request: Request, name: str, version: int) -> Response:
        """One version, as it was made. An account's own goes before everybody's."""
        preset = presets.of_version(account_of(request), name, version)
        if preset is None:
            raise Problem(404, "not_found", "There is no such version.")
        return Response(PresetResponse(preset).data)


def _made(request: Request, name: str, title: str, ladder: Ladder) -> Response:
    try:
        preset = presets.add_version(account_of(request), name, title, ladder)
    except presets.PresetRefused as error:
        raise Problem(409, error.code, error.message) from error
    url = request.build_absolute_uri(reverse("preset-version", args=[preset.name, preset.version]))
    return Response(PresetResponse(preset).data, status=201, headers={"Location": url})
