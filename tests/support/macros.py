"""Macros of the dbt project, rendered without dbt: what dbt gives them is given by the test."""

from typing import Any

from jinja2 import Environment

from ingest.config import PROJECT_DIR


class _Returned(Exception):
    pass


def call_macro(name: str, *arguments: Any, **context: Any) -> Any:
    """Call a macro of the project.

    Args:
        name: Its name.
        *arguments: Its arguments.
        **context: What it finds in dbt's context: variables, functions, other macros.

    Returns:
        What it returns, else its text.
    """
    (path,) = PROJECT_DIR.glob(f"macros/*/{name}.sql")
    environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)

    def give_back(value: Any) -> None:
        raise _Returned(value)

    environment.globals.update(context | {"return": give_back})
    macro = getattr(environment.from_string(path.read_text(encoding="utf-8")).module, name)
    try:
        return str(macro(*arguments)).strip()
    except _Returned as returned:
        return returned.args[0]
