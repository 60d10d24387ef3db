"""Presets: versions to look at, and a form for the next one. It takes what the API takes, checked by the same code."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from jobs import presets
from jobs.api.problems import flatten as flatten
from jobs.api.requests import LadderRequest
from jobs.console import cells
from jobs.console.rows import PageAdmin
from jobs.console.sections import Cell, Facts, Section, Table, Text, columns, numbers
from jobs.console.skin import ShowFacets, TextInput, display, register
from jobs.models import Preset
from jobs.planner import specs
from jobs.planner.specs import Ladder


class NewVersionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The version is the next free one of the name; `ladder` is JSON as in `POST /api/v1/jobs`."""

    name = forms.CharField(
        max_length=64,
        widget=TextInput,
        help_text="A known name makes its next version; jobs that named it keep the one they had.",
    )
    ladder = forms.CharField(
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "class": "rc-editor"}),
        help_text='JSON: {"packaging", "segment_seconds", "gop_seconds", "rungs": […], "audio"}.',
    )

    class Meta:
        model = Preset
        fields = ("name", "title", "ladder")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not specs.NAME.fullmatch(name):
            raise ValidationError(
                "A name has 1 to 32 of a-z, 0-9, '-' and '_', and starts with a letter or a digit."
            )
        return name

    def clean_ladder(self) -> dict[str, Any]:
        try:
            document = json.loads(self.cleaned_data["ladder"])
        except (ValueError, RecursionError) as error:
            raise ValidationError(f"This is not JSON: {error}.") from error
        checked = LadderRequest(data=document)
        if not checked.is_valid():
            places = flatten(checked.errors, "")
            raise ValidationError([f"{pointer or '/'}: {detail}" for pointer, detail in places])
        ladder: Ladder = checked.validated_data
        return ladder.to_json()


@register(Preset)
class PresetAdmin(PageAdmin[Preset]):
    form = NewVersionForm
    page_template = "console/preset.html"
    list_display = ("preset", "owner", "title", "packaging", "rungs", "created")
    list_select_related = ("account",)
    list_fullwidth = True
    ordering = ("name", "-version")
    sortable_by = ()
    show_facets = ShowFacets.NEVER
    search_fields = ("name", "title")
    search_help_text = "Name or title"
    fields = ("name", "title", "ladder")
    actions = None

    @display(description="Preset")
    def preset(self, row: Preset) -> str:
        return str(row)

    @display(description="Owner")
    def owner(self, row: Preset) -> str:
        return row.account.slug if row.account else "everybody"

    @display(description="Packaging")
    def packaging(self, row: Preset) -> str:
        return str(row.ladder["packaging"])

    @display(description="Rungs, or extras alone")
    def rungs(self, row: Preset) -> str:
        extras = [extra["name"] for extra in row.ladder.get("extras", ())]
        return ", ".join([rung["name"] for rung in row.ladder["rungs"]] or extras)

    @display(description="Created (UTC)")
    def created(self, row: Preset) -> str:
        return cells.when(row.created_at)

    # --- a new version ------------------------------------------------------------------------------------
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("jobs.add_preset")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """`?from=<id>`: begin with that version."""
        key = request.GET.get("from", "")
        origin = Preset.objects.filter(pk=key).first() if key.isdecimal() else None
        if origin is None:
            return {}
        ladder = json.dumps(origin.ladder, indent=2, ensure_ascii=False)
        return {"name": origin.name, "title": origin.title, "ladder": ladder}

    def save_model(self, request: HttpRequest, obj: Preset, form: Any, change: bool) -> None:
        """A version for everybody; accounts make their own by the API."""
        made = presets.add_version(None, obj.name, obj.title, Ladder.from_json(obj.ladder))
        obj.pk, obj.version = made.pk, made.version
        obj._state.adding = False

    # --- the page -----------------------------------------------------------------------------------------
    def sections(self, request: HttpRequest, row: Preset) -> Sequence[Section]:
        ladder = Ladder.from_json(row.ladder)
        facts = Facts(
            "Preset",
            [
                ("Name", cells.code(row.name)),
                ("Version", str(row.version)),
                ("Title", row.title),
                ("Owner", self.owner(row)),
                ("Packaging", ladder.packaging),
                *_grid(ladder),
                ("Copies where the source fits", "yes" if ladder.passthrough == "auto" else "no"),
                ("Created (UTC)", cells.when(row.created_at)),
                ("Extras", ", ".join(extra.name for extra in ladder.extras) or "none"),
                ("Quality", _quality(ladder)),
                ("Warns of parts that are", ", ".join(ladder.detections) or cells.NOTHING),
                ("Versions", _versions(Preset.objects.filter(name=row.name, account=row.account_id))),
            ],
        )
        text = json.dumps(row.ladder, indent=2, ensure_ascii=False)
        return [facts, _rungs(ladder), Text("Ladder", text)]

    def page_context(self, request: HttpRequest, row: Preset) -> dict[str, Any]:
        url = f"{reverse('admin:jobs_preset_add')}?from={row.pk}"
        return {"new_version_url": url if self.has_add_permission(request) else None}


def _versions(rows: "QuerySet[Preset]") -> Cell:
    found = rows.order_by("-version")[:50]
    return cells.joined(
        [cells.link(reverse("admin:jobs_preset_change", args=[one.pk]), f"v{one.version}") for one in found]
    )


def _rungs(ladder: Ladder) -> Table:
    rows: list[list[Cell]] = [
        [
            rung.name,
            "source" if rung.source_size else _either(rung.height),
            "source" if rung.source_size else _either(rung.width),
            rung.encoder,
            _either(rung.crf),
            _either(rung.bitrate_kbps),
            _either(rung.maxrate_kbps),
            _either(rung.bufsize_kbps),
            _either(rung.speed),
            _either(rung.codec_profile),
            "yes" if rung.required else "no",
        ]
        for rung in ladder.rungs
    ]
    audio = ladder.audio
    if audio:
        sound = [
            f"{audio.channels} channels" if audio.channels else "",
            f"{audio.sample_rate_hz} Hz" if audio.sample_rate_hz else "",
            "" if audio.loudness_lufs is None else f"{audio.loudness_lufs:g} LUFS",
        ]
        rows.append(
            [
                audio.name,
                *[cells.NOTHING] * 2,
                audio.encoder,
                cells.NOTHING,
                _either(audio.bitrate_kbps),
                *[cells.NOTHING] * 3,
                ", ".join(filter(None, sound)) or cells.NOTHING,
                "yes" if audio.required else "no",
            ]
        )
    heads = [
        *columns("Rung"),
        *numbers("Height", "Width"),
        *columns("Encoder"),
        *numbers("crf", "kbit/s", "at most", "over kbit"),
        *columns("Speed", "Profile", "Required"),
    ]
    return Table("Rungs", heads, rows, empty="None: extras alone.")


def _grid(ladder: Ladder) -> list[tuple[str, Cell]]:
    if ladder.packaging == specs.NO_PACKAGING:
        return []
    return [("Segment", f"{ladder.segment_seconds:g} s"), ("GOP", f"{ladder.gop_seconds:g} s")]


def _either(value: object) -> Cell:
    return cells.NOTHING if value is None else str(value)


def _quality(ladder: Ladder) -> Cell:
    wish = ladder.quality
    if wish is None:
        return "not measured"
    least = "" if wish.minimum is None else f", at least {wish.minimum:g}"
    own = ", rungs of their own minimum" if any(rung.min_quality is not None for rung in ladder.rungs) else ""
    return f"{wish.metric.upper()} at the {wish.compare_at}'s size{least}{own}"
