"""What `[guide]` may say."""

from pathlib import Path

import pytest

from tests.settings.test_settings import LEAST, errors, settings


def test_without_the_table_there_is_no_guide(tmp_path: Path) -> None:
    assert settings(tmp_path).guide.folder is None


def test_a_folder_groups_and_what_stands_on_the_title_page_are_what_it_takes(
    tmp_path: Path,
) -> None:
    text = (
        f'{LEAST}[guide]\nfolder = "{tmp_path}/guide"\ngroups = ["alla"]\n'
        'number = "06-1234567"\nversion = "3"\nowner = "IT-support"\n'
    )
    found = settings(tmp_path, text).guide
    assert found.folder == f"{tmp_path}/guide"
    assert found.groups == ("alla",)
    assert (found.number, found.version, found.owner) == ("06-1234567", "3", "IT-support")


def test_a_folder_is_a_whole_path_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "whole path" in errors(tmp_path, f'{LEAST}[guide]\nfolder = "guide"\n')[0]
    assert "not a folder" in errors(tmp_path, f'{LEAST}[guide]\nfolder = "{tmp_path}/file"\n')[0]


@pytest.mark.parametrize("name", ["number", "version", "owner"])
def test_what_stands_on_the_title_page_is_on_one_line(tmp_path: Path, name: str) -> None:
    found = errors(tmp_path, f'{LEAST}[guide]\n{name} = "a\\nb"\n')
    assert len(found) == 1
    assert "one line" in found[0]
    assert "one line" in errors(tmp_path, f'{LEAST}[guide]\n{name} = " "\n')[0]
