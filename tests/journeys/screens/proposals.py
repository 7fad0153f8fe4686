"""Steps that several journeys take: a proposal from its draft to its first gate, through the screens."""

import re
from hashlib import sha256

from tests.journeys.screens.conftest import Visit
from tests.journeys.screens.visitor import Visitor


async def drafted(proposer: Visitor, title: str, amount: str) -> str:
    """Draft a proposal from the portfolio on; the initiative's id."""
    await proposer.go("/")
    await proposer.follow("New proposal")
    identity = await proposer.page.get_by_label("Id", exact=True).input_value()
    await proposer.press("Continue")
    await proposer.fill(Title=title, Need="The old one is worn out, and nobody repairs it any more.", Amount=amount)
    await proposer.press("Draft proposal")
    await proposer.heading(title)
    await proposer.sees("Draft", "The old one is worn out")
    await proposer.follow("the initiative with all that concerns it")
    await proposer.heading(title)
    await proposer.follow("the proposal")
    return identity


async def submitted(proposer: Visitor) -> None:
    """Submit the draft that is shown."""
    await proposer.follow("Submit proposal")
    await proposer.press("Submit proposal")
    await proposer.sees("Submitted")


async def triaged(office: Visitor, title: str, risk: str) -> None:
    """Find a proposal in the list and triage it."""
    await office.until("/reporting/proposals?state=submitted", title)
    await office.follow(title)
    await office.follow("Triage proposal")
    await office.choose(risk)
    await office.press("Triage proposal")
    await office.sees("Triaged")


async def selected(who: Visitor, title: str, sponsor: str = "p-roy") -> None:
    """Find a proposal in the list and select it."""
    await who.until("/reporting/proposals?state=triaged", title)
    await who.follow(title)
    await who.follow("Select proposal")
    await who.fill(Sponsor=sponsor, Rationale="It pays for itself within two years.")
    await who.sign()
    await who.press("Select proposal")
    await who.sees("Selected", "It pays for itself")


async def evidence(who: Visitor, review: str, *kinds: str) -> None:
    """Put documents before the gate, each by the button of the criterion that asks for it."""
    for kind in kinds:
        await who.until(f"/gates/dossiers/{review}", "Waits for a decision")
        await who.follow(f"Submit {kind.replace('-', ' ')}")
        await who.fill(Title=f"The {kind.replace('-', ' ')}", **{"SHA-256": sha256(kind.encode()).hexdigest()})
        await who.press("Submit evidence")
        await who.sees(f"The {kind.replace('-', ' ')}")


async def assessed(who: Visitor, review: str) -> None:
    """Assess every criterion that has a rule."""
    await who.go(f"/gates/dossiers/{review}")
    while await (button := who.page.get_by_role("button", name=re.compile("^Assess"))).count():
        async with who.page.expect_navigation():
            await button.first.click()


async def to_the_first_gate(visit: Visit, title: str, amount: str, *, selects: str = "p-okafor") -> str:
    """L. Haddad proposes, R. Okafor triages, `selects` selects; the initiative's id."""
    proposer, office = await visit("p-haddad"), await visit("p-okafor")
    identity = await drafted(proposer, title, amount)
    await submitted(proposer)
    await triaged(office, title, "Low")
    await selected(office if selects == "p-okafor" else await visit(selects), title)
    return identity
