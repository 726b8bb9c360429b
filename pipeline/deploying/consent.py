"""What a person has to agree to before AWS is changed: asked for, typed ahead, or refused early."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.deploying import screen
from pipeline.environment.settings import Loaded
from pipeline.errors import Refused


@dataclass(frozen=True)
class Consent:
    """The consent given on the command line, for runs without a terminal.

    `confirm`: a protected environment's name. `clean_up`: what a failed first deployment left may
    be deleted. `take_in`: what an earlier stack kept may be imported. `revert_drift`: what was
    changed by other means is brought to the template.
    """

    confirm: str | None = None
    clean_up: bool = False
    take_in: bool = False
    revert_drift: bool = False


NO_CONSENT = Consent()


def check_account_is_known(loaded: Loaded) -> None:
    """A protected environment says which account it belongs to, before AWS is asked."""
    if loaded.settings.protected and loaded.settings.aws.account is None:
        raise Refused(
            f"{loaded.name} is protected, and its file does not say which account it belongs to.",
            where=str(loaded.place(("aws", "account"))),
            mend="Write the account's twelve digits in quotes.",
        )


def check_confirmation(loaded: Loaded, confirm: str | None, *, always: bool = False) -> None:
    """Refuse early what can't be confirmed later. `always`: an unprotected environment too."""
    name = loaded.name
    if confirm is not None and confirm != name:
        raise Refused(
            f"--confirm says {confirm}, and the environment is {name}.",
            mend=f"Write --confirm {name} if {name} is what you mean.",
        )
    if (loaded.settings.protected or always) and confirm is None and not screen.can_ask():
        why = f"{name} is protected, and" if loaded.settings.protected else "this can't be undone:"
        raise Refused(
            f"{why} there is no terminal to ask for its name.",
            mend=f"Look at it first, then add --confirm {name}.",
        )


def confirmed(name: str, confirm: str | None, question: str) -> None:
    """The environment's name, typed ahead or now; anything else is refused."""
    if confirm != name and screen.ask(question) != name:
        raise Refused("that is not its name.", mend="Nothing was changed.")
