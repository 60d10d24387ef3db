"""`/v1/tasks`: a command as text, its URLs in it, as FFHub's API has it (https://docs.ffhub.io)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.api import commands
from jobs.api.authentication import account_of
from jobs.api.compat import answers, errors
from jobs.api.compat.submitting import submit
from jobs.api.fields import Text
from jobs.api.idempotency import once
from jobs.models import Job
from jobs.states import JobState

INTERFACE = "tasks"
STATUS = {
    JobState.QUEUED: "pending",
    JobState.SUCCEEDED: "completed",
    JobState.PARTIAL: "completed",
    JobState.FAILED: "failed",
    JobState.DEAD_LETTER: "failed",
    JobState.CANCELLED: "failed",
}
_RUNNING = "running"
_HANDLER = errors.plain("error", {})


class TaskRequest(serializers.Serializer[Any]):
    """Members that are not listed are passed over, as they are there."""

    command = Text(
        max_length=commands.MAX_TEXT,
        help_text="ffmpeg -i URL ... output.mp4, or what follows the word ffmpeg.",
    )
    webhook_url = Text(
        required=False, allow_null=True, allow_blank=True, max_length=2048, help_text="Told once, at the end."
    )


class TaskAccepted(serializers.Serializer[Any]):
    task_id = serializers.UUIDField()


class TaskOutput(serializers.Serializer[Any]):
    url = serializers.CharField()
    filename = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")


class TaskResponse(serializers.Serializer[Any]):
    """`output_url` and `duration` (seconds) are those of the first output; `outputs` has them all."""

    task_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["pending", "running", "completed", "failed"])
    output_url = serializers.CharField(allow_null=True)
    duration = serializers.FloatField(allow_null=True)
    error = serializers.CharField(allow_null=True)
    outputs = TaskOutput(many=True)


class TaskError(serializers.Serializer[Any]):
    error = serializers.CharField()


_ERRORS = {400: TaskError, 401: TaskError}


class Tasks(APIView):
    def get_exception_handler(self) -> Any:
        return _HANDLER

    @extend_schema(
        operation_id="create_task",
        tags=["tasks"],
        request=TaskRequest,
        responses={200: TaskAccepted, **_ERRORS},
    )
    def post(self, request: Request) -> Response:
        """A command job in the shape of FFHub's tasks."""
        return once(request, account_of(request), lambda: self._accept(request))

    def _accept(self, request: Request) -> Response:
        asked = TaskRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        document = {"command": asked.validated_data["command"]}
        if url := asked.validated_data.get("webhook_url"):
            document["webhook_url"] = url
        job = submit(request, document, interface=INTERFACE)
        return Response({"task_id": str(job.id)})


class Task(APIView):
    def get_exception_handler(self) -> Any:
        return _HANDLER

    @extend_schema(
        operation_id="get_task", tags=["tasks"], responses={200: TaskResponse, **_ERRORS, 404: TaskError}
    )
    def get(self, request: Request, id: str) -> Response:
        """The task, and where its outputs are once it is completed."""
        return Response(_shown(answers.find(request, INTERFACE, id)))


def _shown(job: Job) -> dict[str, Any]:
    found = answers.made(job)
    links = [answers.link(one) for one in found]
    fault = answers.failure(job)
    return {
        "task_id": str(job.id),
        "status": STATUS.get(JobState(job.state), _RUNNING),
        "output_url": links[0] if links else None,
        "duration": answers.duration(found),
        "error": fault["message"] if fault else None,
        "outputs": [
            {"url": url, "filename": one.label, "size": one.entry.size_bytes}
            for one, url in zip(found, links, strict=True)
        ],
    }
