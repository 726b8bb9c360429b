"""Rendering: what stops it, and the map of where each line came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest

from pipeline.documents import DocumentError
from pipeline.environment.fields import SchemaPaths
from pipeline.errors import UserError
from pipeline.rendering.sourcemap import SourceMap
from pipeline.rendering.templates import Templates, compile_ahead

Writer = Callable[..., Templates]
SETTINGS = {"days": 30, "name": "dev", "on": True, "label": "a: b", "tags": {"X": "1", "Y": "z"}}


def schema(*names: str, leaves: tuple[str, ...] = ()) -> SchemaPaths:
    known = frozenset((name,) for name in names)
    return SchemaPaths("schema.py", known, frozenset({("tags",)}), tuple((n,) for n in leaves))


def checked(templates: Templates) -> str:
    templates.check(schema("days", "name", "on", "label", "tags"))
    return templates.render(SETTINGS)[0]


@pytest.fixture
def written(tmp_path: Path) -> Writer:
    def write(**files: str) -> Templates:
        (tmp_path / "templates").mkdir()
        for name, text in files.items():
            (tmp_path / "templates" / f"{name}.yaml.j2").write_text(text)
        return Templates(tmp_path)

    return write


def origins(source_map: SourceMap) -> list[str]:
    return [str(line.place).removeprefix("templates/") for line in source_map.lines]


def test_the_map_can_be_asked_for_when_the_files_are_others_by_then(
    written: Writer, tmp_path: Path
) -> None:
    templates = written(main="A: 1\n{% include 'part.yaml.j2' %}\n", part="B: {{ env.days }}\n")
    _, source_map = templates.render(SETTINGS)

    for path in (tmp_path / "templates").iterdir():
        path.unlink()

    assert origins(source_map) == ["main.yaml.j2:1", "part.yaml.j2:1"]
    assert source_map.lines[1].values == (("days",),)


def test_what_was_compiled_ahead_is_the_same_and_compiled_once(
    written: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {"main": "A: 1\n{% include 'part.yaml.j2' %}\n", "part": "B: {{ env.days }}\n"}
    expected, expected_map = written(**parts).render(SETTINGS)
    anew: list[str] = []
    real = jinja2.Environment.compile

    def compiled(self: jinja2.Environment, source: str, name: str, filename: str) -> Any:
        anew.append(name)
        return real(self, source, name, filename)

    compile_ahead(tmp_path)
    monkeypatch.setattr(jinja2.Environment, "compile", compiled)
    compile_ahead(tmp_path)
    text, source_map = Templates(tmp_path).render(SETTINGS)

    assert anew == []
    assert text == expected
    assert source_map.lines == expected_map.lines


def test_a_template_that_changed_is_not_the_one_that_was_compiled_ahead(
    written: Writer, tmp_path: Path
) -> None:
    templates = written(main="A: 1\n{% include 'part.yaml.j2' %}\n", part="B: {{ env.days }}\n")
    compile_ahead(tmp_path)

    (tmp_path / "templates/part.yaml.j2").write_text("B: {{ env.gone }}\n")
    with pytest.raises(UserError, match=r"env\.gone isn't a setting") as caught:
        Templates(tmp_path).check(schema("days"))
    (tmp_path / "templates/part.yaml.j2").write_text("B: {{ env.days }}\n")

    assert caught.value.where == "templates/part.yaml.j2:1"
    assert templates.render(SETTINGS)[0] == "A: 1\nB: 30\n"


def test_what_is_wrong_with_a_template_is_not_told_ahead(written: Writer, tmp_path: Path) -> None:
    written(main="A: {{ nothing }}\n{% include 'part.yaml.j2' %}\n", part="{% if %}\n")

    compile_ahead(tmp_path)

    with pytest.raises(UserError, match="the variable nothing is unknown"):
        Templates(tmp_path).check(schema("days"))


def test_every_line_knows_its_template_line(written: Writer) -> None:
    templates = written(
        main="# head\n{# note\n over two lines #}\nA: 1\n{% include 'part.yaml.j2' %}\nZ: 1\n",
        part="{% if env.on %}\nB: 1\n{% endif %}\n\nC:\n  - x\n",
    )

    text, source_map = templates.render(SETTINGS)

    assert text == "# head\nA: 1\nB: 1\n\nC:\n  - x\nZ: 1\n"
    assert origins(source_map) == [
        *("main.yaml.j2:1", "main.yaml.j2:4"),
        *("part.yaml.j2:2", "part.yaml.j2:4", "part.yaml.j2:5", "part.yaml.j2:6"),
        "main.yaml.j2:6",
    ]


def test_every_value_knows_its_setting(written: Writer) -> None:
    templates = written(
        main=(
            "{% from 'macros.yaml.j2' import pair %}\n"
            "A: {{ env.days }}\n"
            "B: {{ env.label | tojson }}\n"
            "C: {{ 'x' if env.on else 'y' }}\n"
            "{% for key, value in env.tags.items() %}\n"
            "{{ pair(key, value) }}\n"
            "{% endfor %}\n"
        ),
        macros="{% macro pair(key, value) %}{{ key | tojson }}: {{ value | tojson }}{% endmacro %}",
    )

    text, source_map = templates.render(SETTINGS)

    assert text == 'A: 30\nB: "a: b"\nC: x\n"X": "1"\n"Y": "z"\n'
    values = [line.values for line in source_map.lines]
    assert values == [
        *((("days",),), (("label",),), (("on",),)),
        *((("tags", "X"),), (("tags", "Y"),)),
    ]


def test_every_conditional_line_knows_its_condition(written: Writer) -> None:
    templates = written(
        main="{% if not env.on %}\nA: 1\n{% elif env.days > 7 %}\nB: 1\n{% endif %}\nC: 1\n"
    )

    _, source_map = templates.render(SETTINGS)

    assert [line.when for line in source_map.lines] == [(("on",), ("days",)), ()]


def test_a_map_that_could_lie_is_no_map(written: Writer) -> None:
    templates = written(
        main="{% macro m() %}{{ env.name }}{% endmacro %}\nA: {{ m() | length }}\nB: 1\n"
    )

    text, source_map = templates.render(SETTINGS)

    assert text == "A: 3\nB: 1\n"
    assert source_map.lines == ()


def test_a_filter_over_a_part_keeps_its_map(written: Writer) -> None:
    templates = written(
        main=(
            "{% filter upper %}\na: {{ env.name }}\nb: 1\n{% endfilter %}\n"
            "{% filter indent(2) %}\nc: {{ env.days }}\n{% endfilter %}\n"
            "{% macro m() %}{{ env.name }}\nx{% endmacro %}\nd: {{ m() | tojson }}\n"
        )
    )

    text, source_map = templates.render(SETTINGS)

    assert text == 'A: DEV\nB: 1\nc: 30\nd: "dev\\nx"\n'
    assert [line.place and line.place.line for line in source_map.lines] == [2, 3, 6, 10]
    assert [line.values for line in source_map.lines] == [
        (("name",),),
        (),
        (("days",),),
        (("name",),),
    ]


def test_a_macros_lines_name_only_the_values_that_they_show(written: Writer) -> None:
    templates = written(
        main=(
            "{% macro pair(key, more) %}\nA: {{ key }}\nB: 1\nC: {{ more }}\n{% endmacro %}\n"
            "{{ pair(env.name, env.days + 1) }}D: 1\n"
        )
    )

    text, source_map = templates.render(SETTINGS)

    assert text == "A: dev\nB: 1\nC: 31\nD: 1\n"
    assert [line.values for line in source_map.lines[1:]] == [(), (("days",),), ()]
    assert ("name",) in source_map.lines[0].values


def test_a_value_of_several_lines_belongs_to_each_of_them(written: Writer) -> None:
    templates = written(main="A: |\n  {{ env.label | indent(2) }}\nB: 1\n")

    _, source_map = templates.render(SETTINGS | {"label": "x\ny"})

    assert [line.values for line in source_map.lines] == [(), (("label",),), (("label",),), ()]


def test_a_value_worked_out_before_it_is_shown_knows_its_settings(written: Writer) -> None:
    templates = written(
        main=(
            "{% set both = env.name ~ env.days %}\n{% set twice = both ~ both %}\n"
            "A: {{ both }}\nB: {{ twice | upper }}\n"
            "{% with week = env.days // 7 %}\nC: {{ week }}\n{% endwith %}\n"
        )
    )

    text, source_map = templates.render(SETTINGS)

    assert text == "A: dev30\nB: DEV30DEV30\nC: 4\n"
    worked_out = (("name",), ("days",))
    assert [line.values for line in source_map.lines] == [worked_out, worked_out, (("days",),)]


def test_a_loop_over_settings_survives_any_key(written: Writer) -> None:
    templates = written(
        main="{% for key, value in env.tags.items() %}\n{{ key | tojson }}: {{ value | tojson }}\n"
        "{% endfor %}\n"
    )
    templates.check(schema("tags"))

    text, source_map = templates.render({"tags": {"items": "a", "keys": "b"}})

    assert text == '"items": "a"\n"keys": "b"\n'
    assert [line.when for line in source_map.lines] == [(("tags",),)] * 2


def test_a_call_block_and_an_extended_template_are_jinja_too(written: Writer) -> None:
    templates = written(
        main="{% extends 'base.yaml.j2' %}\n{% block body %}\n{{ super() }}\n"
        "{% macro box() %}\nB: {{ caller() }}{% endmacro %}\n"
        "{% call box() %}{{ env.days }}{% endcall %}\n\n{% endblock %}\n",
        base="A: 1\n{% block body %}C: 1{% endblock %}\nZ: 1\n",
    )

    text, source_map = templates.render(SETTINGS)

    assert text.split() == ["A:", "1", "C:", "1", "B:", "30", "Z:", "1"]
    assert all(line.place for line in source_map.lines)


def test_a_byte_order_mark_stays_out_of_the_render(written: Writer) -> None:
    templates = written(main="A: 1\n{% include 'part.yaml.j2' %}\n", part="\ufeffB: 1\n")

    assert templates.render(SETTINGS)[0] == "A: 1\nB: 1\n"


def test_a_link_that_leads_nowhere_is_named(written: Writer, tmp_path: Path) -> None:
    templates = written(main="A: 1\n")
    (tmp_path / "templates/part.yaml.j2").symlink_to("gone")

    with pytest.raises(UserError, match=r"templates/part\.yaml\.j2: it can't be read"):
        templates.render(SETTINGS)


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("A: 1\nB: {{ env.dayz }}\n", 2, "env.dayz isn't a setting"),
        ("A: 1\nB: {{ days }}\n", 2, "the variable days is unknown"),
        ("A: 1\n{% if env.days %}\nB: 1\n", 3, "needs to be closed is 'if'"),
        ("A: {{ env.days }\n", 1, "Jinja can't read this"),
        ("A: 1\n{% include 'gone.yaml.j2' %}\n", 2, "there is no template gone.yaml.j2"),
        ("A: 1\nB: {{ env.label }}\n", 2, "write `| tojson`"),
        ("A: {{ env.on }}\n", 1, "write `| tojson`"),
        ("A: 1\nB: {{ env.days + env.name }}\n", 2, "unsupported operand"),
        ("A: {{ env.tags.Z }}\n", 1, "the section has no attribute 'Z'"),
        ("A: {{ env.tags }}\n", 1, "a section of settings needs quotes here"),
        ("A: 1\n{% include 'main.yaml.j2' %}\n", 2, "includes or calls itself"),
        ("{% macro m() %}{{ m() }}{% endmacro %}\nA: {{ m() }}\n", 1, "includes or calls itself"),
        ("A: {{ [1, 2] | random }}\n", 1, "No filter named 'random'"),
        ("{% for i in range(999999999) %}\n# x\n{% endfor %}\n", 1, "Range too big"),
        ("A: 1\n# ${#list[@]}\nB: 1\n", 2, "{# opens a comment that nothing closes"),
        ("A: 1\n{% raw %}\nB: 1\n", 2, "Missing end of raw"),
        ("A: 1\nB: {{ 'x' * 99999999999999 }}\n", 2, "memory"),
        ("A: 1\nB: {{ cycler() }}\n", 2, "at least one item"),
        ("A: 1\nB: {{ env." + "k" * 5000 + " }}\n", 2, "isn't a setting"),
        ("A: 1\nB: {{ 'x' | " + "k" * 5000 + " }}\n", 2, "No filter named"),
        ("A: 1\nB: {{ [][env.label * 999] }}\n", 2, "has no attribute"),
    ],
)
def test_a_template_error_names_its_line(
    written: Writer,
    body: str,
    line: int,
    says: str,
) -> None:
    templates = written(main=body)

    with pytest.raises(DocumentError) as raised:
        checked(templates)

    assert raised.value.where == f"templates/main.yaml.j2:{line}"
    assert says in raised.value.what
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    "body",
    [
        "{{ " + "(" * 3000 + ")" * 3000 + " }}",
        "{% if env.on %}" * 400 + "{% endif %}" * 400,
        "{% for i in [1] %}" * 30 + "{% endfor %}" * 30,
        "{{ " + "1" * 5000 + " }}",
        "{% macro m(a, a) %}{% endmacro %}",
    ],
)
def test_what_jinja_can_not_compile_names_its_file(written: Writer, body: str) -> None:
    templates = written(main="A: 1\n{% include 'part.yaml.j2' %}\n", part=body)

    with pytest.raises(
        UserError, match=r"^templates/part\.yaml\.j2: Jinja can't compile"
    ) as raised:
        checked(templates)

    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    "reference", ["{{resolve:ssm:/a}}", "{{ resolve:secretsmanager:s:SecretString:p}}"]
)
def test_a_dynamic_reference_in_bare_braces_is_told_its_other_form(
    written: Writer, reference: str
) -> None:
    templates = written(main=f'A: 1\nB: "{reference}"\n')

    with pytest.raises(DocumentError, match=r"main\.yaml\.j2:2: ") as raised:
        checked(templates)

    assert 'dynamic_reference("ssm", "/a/name")' in raised.value.mend


def test_the_lexers_errors_name_the_template_as_people_do(written: Writer) -> None:
    templates = written(main="{% include 'part.yaml.j2' %}\n", part="A: 1\nB: {{ $x }}\n")

    with pytest.raises(DocumentError, match=r"^templates/part\.yaml\.j2:2: ") as raised:
        checked(templates)

    assert "{% raw %}" in raised.value.mend


@pytest.mark.parametrize(
    "name", [".#part.yaml.j2", "._part.yaml.j2", ".cache/x.yaml.j2", "__MACOSX/x.j2", "#x.j2"]
)
def test_what_editors_and_systems_leave_is_no_template(
    written: Writer, tmp_path: Path, name: str
) -> None:
    templates = written(main="A: 1\n")
    left = tmp_path / "templates" / name
    left.parent.mkdir(exist_ok=True)
    left.symlink_to("me@host.1")

    assert templates.render(SETTINGS)[0] == "A: 1\n"


def test_an_unknown_setting_is_found_in_a_branch_nobody_takes(written: Writer) -> None:
    templates = written(main="{% if not env.on %}\nA: {{ env.dayz }}\n{% endif %}\nB: 1\n")

    with pytest.raises(DocumentError, match=r"Did you mean env\.days\?"):
        templates.check(schema("days", "on"))


def test_a_setting_that_no_template_uses_stops_the_render(written: Writer) -> None:
    templates = written(main="A: {{ env.days }}\n")

    with pytest.raises(UserError, match="on: no template uses it"):
        templates.check(schema("days", "on", leaves=("days", "on")))


def test_a_part_that_nobody_includes_stops_the_render(written: Writer) -> None:
    templates = written(main="A: 1\n", lonely="B: 1\n")

    with pytest.raises(UserError, match=r"templates/lonely.yaml.j2: no template includes it"):
        templates.render(SETTINGS)


def test_a_dynamic_reference_keeps_its_braces(written: Writer) -> None:
    templates = written(main="A: {{ dynamic_reference('ssm', '/x', '1') | tojson }}\n")

    assert templates.render(SETTINGS)[0] == 'A: "{{resolve:ssm:/x:1}}"\n'


def test_a_template_may_not_hold_the_marks(written: Writer) -> None:
    with pytest.raises(UserError, match="private-use"):
        written(main="A: \ue000\n").render(SETTINGS)


def test_a_setting_that_holds_a_mark_costs_only_the_map(written: Writer) -> None:
    text, source_map = written(main="A: {{ env.label | tojson }}\n").render(
        SETTINGS | {"label": "\ue000"}
    )

    assert text == 'A: "\ue000"\n'
    assert source_map.lines == ()
