"""Macros of the dbt project, called without dbt and without an engine."""

from pathlib import Path
from typing import Any

from dbt.context.base import BaseContext
from dbt_common.clients.jinja import BaseMacroGenerator, get_template

MACROS = Path(__file__).parents[2] / "macros"


class _Macro(BaseMacroGenerator):
    def __init__(self, file: Path, context: dict[str, Any]) -> None:
        super().__init__(context)
        self._file = file

    def get_name(self) -> str:
        return self._file.stem

    def get_template(self) -> Any:
        return get_template(self._file.read_text("utf-8"), self.context)

    def __call__(self, *args: Any) -> Any:
        return self.call_macro(*args)


def project_macros(*folders: str) -> dict[str, Any]:
    """The macros of some folders by name; they may call each other and what all dbt macros may."""
    context: dict[str, Any] = BaseContext({}).to_dict()
    for folder in folders:
        for file in (MACROS / folder).glob("*.sql"):
            context[file.stem] = _Macro(file, context)
    return context
