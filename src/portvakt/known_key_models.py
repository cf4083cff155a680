"""What is known of models of keys, by the files that the settings name. Nothing is fetched."""

from datetime import datetime
from pathlib import Path

from portvakt.crypto.key_metadata import KeyMetadata, read_files
from portvakt.settings import Settings


def key_metadata(settings: Settings, now: datetime) -> KeyMetadata | None:
    """Read the metadata; None where the settings name none. Raises `BadMetadataError`."""
    ours = settings.passkeys
    if not ours.metadata:
        return None
    return read_files(Path(ours.metadata), Path(ours.metadata_root), ours.metadata_signer, now)
