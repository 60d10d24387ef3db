"""Pages by key: constant cost at any depth, no totals (counting a million rows costs 100 ms)."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Ids are UUIDv7: their order is the order of time, and no two are equal."""

    ordering = "-id"
    page_size_query_param = "page_size"
    max_page_size = 200


class OldestFirst(NewestFirst):
    ordering = "id"
