"""Requests that an app pushes with a proof of its key (RFC 9449 section 10.1)."""

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from tests.protocols.proofs import OTHER, Prover
from tests.protocols.relying_party import Attempt
from tests.protocols.test_dpop import proving, said, trade


async def test_a_pushed_request_with_a_proof_binds_its_code_to_the_key(
    tmp_path: Path, database_url: str
) -> None:
    """RFC 9449 section 10.1."""
    async with proving(tmp_path, database_url) as (region, browser, prover):
        where = region.shop.metadata["pushed_authorization_request_endpoint"]

        async def push(**more: str) -> tuple[httpx.Response, Attempt]:
            attempt = region.shop.begin()
            query = dict(parse_qsl(urlsplit(attempt.url).query)) | more
            proof = {"dpop": prover.proof("POST", where)}
            answer = await region.shop.http.post(where, data=query, headers=proof)
            prover.nonce = answer.headers["dpop-nonce"]
            return answer, attempt

        answer, _ = await push()
        assert said(answer) == (400, "use_dpop_nonce")
        for mine in (prover, Prover(region.shop, OTHER)):
            answer, attempt = await push()
            assert answer.status_code == 201, answer.text
            handle = {"client_id": "shop", "request_uri": answer.json()["request_uri"]}
            response = (await browser.get(f"/oidc/authorize?{urlencode(handle)}")).response
            code = region.shop.read_answer(response.headers["location"], attempt)["code"]
            mine.nonce = prover.nonce
            status, error = said(await mine.post(trade(code, attempt, mine)))
            assert (status, error) == ((200, "") if mine is prover else (400, "invalid_grant"))
        answer, _ = await push(dpop_jkt=OTHER.thumbprint())
        assert said(answer) == (400, "invalid_request"), "another key than was shown"
        answer, _ = await push(dpop_jkt=prover.jkt)
        assert answer.status_code == 201
        answer, _ = await push(request="x.y.z")
        assert said(answer) == (400, "invalid_request")
