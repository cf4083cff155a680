"""Thirty people and their groups, the same in every directory that the tests start."""

from dataclasses import dataclass
from typing import Literal

State = Literal["well", "disabled", "account_expired", "expired", "must_change", "locked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """One person. `locked` is somebody whose account a server locks when it has started."""

    user_name: str
    given_name: str
    family_name: str
    title: str = "Sjuksköterska"
    unit: str = "Akutmottagningen"
    mobile: str = ""
    manager: str = "berit.chef"
    state: State = "well"
    number: str = "0"

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def email(self) -> str:
        return f"{self.user_name}@region.example"


MANAGER = "berit.chef"
_FILL = (
    ("Björn", "Åkesson"), ("Göran", "Östlund"), ("Håkan", "Sjögren"), ("Märta", "Ängquist"),
    ("Søren", "Łukasiewicz"), ("Þór", "Đorđević"), ("Nguyễn", "Ali"), ("Jean-Luc", "O'Brien"),
    ("Eva-Lotta", "von Essen"), ("Zeynep", "Yılmaz"), ("Måns", "Håkansson"), ("Wilma", "Lind"),
    ("Oskar", "Berg"), ("Saga", "Holm"), ("Hugo", "Björk"), ("Ebba", "Nyström"),
    ("Maja", "Wallin"), ("Ali", "Hassan"), ("Linnéa", "Forsberg"), ("Örjan", "Eklund"),
)  # fmt: skip

PEOPLE: tuple[Somebody, ...] = (
    Somebody(
        user_name=MANAGER,
        given_name="Berit",
        family_name="Chef",
        title="Enhetschef",
        mobile="070-174 06 05",
        manager="",
    ),
    Somebody(
        user_name="asa.oberg",
        given_name="Åsa",
        family_name="Öberg",
        mobile="+46 70 174 06 06",
    ),
    Somebody(
        user_name="karin.komma",
        given_name='Karin "Kajsa"',
        family_name="Öberg, + <Chef>; #1=2\\3",
        mobile="0046701740607",
    ),
    Somebody(user_name="dag.disabled", given_name="Dag", family_name="Avstängd", state="disabled"),
    Somebody(
        user_name="ulf.slutat", given_name="Ulf", family_name="Slutat", state="account_expired"
    ),
    Somebody(user_name="eva.expired", given_name="Eva", family_name="Utgången", state="expired"),
    Somebody(user_name="nils.ny", given_name="Nils", family_name="Ny", state="must_change"),
    Somebody(user_name="lars.last", given_name="Lars", family_name="Låst", state="locked"),
    Somebody(user_name="lena.larsson", given_name="Lena", family_name="Larsson"),
    Somebody(user_name="per.persson", given_name="Per", family_name="Persson", mobile="0701740608"),
    *(
        Somebody(
            user_name=f"person{place:02}",
            given_name=given,
            family_name=family,
            unit="Hälsocentral Norr" if place % 2 else "Röntgen",
            mobile=f"070-174 06 {place + 10}",
            number=str(1_000 + place),
        )
        for place, (given, family) in enumerate(_FILL)
    ),
)

NESTED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "akuten": (("asa.oberg", "karin.komma"), ()),
    "sjukhuset": (("per.persson",), ("akuten",)),
    "regionen": ((MANAGER,), ("sjukhuset",)),
    "chefer": ((MANAGER,), ()),
}
"""Group to its people and the groups in it: Åsa is in «regionen» through two others."""
