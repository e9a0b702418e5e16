"""A committed batch as the publisher of the same process takes it, without a look at the log."""

from collections.abc import Sequence

import msgspec

from classpulse.events import Batch, Event
from classpulse.project.batch import Cursor, Outcome
from classpulse.project.event_row import Numbered

_decode_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def handed_over(session: int, cursor: Cursor, outcome: Outcome) -> Batch:
    """The batch that just moved ``cursor``.

    Proof of life must come by the log, or it would prove nothing about the connection that reads
    it: a batch with a canary is handed over without events.
    """
    events = _events(outcome.rows)
    if any(event.type == "_canary" for event in events):
        events = []
    return Batch(
        session,
        cursor.epoch,
        cursor.position - outcome.written,
        outcome.as_of_time,
        events,
    )


def _events(rows: Sequence[Numbered]) -> list[Event]:
    return [
        Event(
            position=position,
            at=at,
            type=type_,
            event=event,
            school_id=school,
            section_ids=_numbers(sections),
            student_id=student,
            subject_id=subject,
            educator_id=educator,
            payload=payload,
            parts=None if parts is None else _decode_parts(parts),
            former_student_id=former_student,
            former_subject_id=former_subject,
            former_section_ids=_numbers(former_sections or "{}"),
        )
        for (
            position,
            at,
            type_,
            event,
            school,
            sections,
            student,
            subject,
            educator,
            payload,
            parts,
            former_student,
            former_subject,
            former_sections,
        ) in rows
    ]


def _numbers(array: str) -> tuple[int, ...]:
    """Of Postgres's own notation."""
    inner = array[1:-1]
    return tuple(map(int, inner.split(","))) if inner else ()
