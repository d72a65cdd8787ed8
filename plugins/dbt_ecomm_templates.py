"""dbt plugin: keeps compiled Jinja templates between commands, as Python keeps compiled modules.

dbt compiles every macro and every model's template to Python code in each command: for a batch of
some hundred rows a tenth of all its work. Jinja's own cache serves templates that a loader has
read, and dbt's come from strings. The file lies in dbt's target folder; `dbt clean` removes it.
"""

import atexit
import importlib.util
import marshal
import os
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from dbt.flags import get_flags
from dbt.plugins.manager import dbtPlugin
from dbt_common.clients.jinja import MacroFuzzEnvironment

_PROJECT = "ecomm_pipeline"
_FILE = "templates.marshal"
# Code that another Python, Jinja or dbt has made is not ours to run.
_MADE_BY = (importlib.util.MAGIC_NUMBER, jinja2.__version__, version("dbt-common"))
# Templates of this project and its packages are a tenth of it; more are those of edits long past.
_MOST = 4_000


class Templates:
    """Compiled templates by what they were made from, kept in one file."""

    def __init__(self, file: Path) -> None:
        """Read the file; one that is missing, unreadable or of other versions counts as empty."""
        self._file = file
        self._codes: dict[str, CodeType] = {}
        self._used: set[str] = set()
        self._has_more = False
        with suppress(OSError, ValueError, EOFError, TypeError):
            made_by, codes = marshal.loads(file.read_bytes())
            if made_by == _MADE_BY:
                self._codes = codes

    def code(self, environment: jinja2.Environment, source: str) -> CodeType:
        """A template's code, compiled unless it is kept.

        Raises:
            jinja2.TemplateSyntaxError: It cannot be compiled.
        """
        # What dbt's environments differ in: text or values as they are, and how macros are read.
        kind = f"{type(environment).__qualname__} {sorted(environment.extensions)}"
        key = sha256(f"{kind}\n{source}".encode()).hexdigest()
        self._used.add(key)
        if (code := self._codes.get(key)) is None:
            code = self._codes[key] = _compile(environment, source)
            self._has_more = True
        return code

    def save(self) -> None:
        """Write the file, if a template has been compiled since it was read."""
        if not self._has_more:
            return
        codes = dict(self._codes)
        if len(codes) > _MOST:
            codes = {key: code for key, code in codes.items() if key in self._used}
        part = self._file.with_name(f"{_FILE}.{os.getpid()}")
        # A folder that cannot be written costs time, no more.
        with suppress(OSError):
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(marshal.dumps((_MADE_BY, codes)))
            part.replace(self._file)
            self._has_more = False


_compile: Any = MacroFuzzEnvironment.compile
_kept: dict[Path, Templates] = {}


class TemplatesPlugin(dbtPlugin):
    """Lets dbt's environments look for compiled templates in the target folder of the command."""

    def initialize(self) -> None:
        """Replace how they compile; saves what they have compiled when the process ends."""
        flags: Any = get_flags()  # type: ignore[no-untyped-call]
        if self.project_name != _PROJECT:
            return
        file = Path(flags.PROJECT_DIR, flags.TARGET_PATH or "target", _FILE).resolve()
        if file not in _kept:
            _kept[file] = Templates(file)
            atexit.register(_kept[file].save)
        MacroFuzzEnvironment.compile = _compiled_by(_kept[file])  # type: ignore[method-assign]


def _compiled_by(templates: Templates) -> Any:
    def compiled(
        environment: jinja2.Environment, source: Any, *others: Any, **named: Any
    ) -> str | CodeType:
        # Anything but a string alone is no template of dbt's.
        if others or named or not isinstance(source, str):
            code: str | CodeType = _compile(environment, source, *others, **named)
            return code
        return templates.code(environment, source)

    return compiled


plugins = [TemplatesPlugin]
