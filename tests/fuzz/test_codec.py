"""What crosses a boundary whole is whole on the other side; and what is not as it should be is refused by name."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.errors import Malformed
from daemon.core.model import Ask, Attachment, Delivery, Envelope, Parcel
from daemon.wire.codec import decode, encode
from tests.fuzz.values import VALUES, mutated

MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- strategies take naive bounds
st.register_type_strategy(datetime, MOMENTS)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
st.register_type_strategy(str, TEXTS)
PARCELS = st.from_type(Parcel)


@settings(max_examples=150)
@given(PARCELS)
def test_what_is_told_is_what_was_meant(parcel: Parcel) -> None:
    assert decode(Parcel, json.loads(json.dumps(encode(parcel)))) == parcel


@settings(max_examples=100)
@given(PARCELS, st.text(min_size=1), VALUES)
def test_fields_of_a_newer_version_are_passed_over(parcel: Parcel, name: str, value: Any) -> None:
    known = {
        field.name
        for kind in (Parcel, Envelope, Delivery, Ask, Attachment)
        for field in dataclasses.fields(kind)
    }
    if name in known:
        return
    told = json.loads(json.dumps(encode(parcel)))
    for part in (told, told["envelope"], told["delivery"], told["envelope"]["sender"]):
        part[name] = value

    assert decode(Parcel, told) == parcel


SAMPLE = json.loads(json.dumps(encode(
    Parcel(
        delivery=Delivery(
            delivery_id="d-1", envelope_id="a-1", peer_id="p-1", kind="ask", state="queued",
            due_at=datetime(2026, 1, 1, tzinfo=UTC), expires_at=datetime(2026, 1, 2, tzinfo=UTC),
        ),
        envelope=Envelope(
            envelope_id="a-1", kind="ask", to=("p-1", "p-2"), body="x", options=("a", "b"),
            sender={"peer_id": "p-2", "name": "api", "circle": "dev", "role": "agent", "authority": "peer"},
            created_at=datetime(2026, 1, 1, tzinfo=UTC), expires_at=datetime(2026, 1, 2, tzinfo=UTC),
        ),
    )
)))  # fmt: skip


@settings(max_examples=300)
@given(mutated(SAMPLE))
def test_anything_else_is_refused_and_nothing_else_goes_wrong(told: Any) -> None:
    try:
        made = decode(Parcel, told)
    except Malformed:
        return
    assert decode(Parcel, json.loads(json.dumps(encode(made)))) == made


@pytest.mark.parametrize("instead", ["p-1", {"p-1": 1}, None, 1])
def test_a_text_or_an_object_is_no_list(instead: Any) -> None:
    told = {**SAMPLE, "envelope": {**SAMPLE["envelope"], "to": instead}}
    with pytest.raises(Malformed):
        decode(Parcel, told)
