"""What settings say of text gateways, beyond what each adapter's own tests ask of it."""

import re
from pathlib import Path

from tests.conformance.operators_page import PAGE
from tests.settings.test_settings import HTTP_FORM, LEAST, errors, settings


def test_the_blocks_of_the_operators_page_are_one_file_that_loads(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    blocks = "".join(each for each in found if each.startswith("[[sms]]"))
    loaded = settings(tmp_path, LEAST + blocks)
    assert [each.name for each in loaded.sms] == ["46elks", "twilio", "json", "kannel", "operator"]


def test_a_secret_of_receipts_is_never_a_value_and_is_not_repeated(tmp_path: Path) -> None:
    receipt = """receipt_field = "id"
[sms.receipt]
id = "id"
state = "state"
delivered = ["1"]
failed = ["2"]
proof = "query"
key = "key"
secret = "hemligt-hemligt-hemligt"
"""
    (said,) = errors(tmp_path, LEAST + HTTP_FORM + receipt)
    assert "sms[1].receipt.secret: expected a table, got text" in said
    assert "hemligt" not in said


def test_a_key_of_receipts_that_is_misspelt_is_named_by_its_line(tmp_path: Path) -> None:
    receipt = '[sms.receipt]\nid = "id"\nstat = "state"\n'
    said = errors(tmp_path, LEAST + HTTP_FORM + receipt)
    assert any("line 12: sms[1].receipt.stat: unknown key" in each for each in said)
