"""What settings may say of the audit trail."""

from pathlib import Path

from tests.settings.test_settings import LEAST, errors, settings, warnings


def test_events_are_kept_two_years_and_what_they_tell_of_people_one(tmp_path: Path) -> None:
    ours = settings(tmp_path).audit
    assert (ours.head_file, ours.keep_days, ours.personal_days) == (None, 730, 365)


def test_what_is_personal_is_not_kept_longer_than_the_event(tmp_path: Path) -> None:
    text = LEAST + "[audit]\nkeep_days = 100\n"
    assert "is longer than keep_days" in " ".join(errors(tmp_path, text))
    assert not errors(tmp_path, text + "personal_days = 100\n")


def test_heads_go_to_a_folder_that_is_there(tmp_path: Path) -> None:
    text = LEAST + '[audit]\nhead_file = "{}/heads.jsonl"\n'
    assert not errors(tmp_path, text.format(tmp_path))
    assert "folder that does not exist" in " ".join(errors(tmp_path, text.format("/no/such")))


def test_a_log_without_heads_is_warned_of_where_they_go_nowhere_else(tmp_path: Path) -> None:
    text = LEAST + '[log]\nlevel = "warning"\n'
    assert "head of the audit trail" in " ".join(warnings(tmp_path, text))
    with_file = text + f'[audit]\nhead_file = "{tmp_path}/heads.jsonl"\n'
    assert "head of the audit trail" not in " ".join(warnings(tmp_path, with_file))
