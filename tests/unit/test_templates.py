"""Compiled Jinja templates that dbt finds again in its next command."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dbt_ecomm_templates as plugin
import jinja2
import pytest
from dbt_common.clients.jinja import get_environment, get_template

SOURCE = "{% for number in [1, 2] %}{{ number }}{% endfor %}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "target" / "templates.marshal"


def refuse(*given: Any) -> None:
    pytest.fail(f"compiled again: {given}")


def rendered(templates: plugin.Templates, source: str, *, native: bool = False) -> Any:
    environment = get_environment(native=native)
    code = templates.code(environment, source)
    return environment.template_class.from_code(environment, code, {}).render({"one": 1})


def test_the_next_command_compiles_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = plugin.Templates(file)
    plain = "{{ one }}"
    before = [rendered(first, plain), rendered(first, plain, native=True)]
    first.save()
    monkeypatch.setattr(plugin, "_compile", refuse)
    second = plugin.Templates(file)

    after = [rendered(second, plain), rendered(second, plain, native=True)]

    # As text and as it is: two templates of one source.
    assert before == after == ["1", 1]


@pytest.mark.parametrize("project", ["ecomm_pipeline", "another"])
def test_dbt_takes_them_for_this_project_alone(
    project: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = SimpleNamespace(PROJECT_DIR=str(file.parents[1]), TARGET_PATH=None)
    monkeypatch.setattr(plugin, "get_flags", lambda: flags)
    monkeypatch.setattr(plugin.MacroFuzzEnvironment, "compile", plugin._compile)
    monkeypatch.setattr(plugin, "_kept", {})
    source = "{{ one }} of dbt's"
    plugin.TemplatesPlugin(project)

    assert get_template(source, {}).render({"one": 1}) == "1 of dbt's"

    for kept in plugin._kept.values():
        kept.save()
    assert file.exists() == (project == "ecomm_pipeline")
    if file.exists():
        monkeypatch.setattr(plugin, "_compile", refuse)
        plugin._kept.clear()
        plugin.TemplatesPlugin(project)
        assert get_template(source, {}).render({"one": 1}) == "1 of dbt's"


def test_only_what_is_new_is_written(file: Path) -> None:
    first = plugin.Templates(file)
    rendered(first, "{{ 1 }}")
    first.save()
    written = file.read_bytes()
    second = plugin.Templates(file)
    rendered(second, "{{ 1 }}")
    file.unlink()
    second.save()
    assert not file.exists()

    rendered(second, "{{ 2 }}")
    second.save()

    assert len(file.read_bytes()) > len(written)
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("damage", ["cut", "text", "another Python"])
def test_a_file_that_cannot_be_used_is_made_anew(
    damage: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = plugin.Templates(file)
    rendered(first, SOURCE)
    first.save()
    match damage:
        case "cut":
            file.write_bytes(file.read_bytes()[:-9])
        case "text":
            file.write_text("no code")
        case _:
            monkeypatch.setattr(plugin, "_MADE_BY", (b"later", *plugin._MADE_BY[1:]))
    compile_anew, compiled = plugin._compile, []
    monkeypatch.setattr(
        plugin, "_compile", lambda *given: compiled.append(given) or compile_anew(*given)
    )
    again = plugin.Templates(file)

    assert rendered(again, SOURCE) == "12"
    assert len(compiled) == 1
    again.save()
    monkeypatch.setattr(plugin, "_compile", refuse)
    assert rendered(plugin.Templates(file), SOURCE) == "12"


def test_what_edits_have_left_behind_goes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = plugin.Templates(file)
    for number in range(20):
        rendered(first, f"{{{{ {number} }}}}")
    first.save()
    size = file.stat().st_size
    monkeypatch.setattr(plugin, "_MOST", 10)
    second = plugin.Templates(file)
    assert rendered(second, "{{ 99 }}") == "99"

    second.save()

    assert file.stat().st_size < size / 5


def test_a_template_with_a_fault_is_told_of_each_time(file: Path) -> None:
    for _ in range(2):
        templates = plugin.Templates(file)
        with pytest.raises(jinja2.TemplateSyntaxError, match="endif"):
            rendered(templates, "{% if true %}")
        templates.save()
