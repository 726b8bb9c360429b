"""What a month of an environment costs, by service: computed from its template, AWS isn't asked."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline import answers, costs, render
from pipeline.costs import Item
from pipeline.environment import settings
from pipeline.errors import UsageError, UserError
from pipeline.stations import arguments
from pipeline.terminal import say


def options(parser: ArgumentParser) -> None:
    arguments.environment(parser)
    parser.add_argument(
        "--sessions", default="0", metavar="N", help="how many sessions a month (default 0)"
    )
    arguments.answer(parser)


def run(options: Namespace, root: Path) -> int:
    name = arguments.the_environment(options, root)
    with answers.giving(options.format, answers.Cost(environment=name)) as answer:
        return cost(name, root, _number(options.sessions), answer)


def cost(name: str, root: Path, sessions: int, answer: answers.Cost | None = None) -> int:
    """Show the bill of a month with so many sessions. `answer` is filled."""
    loaded = settings.load(name, root)
    own = loaded.settings
    known = costs.prices(own.aws.region, root)
    if known is None:
        raise UserError(
            f"there are no prices for {own.aws.region}.",
            where=f"{costs.FOLDER}/{own.aws.region}.yaml",
            mend="Write them there as the other files have them, from the pages that these name.",
        )
    template = render.render(loaded, root).value
    by = costs.usage(root, sessions)
    standing = costs.standing(template, known)
    used = costs.used(template, known, by, sessions)
    answer = answer or answers.Cost(environment=name)
    answer.stack, answer.region, answer.as_of = own.stack_name, own.aws.region, known.as_of
    answer.sessions, answer.assumed = sessions, by.assumed
    answer.standing, answer.used = [*map(_part, standing)], [*map(_part, used)]
    answer.dollars = costs.total([*standing, *used])
    _show(answer, [*standing, *used])
    return 0


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise UsageError(f"--sessions {text!r} isn't a number.", mend="Write 0, 5000 or 1000000.")
    return int(text)


def _part(item: Item) -> answers.BillItem:
    return answers.BillItem(
        service=item.service, what=item.what, count=item.count, dollars=item.dollars
    )


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _show(answer: answers.Cost, bill: list[Item]) -> None:
    say(f"{answer.stack}, {answer.region}, {answer.sessions:,} sessions a month, US dollars")
    for title, items in (("without use", answer.standing), ("by use", answer.used)):
        if items:
            say(f"{title}:")
        for item in items:
            say(f"  {item.dollars:>12,.2f}  {item.service}: {_count(item.count)} {item.what}")
    say("by service:")
    for service, dollars in costs.by_service(bill):
        say(f"  {dollars:>12,.2f}  {service}")
    say(f"  {answer.dollars:>12,.2f}  in all")
    assumed = answer.assumed and f" Assumed: {answer.assumed}"
    say(f"Prices of {answer.as_of}; no free allowances, tiers or tax.{assumed}")
