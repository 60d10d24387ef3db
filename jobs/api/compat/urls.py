"""`/v1/…`: beside `/api/v1/…`, at the paths that clients of those APIs have built in."""

from django.urls import path

from jobs.api.compat import commands, tasks

# Ids as text: what is none gets an answer in the API's own form.
urlpatterns = [
    path("tasks", tasks.Tasks.as_view(), name="tasks"),
    path("tasks/<str:id>", tasks.Task.as_view(), name="task"),
    path("commands", commands.Commands.as_view(), name="commands"),
    path("run-ffmpeg-command", commands.RunCommand.as_view(), name="run-command"),
    path("run-chained-ffmpeg-commands", commands.RunCommand.as_view(), name="run-commands"),
    path("commands/<str:id>", commands.Command.as_view(), name="command"),
]
