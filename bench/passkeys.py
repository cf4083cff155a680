"""A sign-in with a key, beside the bare check of its signature, in one run.

    .venv/bin/python -m bench.passkeys [--postgresql] [ROUNDS]

CPU of the server (`portvakt serve`) for the first page and for the two requests that a key adds to
it: what it is to sign, and its answer, which opens the session. Judging alone is the method as it
is called for each answer. A bare verification is what a site that keeps everything in memory does:
`webauthn.verify_authentication_response` on an answer that is parsed already, which reads the key
(COSE), the client's and the authenticator's data, and checks one ES256 signature; beside it stands
that signature alone, by `cryptography`. All three are in this process. Browsers are known ones;
keys sign in this process, which is not counted, nor are the processes of PostgreSQL.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn import verify_authentication_response
from webauthn.helpers import structs

from bench.house import POSTGRESQL, SQLITE, database, serving, store, user_name, write_settings
from bench.measure import Figure, cpu_ms, here, in_turn, load, table, written
from bench.visitor import HOST, Visitor
from portvakt.app import opened
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import canonical_identifier
from portvakt.core.phones import decode
from portvakt.core.secret import Secret
from portvakt.methods import Ceremony, KeyAtHand, Rejected
from portvakt.methods.passkey import Party, Passkey
from portvakt.records.keys import Passkey as StoredKey
from portvakt.records.unit import Unit
from portvakt.settings import load_settings
from tests import make
from tests.soft_key import SoftKey, cose_of

PEOPLE, CHECKS, ROUNDS = 60, 400, 5
ORIGIN = f"https://{HOST}"
MOST = 12
"""How many bare verifications a sign-in may cost."""
DATA = b"x" * 69


async def give_keys(file: Path, keys: Sequence[SoftKey]) -> None:
    """Bind a key to each person, as registration would."""

    async def act(unit: Unit) -> None:
        for number, key in enumerate(keys):
            name = canonical_identifier(user_name(number)) or ""
            standing = await unit.people.find(name, None)
            if standing is None:
                raise AssertionError(name)
            account = standing.account.id
            bound = make.bound(make.PASSKEY, id=AuthenticatorId(f"key{number}"), account_id=account)
            await unit.authenticators.bind(bound)
            await unit.keys.add(
                StoredKey(
                    id=bound.id,
                    account_id=account,
                    credential_id=key.id,
                    public_key=cose_of(key.key),
                    algorithm=-7,
                    sign_count=0,
                    aaguid="",
                    transports=("internal",),
                    copied=False,
                    backed_up=False,
                    verifies=True,
                    attestation="none",
                    handle=key.handle,
                )
            )

    async with opened(load_settings(file, {})) as house:
        await house.records.write(act)


def csrf_of(visitor: Visitor) -> str:
    """Open the first page with nobody signed in; return what its form carries."""
    visitor.cookies.pop("__Host-session", None)
    page = visitor.get("/sign-in").expect(200).text
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    if found is None:
        raise AssertionError(page)
    return found[1]


def sign_in(
    pid: int, visitors: Sequence[Visitor], keys: Sequence[SoftKey]
) -> tuple[float, float, float]:
    """Sign everybody in; CPU of the server for page, asking and answering, in ms each."""
    opening = cpu_ms(pid)
    tokens = [csrf_of(visitor) for visitor in visitors]
    pages = [visitor.last for visitor in visitors]
    before = cpu_ms(pid)
    told = [
        visitor.post("/sign-in/key", {"csrf": csrf, "to": "/apps", "for": "sign_in"}).expect(200)
        for visitor, csrf in zip(visitors, tokens, strict=True)
    ]
    between = cpu_ms(pid)
    answers = [key.use(json.loads(each.body)) for key, each in zip(keys, told, strict=True)]
    for visitor, page in zip(visitors, pages, strict=True):
        visitor.last = page
    start = cpu_ms(pid)
    for visitor, answer in zip(visitors, answers, strict=True):
        visitor.post("/sign-in", {"key": answer}).expect(303)
    spent = (before - opening, between - before, cpu_ms(pid) - start)
    shown, asking, answering = (each / len(visitors) for each in spent)
    return shown, asking, answering


def judging(key: SoftKey) -> tuple[Passkey, Ceremony, list[Secret]]:
    """Return the method, and answers that it takes."""
    challenge = b"c" * 32
    method = Passkey(Party(origin=ORIGIN, rp_id=HOST))
    at = Ceremony(
        flow="",
        purpose="sign_in",
        now=make.NOW,
        authenticator=make.bound(make.PASSKEY),
        key=KeyAtHand(
            id=AuthenticatorId("key0"),
            challenge=challenge,
            asked_at=make.NOW,
            must_verify=True,
            must_name=True,
            handle=key.handle,
            public_key=cose_of(key.key),
            verifies=True,
            copied=False,
        ),
    )
    options = method.to_use(challenge, (), must_verify=True)
    return method, at, [Secret(key.use(options)) for _ in range(CHECKS)]


def by_the_library(key: SoftKey) -> Callable[[], object]:
    """Return what verifies one answer with the library alone."""
    at = judging(key)
    read = json.loads(at[2][0].open())
    response = {name: decode(text) for name, text in read["response"].items()}
    credential = structs.AuthenticationCredential(
        id=read["id"],
        raw_id=decode(read["rawId"]),
        response=structs.AuthenticatorAssertionResponse(
            client_data_json=response["clientDataJSON"],
            authenticator_data=response["authenticatorData"],
            signature=response["signature"],
            user_handle=response["userHandle"],
        ),
    )
    public = cose_of(key.key)
    return lambda: verify_authentication_response(
        credential=credential,
        expected_challenge=b"c" * 32,
        expected_rp_id=HOST,
        expected_origin=ORIGIN,
        credential_public_key=public,
        credential_current_sign_count=0,
        require_user_verification=True,
    )


def measure(rounds: int, kind: str) -> tuple[Figure, Figure, Figure, list[list[float]]]:
    """Return judging, a bare verification, a signature, and each round's requests; ms of CPU."""
    keys = [
        SoftKey(ORIGIN, id=b"key%04d" % number, handle=b"handle%04d" % number)
        for number in range(PEOPLE)
    ]
    method, at, answers = judging(keys[0])
    turns = cycle(answers)
    library = by_the_library(SoftKey(ORIGIN, id=b"bare", handle=b"handle"))
    bare = ec.generate_private_key(ec.SECP256R1())
    signature, public = bare.sign(DATA, ec.ECDSA(SHA256())), bare.public_key()
    steps: list[list[float]] = []
    with ExitStack() as stack:
        on = stack.enter_context(database(kind))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = write_settings(folder, on.url)
        asyncio.run(store(file, PEOPLE))
        asyncio.run(give_keys(file, keys))
        server = stack.enter_context(serving(file))
        visitors = server.visitors(0, PEOPLE)
        for number, visitor in enumerate(visitors):
            visitor.address = f"198.51.100.{number + 1}"  # each at home

        def whole() -> float:
            steps.append(list(sign_in(server.pid, visitors, keys)))
            return sum(steps[-1])

        with asyncio.Runner() as runner:

            async def judge() -> None:
                for _ in range(CHECKS):
                    verdict = await method.verify(at, next(turns))
                    assert not isinstance(verdict, Rejected), verdict  # noqa: S101

            figures = in_turn(
                [
                    whole,
                    lambda: here(lambda: runner.run(judge()), 1) / CHECKS,
                    lambda: here(library, CHECKS),
                    lambda: here(
                        lambda: public.verify(signature, DATA, ec.ECDSA(SHA256())), CHECKS
                    ),
                ],
                rounds,
            )
    return figures[1], figures[2], figures[3], steps[1:]


def main() -> None:
    """Print the table."""
    given = [each for each in sys.argv[1:] if each != "--postgresql"]
    kind = SQLITE if len(given) == len(sys.argv) - 1 else POSTGRESQL
    rounds = int(given[0]) if given else ROUNDS
    judged, bare, signature, steps = measure(rounds, kind)
    opened_page, asking, answering = (Figure(tuple(column)) for column in zip(*steps, strict=True))
    whole = Figure(tuple(asked + answered for _, asked, answered in steps))
    rows = [
        (name, figure, figure.spread, f"{written(figure.middle / bare.middle)} times")
        for name, figure in (
            ("one ES256 signature, alone", signature),
            ("one answer, verified by the library alone", bare),
            ("judging one answer", judged),
            ("`GET /sign-in`: the page", opened_page),
            ("`POST /sign-in/key`: what is to be signed", asking),
            ("`POST /sign-in`: judged, spent, session opened", answering),
            ("both posts: a sign-in with a key", whole),
        )
    ]
    print(f"{kind}. Load before: {load()}. Milliseconds of CPU; median of {rounds} rounds.\n")
    print(table(("what", "ms", "least to most", "bare verifications"), rows))
    verdict = "met" if whole.middle <= MOST * bare.middle else "**missed**"
    print(f"\nA sign-in at most {MOST} times the bare verification: {verdict}")


if __name__ == "__main__":
    main()
