"""How the child says that it cannot go on. Codes are rows of the table of faults."""


class Refused(Exception):
    """`code` is a fault code, `detail` evidence for operators."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
