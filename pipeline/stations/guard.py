"""The rules in rules/ on rendered templates, or on templates from elsewhere; and what they say."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.formats import HUMAN
from pipeline.stations import arguments, check
from pipeline.terminal import say


def options(parser: ArgumentParser) -> None:
    check.options(parser)
    parser.add_argument("--explain", metavar="RULE", help="everything about one rule")
    arguments.flag(parser, "--list", "a table of all rules")
    parser.add_argument(
        "--template",
        metavar="FILE",
        action="extend",
        nargs="+",
        help="judge these CloudFormation files, YAML or JSON, instead of the environments",
    )


def run(options: Namespace, root: Path) -> int:
    if options.explain or options.list:
        _refuse_a_report(options)
        return _explain(options, root)
    if not options.template:
        return check.environments(
            check.wanted(["guard"], options), root, check.destination(options)
        )
    if options.environments:
        raise UsageError(
            "an environment or a template from elsewhere, not both.",
            mend="Without --template the environments are rendered and judged.",
        )
    return check.outside(options.template, root, check.destination(options))


def _refuse_a_report(options: Namespace) -> None:
    """What is told of the rules isn't a report of findings, in whatever form."""
    if options.format != HUMAN or options.output is not None or options.template:
        raise UsageError(
            f"{'--explain' if options.explain else '--list'} shows rules and judges nothing.",
            mend="Leave out --format, --output and --template.",
        )


def _explain(options: Namespace, root: Path) -> int:
    from pipeline.policy import explain

    if options.explain:
        say(explain.rule(options.explain, root))
    else:
        explain.show_table(root)
    return 0
