"""Words and letters that come too late, or from where nobody is to be heard: found by living thousands of worlds."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core.errors import NotAllowed, StaleLease
from daemon.core.model import Kind
from tests.core.line import A_MINUTE, BOT, PUMP, Line


@pytest.fixture
def line() -> Line:
    return Line()


def test_who_comes_late_may_not_begin_to_show_what_is_shown_already(line: Line) -> None:
    web, ada = line.agent("web"), line.telegram()
    line.notify(web, ada.peer)
    (parcel,) = line.shown(ada)

    with pytest.raises(StaleLease):
        line.do(c.ExtendDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, ttl=A_MINUTE))


def test_what_was_under_way_to_a_peer_that_is_forgotten_is_cancelled_when_it_comes_back(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    message = line.notify(web, api)
    parcel = line.lease(api)
    assert parcel is not None
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    line.do(c.ForgetPeer(peer_id=api.peer_id))

    line.do(c.NakDelivery(delivery_id=parcel.delivery.delivery_id, holder=PUMP, reason="no road"))

    assert line.delivery(message, api).state == "cancelled"
    assert line.delivery(message, api).reason == "the recipient was forgotten"


def test_nothing_overtakes_what_was_given_to_the_session_before_and_is_still_looked_for(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    first = line.notify(web, api)
    parcel = line.lease(api)
    assert parcel is not None
    line.notify(web, api, "and another thing")
    line.agent("api", pid=line.session(api).pid, session_id="s-next")  # cleared while it was carried
    line.do(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder=PUMP, proof_within=A_MINUTE))

    assert line.hand_out(api) == ()
    line.do(c.MissDelivery(delivery_id=parcel.delivery.delivery_id, reason="no sign of it"))
    assert line.hand_out(api)[0].envelope.envelope_id == first


def test_a_conversation_with_circles_of_its_own_is_told_nothing_from_others(line: Line) -> None:
    web, ops, ben = (
        line.agent("web", "dev"),
        line.agent("ops", "default"),
        line.telegram("ben", "8", owner=False),
    )

    line.notify(ops, ben.peer)
    with pytest.raises(NotAllowed, match='is told nothing from circle "dev"'):
        line.notify(web, ben.peer)
    with pytest.raises(NotAllowed, match='is told nothing from circle "dev"'):
        line.do(c.SendNotice(sender=web.peer_id, to=(ben.peer.name,), text="psst"))


def test_everybody_human_is_everybody_who_may_be_told(line: Line) -> None:
    line.telegram()
    ben, web = line.telegram("ben", "8", owner=False), line.agent("web", "dev")

    sent = line.do(c.SendNotice(sender=web.peer_id, to=("role:human",), text="done"))

    assert ben.peer.peer_id not in sent.envelope.to
    assert len(sent.envelope.to) == 1


def test_who_asked_from_another_circle_still_gets_the_answer(line: Line) -> None:
    ops, ben = line.agent("ops", "default"), line.telegram("ben", "8", owner=False)
    heard = line.say(ben, "@ops how far?")
    line.do(c.MovePeer(peer_id=ops.peer_id, circle="dev"))

    line.answer(line.asked(heard.ask_id or ""), ops, "done")

    assert [x.envelope.body for x in line.shown(ben) if x.envelope.kind is Kind.ANSWER] == ["done"]
