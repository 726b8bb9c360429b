"""The least that a render can be: load the YAML, render the templates, write the file."""

import sys
from pathlib import Path

import jinja2
import yaml

name = sys.argv[1]
env = yaml.safe_load(Path(f"environments/{name}.yaml").read_text())
templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader("templates"),
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701  YAML, not HTML
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
text = templates.get_template("main.yaml.j2").render(env=env | {"name": name})
Path("build").mkdir(exist_ok=True)
Path(f"build/plain-{name}.yaml").write_text(text)
