"""Serializer parts that take what JSON says: a number is no string, a typo is no option, an omission is no null."""

import copy
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import empty


class Text(serializers.CharField):
    """A JSON string; DRF's own field also takes numbers."""

    default_error_messages = {"type": "This must be a string."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("type")
        if "\x00" in data:
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Whole(serializers.IntegerField):
    """A JSON integer; DRF's own field also takes strings of digits and 1.0."""

    default_error_messages = {"type": "This must be a whole number."}

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("type")
        return int(super().to_internal_value(data))


class Number(serializers.FloatField):
    """A JSON number, finite."""

    default_error_messages = {"type": "This must be a number."}

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float) or data != data or abs(data) > 1e15:
            self.fail("type")
        return float(super().to_internal_value(data))


class Flag(serializers.BooleanField):
    """true or false; DRF's own field also takes "yes", 1 and "on"."""

    default_error_messages = {"type": "This must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("type")
        return bool(data)


class Strict(serializers.Serializer[Any]):
    """A JSON object without unknown members: a misspelt option is an error, not a silence."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Of a request, the fields that it can need: DRF copies each one deeply, a ladder with all beneath it.

        A nested object has no data of its own at that time, and neither has a schema: they get all.
        """
        given = getattr(self, "initial_data", None)
        if not isinstance(given, Mapping):
            return super().get_fields()
        return {
            name: copy.deepcopy(field)
            for name, field in self._declared_fields.items()
            if name in given or field.required or field.default is not empty
        }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            declared = self._declared_fields
            unknown = [name for name in data if name not in declared]
            if unknown:
                known = ", ".join(declared)
                message = f"There is no such member here; known are: {known}."
                raise serializers.ValidationError(
                    {str(name): [ErrorDetail(message, code="unknown")] for name in unknown}
                )
        return super().to_internal_value(data)
