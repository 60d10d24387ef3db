"""The admin's skin, in one place: every page takes its base class and its forms from here.

Our own pages need nothing of it but `admin/base_site.html`, so leaving it means changing these imports.
"""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ShowFacets, action, display, register, site

if TYPE_CHECKING:  # Unfold is untyped, and its classes are Django's with another look
    from django.contrib.admin import ModelAdmin
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
    from django.forms import CheckboxSelectMultiple, Select, TextInput
else:
    from unfold.admin import ModelAdmin as _ModelAdmin
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
    from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget as CheckboxSelectMultiple
    from unfold.widgets import UnfoldAdminSelectWidget as Select
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

    class ModelAdmin(_ModelAdmin):
        """`ModelAdmin[Job]` is how a type checker wants it written; at run time it is the class itself."""

        def __class_getitem__(cls, _: Any) -> type:
            return cls


__all__ = [
    "AdminPasswordChangeForm",
    "CheckboxSelectMultiple",
    "ModelAdmin",
    "Select",
    "ShowFacets",
    "TextInput",
    "UserChangeForm",
    "UserCreationForm",
    "action",
    "display",
    "register",
    "site",
]
