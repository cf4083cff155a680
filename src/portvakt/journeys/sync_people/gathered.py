"""What a directory said, kept until it has said all of it: a source that can be read twice.

The network is asked once, and a reading that breaks off half-way has changed nothing. The people
lie in a file that has no name and is gone with the process; memory holds where managers stand.
"""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import msgspec

from portvakt.core.seen_people import Batch, Field, PersonSeen, RowDoubtful, RowRefused, Seen

_Part = tuple[list[PersonSeen], list[RowRefused], list[RowDoubtful]]
_PREFIX = 4  # bytes of a length


class Gathered:
    """The people of one reading, of `name`. Close it."""

    def __init__(self, name: str, fields: frozenset[Field]) -> None:
        self.name = name
        self._fields = fields
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
        self._places: dict[int, str] = {}
        self._managers: set[str] = set()
        self.persons = 0
        self.size = 0
        self.position = 0

    @property
    def fields(self) -> frozenset[Field]:
        """What the directory knows of people."""
        return self._fields

    def close(self) -> None:
        """Forget it all."""
        self._file.close()

    def clear(self) -> None:
        """Begin anew."""
        self._file.seek(0)
        self._file.truncate()
        self._places.clear()
        self._managers.clear()
        self.persons = self.size = self.position = 0

    def add(self, batch: Batch) -> None:
        """Take in one part. Rows are counted anew, over all parts."""
        if not batch.seen:
            return
        persons: list[PersonSeen] = []
        refused: list[RowRefused] = []
        doubtful: list[RowDoubtful] = []
        for seen in _numbered(batch, self.size):
            match seen:
                case PersonSeen():
                    persons.append(seen)
                    if seen.manager:
                        self._managers.add(seen.manager)
                case RowRefused():
                    refused.append(seen)
                case RowDoubtful():
                    doubtful.append(seen)
        for place, external_id in batch.places.items():
            self._places[hash(place)] = external_id
        part = msgspec.msgpack.encode((persons, refused, doubtful))
        self._file.write(len(part).to_bytes(_PREFIX))
        self._file.write(part)
        self.persons += len(persons)
        self.size = max(
            [self.size, *(each.row for each in persons), *(each.row for each in refused)]
        )

    @property
    def unknown_managers(self) -> set[str]:
        """Where managers stand who are not among the people read."""
        return {place for place in self._managers if hash(place) not in self._places}

    def know(self, places: Mapping[str, str]) -> None:
        """Learn who stands at places besides."""
        for place, external_id in places.items():
            self._places[hash(place)] = external_id

    def names(self, rows: Collection[int]) -> dict[int, str]:
        """Give the user names in some rows, for a report."""
        if not rows:
            return {}
        people = (each for each in self.people() if isinstance(each, PersonSeen))
        return {each.row: each.user_name or each.email for each in people if each.row in rows}

    def people(self) -> Iterator[Seen]:
        """Give everybody again, managers by their id."""
        self.position = 0
        self._file.seek(0)
        places = self._places
        while prefix := self._file.read(_PREFIX):
            part = self._file.read(int.from_bytes(prefix))
            persons, refused, doubtful = msgspec.msgpack.decode(part, type=_Part)
            yield from refused
            yield from doubtful
            for seen in persons:
                self.position = seen.row
                if seen.manager:  # nobody else has this object, and a copy costs more than all else
                    object.__setattr__(seen, "manager", places.get(hash(seen.manager), ""))
                yield seen


def _numbered(batch: Batch, start: int) -> Iterator[Seen]:
    first = batch.seen[0].row
    if first == start + 1:
        yield from batch.seen
        return
    for seen in batch.seen:
        yield replace(seen, row=seen.row - first + start + 1)
