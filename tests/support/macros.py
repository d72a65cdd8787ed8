"""Macros of the dbt project, called without dbt and without an engine."""

from pathlib import Path
from typing import Any

from dbt.context.base import BaseContext
from dbt_common.clients.jinja import BaseMacroGenerator, get_template
from jinja2 import Environment

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


class _Returned(Exception):
    pass


def call_macro(name: str, *arguments: Any, **context: Any) -> Any:
    """Call one macro, with nothing around it but what is given.

    Args:
        name: Its name.
        *arguments: Its arguments.
        **context: What it finds in dbt's context: variables, functions, other macros.

    Returns:
        What it returns, else its text.
    """
    (path,) = MACROS.glob(f"*/{name}.sql")
    environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)

    def give_back(value: Any) -> None:
        raise _Returned(value)

    environment.globals.update(context | {"return": give_back})
    macro = getattr(environment.from_string(path.read_text(encoding="utf-8")).module, name)
    try:
        return str(macro(*arguments)).strip()
    except _Returned as returned:
        return returned.args[0]
