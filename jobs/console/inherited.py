"""The pages of Django's and Celery's own apps, in the same skin."""

from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django_celery_beat import admin as beat
from django_celery_beat import models as schedules
from django_celery_results.models import GroupResult, TaskResult

from jobs.console.keyset import OlderThan
from jobs.console.rows import NewestFirstAdmin
from jobs.console.skin import (
    AdminPasswordChangeForm,
    ModelAdmin,
    Select,
    TextInput,
    UserChangeForm,
    UserCreationForm,
    register,
    site,
)

# Beat runs from crontabs and intervals here; results of groups are never written.
for _model in (
    Group,
    User,
    GroupResult,
    TaskResult,
    schedules.ClockedSchedule,
    schedules.CrontabSchedule,
    schedules.IntervalSchedule,
    schedules.PeriodicTask,
    schedules.SolarSchedule,
):
    site.unregister(_model)


@register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin[User]):  # type: ignore[type-arg]  # not subscriptable at run time
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin[Group]):
    pass


class _TaskSelect(beat.TaskSelectWidget, Select):  # type: ignore[misc]  # untyped
    """The registered tasks, in the skin's select."""


class PeriodicTaskForm(beat.PeriodicTaskForm):  # type: ignore[misc]  # untyped
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = TextInput()
        self.fields["regtask"].widget = _TaskSelect()


@register(schedules.PeriodicTask)
class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, ModelAdmin[schedules.PeriodicTask]):  # type: ignore[misc]  # untyped
    form = PeriodicTaskForm
    date_hierarchy = None
    list_display = ("name", "enabled", "scheduler", "last_run_at")
    list_filter = ("enabled",)


@register(schedules.CrontabSchedule)
class CrontabScheduleAdmin(beat.CrontabScheduleAdmin, ModelAdmin[schedules.CrontabSchedule]):  # type: ignore[misc]  # untyped
    inlines = ()


@register(schedules.IntervalSchedule)
class IntervalScheduleAdmin(ModelAdmin[schedules.IntervalSchedule]):
    pass


@register(TaskResult)
class TaskResultAdmin(NewestFirstAdmin[TaskResult]):
    """What the maintenance tasks came to. (A job's own steps are rows of ours.)"""

    list_display = ("task_name", "periodic_task_name", "status", "worker", "date_done")
    list_filter = ("status", OlderThan)
    actions = None
