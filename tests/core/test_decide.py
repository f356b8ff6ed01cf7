"""One entrance: the same command, view, time and seed give the same decision, and a refusal leaves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from daemon.core import commands as c
from daemon.core.decide import ROOMS
from daemon.core.errors import Malformed, PeerlineError
from daemon.core.model import (
    Approval,
    Ask,
    Authority,
    Delivery,
    Envelope,
    Incoming,
    Person,
    Place,
    Role,
    Rota,
    Standing,
    Turn,
)
from daemon.core.nouns import KEYS
from daemon.core.rules.cleaning import TEXT_LIMIT
from daemon.core.rules.timetable import Every
from daemon.core.view import Plan
from tests.core.line import A_MINUTE, BOT, NOON, PUMP, Chat, Line
from tests.core.test_people import CODE


def permission(session_id: str) -> c.RequestApproval:
    return c.RequestApproval(
        session_id=session_id,
        what="permission",
        tool="Bash",
        shown="may I?",
        digest="d" * 64,
        request='{"command": "ls"}',
        options=("Allow", "Deny"),
    )


def update(number: str) -> Incoming:
    return Incoming(surface="telegram", update_id=number, lane="7", body="{}", came_at=NOON)


class House:
    """Somebody of every kind, and something of every kind between them."""

    def __init__(self) -> None:
        self.line = line = Line()
        self.ada: Chat = line.telegram()
        self.api, self.web, self.client = line.agent("api"), line.agent("web"), line.poller()
        self.gone = line.agent("gone")
        line.do(c.EndSession(session_id=line.session(self.gone).session_id, why="exit"))
        line.do(c.InvitePerson(surface="telegram", code=CODE, ttl=A_MINUTE))
        line.telegram("ben", "8", owner=False)
        said = c.Say(surface="telegram", address="9", account="9", text=CODE)
        line.do(said)
        self.ask = line.ask(self.web, self.api, options=("yes", "no"))
        self.card = line.ask(self.web, self.ada.peer, options=("yes", "no"))
        line.notify(self.web, self.client)
        line.notify(self.web, self.ada.peer)
        line.do(c.KeepIncoming(surface="telegram", updates=(update("1"),)))
        self.shown = line.shown(self.ada)[0].delivery.receipt
        line.say(self.ada, "@gone how far?", receipt="7/1")
        self.parcel = line.lease(self.ada.peer, holder=BOT, shows=True)
        self.session_id = line.session(self.api).session_id
        wanted = permission(line.session(line.agent("build", "site")).session_id)
        self.approval, self.decided = line.do(wanted), line.do(replace(wanted, request='{"command": "make"}'))
        line.tap(self.ada, self.decided, 0)
        self.errand_id = line.say(self.ada, "/diff @api").errand_id or ""
        line.do(c.FreezeCircle(circle="site", by="ada"))
        self._plan()
        line.do(c.TurnWent(session_id=line.session(self.web).session_id))

    def _plan(self) -> None:
        """Something lies ahead, and is due."""
        line = self.line
        rule = Every(A_MINUTE, line.now + A_MINUTE)
        self.later = c.AddSchedule(owner=self.web.peer_id, to=("me",), text="look", rule=rule, zone="UTC")
        self.schedule_id = line.do(self.later).schedule_id
        self.rounds = c.AddCheckin(
            owner=self.web.peer_id,
            name="standup",
            question="well?",
            of=("api",),
            rule=rule,
            zone="UTC",
            report_to="me",
        )
        line.do(self.rounds)
        line.now += A_MINUTE

    @property
    def approval_session(self) -> str:
        approval: Approval = self.line.view.get(Approval, self.approval)
        return approval.session_id

    def commands(self) -> list[c.Command]:
        """One of each that has something to do here."""
        assert self.parcel is not None
        ident, me, session = self.parcel.delivery.delivery_id, self.web.peer_id, self.session_id
        ada = {"surface": "telegram", "address": "7", "account": "7"}
        ben = Person(surface="telegram", account="8", name="Ben", rights=("talk",))
        team = Place(surface="telegram", address="-100", name="team", listed=True)
        return [
            c.RegisterSession(session_id="s", backend="codex", pid=1, started=1, wish="new", circle="dev"),
            c.EndSession(session_id=session, why="exit"),
            c.EndProcess(pid=self.line.session(self.api).pid, started=1),
            c.LosePeer(peer_id=self.api.peer_id, session_id=self.line.session(self.api).session_id, by="ada"),
            c.OpenConversation(
                surface="console", address="r", host="r", wish="console", authority=Authority.OWNER
            ),
            c.Beat(surface="telegram", host="telegram-bot"),
            c.CloseConversation(peer_id=self.ada.peer.peer_id, host="telegram-bot"),
            c.DescribePeer(peer_id=me, description="builds"),
            c.RenamePeer(peer_id=me, name="captain"),
            c.MovePeer(peer_id=me, circle="home"),
            c.ClaimRole(peer_id=me, role=Role.ORCHESTRATOR, by="itself"),
            c.ChoosePersona(peer_id=me, name="calm", text="be calm", by="itself"),
            c.ForgetPeer(peer_id=self.gone.peer_id),
            c.ForgetThreads(),
            c.SendAsk(sender=me, to=("api", "telegram"), question="well?", need="first"),
            c.SendNotice(sender=me, to=("role:agent",), text="hello"),
            c.SendBroadcast(sender=me, text="hello"),
            c.CloseAsk(ask_id=self.ask.ask_id, by=self.api.peer_id, text="done"),
            c.CancelAsk(ask_id=self.ask.ask_id, by=me),
            c.AwaitAsk(ask_id=self.ask.ask_id, by=me, wait=A_MINUTE),
            c.LeaveAsk(ask_id=self.ask.ask_id, by=me, until=self.line.now),
            c.TellLoop(peer_id=me),
            c.Collect(peer_id=self.client.peer_id, call_id="call-1"),
            c.ConfirmCall(peer_id=self.client.peer_id, call_id="call-1"),
            c.Say(**ada, text="@api how far?"),
            c.Tap(**ada, ask_id=self.card.ask_id, option=0),
            c.Edit(**ada, receipt="7/1", text="@gone how far now?"),
            c.Unsay(**ada, receipt="7/1"),
            c.React(**ada, receipt=self.shown, sign="👍"),
            c.ChangePlace(surface="telegram", address="7", closed="we were blocked there"),
            c.ConfigurePlaces(surface="telegram", places=(team,)),
            c.KeepIncoming(surface="telegram", updates=(update("2"),)),
            c.FinishIncoming(surface="telegram", update_ids=("1",)),
            c.InvitePerson(surface="telegram", code=CODE, ttl=A_MINUTE),
            c.ConfigurePeople(surface="telegram", people=(ben,)),
            c.ChangeRight(surface="telegram", account="9", right="approve", granted=True),
            c.RemovePerson(surface="telegram", account="9"),
            c.LeaseNext(peer_ids=(self.api.peer_id,), holder=PUMP, ttl=A_MINUTE),
            c.AckDelivery(delivery_id=ident, holder=BOT, receipt="r-1", proven="shown"),
            c.PartDelivery(delivery_id=ident, holder=BOT, receipt="r-0"),
            c.NakDelivery(delivery_id=ident, holder=BOT, reason="429"),
            c.HoldDelivery(delivery_id=ident, holder=BOT, reason="quiet hours"),
            c.RejectDelivery(delivery_id=ident, holder=BOT, reason="gone"),
            c.DoubtDelivery(delivery_id=ident, holder=BOT, reason="cut"),
            c.ExtendDelivery(delivery_id=ident, holder=BOT, ttl=A_MINUTE),
            c.SeeDelivery(delivery_id=ident, evidence="a reaction"),
            c.TurnBegan(session_id=session, prompt_id="prompt-1"),
            c.WakeWaits(session_id=session, waits=True),
            c.OpenChannel(session_id=session),
            c.NudgeSession(session_id=session),
            c.CloseInbox(session_id=session, inbox="/inbox"),
            c.TurnWent(session_id=session),
            c.TurnWaits(session_id=session),
            c.TurnEnded(session_id=session, text="done"),
            c.TurnObserved(session_id=session, turn=Turn.WORKING, source="registry"),
            c.HitLimit(session_id=session, how="wall", said="4am"),
            c.HandOut(session_id=session, limit=9_500),
            c.FinishErrand(errand_id=self.errand_id, text="1 file changed", choices=("a.py", "patch")),
            c.BeginCall(session_id=self.approval_session, limit=9_500),
            c.StopTurn(peer_id=me, by="ada"),
            permission(session),
            c.CloseApprovals(session_id=self.approval_session),
            c.TellApproval(approval_id=self.decided, evidence="its hook took it"),
            c.FailApproval(approval_id=self.decided, reason="no pane"),
            c.FreezeCircle(circle="dev", by="ada"),
            c.ThawCircle(circle="site", by="ada"),
            c.Lock(by="ada"),
            self.later,
            c.ChangeSchedule(schedule_id=self.schedule_id, by=me, state=Standing.PAUSED),
            c.RunSchedule(schedule_id=self.schedule_id, by=me),
            replace(self.rounds, name="again"),
            c.RunCheckin(name="standup", by=me),
            c.RemoveCheckin(name="standup", by=me),
            c.FireSchedules(),
            c.ConfigureWork(rota=Rota(per_circle=1)),
            c.AddJob(owner=me, title="tidy up", to="api"),
            c.WantSpawn(
                by=me,
                backend="codex",
                path="/src/app",
                folder="1:2",
                wish="app",
                message="hello",
                live=8,
                per_minute=4,
                depth=2,
            ),
            c.ConfigureAttention(),
            c.WishAttention(by=me, person="@owner", pushes="6"),
            c.TellDigest(person="@owner"),
            c.Tick(),
            c.StepClock(by=timedelta(hours=1)),
            c.Recover(holder_prefix=BOT),
        ]


NEED_A_STATE = {
    c.BriefSession,
    c.MissDelivery,
    c.ReplayDelivery,
    c.LoseMessage,
    c.Unlock,
    *(c.ChangeSchedule, c.RunSchedule, c.FireSchedules),
    *(c.BeginSpawn, c.LingerSpawn, c.EndSpawn),
    *(c.RequestReview, c.MarkReviewed, c.SeeHeads),
    *(c.UpdateJob, c.CancelJob, c.RetryJob, c.BeginJobs, c.GiveJob, c.FailJob, c.JudgeClaims),
    *(c.LoseStart, c.Restart, c.Adopt),
}  # tried in tests of their own
TRIED = [type(command) for command in House().commands()]


def test_every_command_has_its_room_and_every_room_is_tried_here() -> None:
    assert set(ROOMS) == set(get_args(c.Command))
    assert {*TRIED, *NEED_A_STATE} == set(ROOMS)


@pytest.mark.parametrize("kind", TRIED)
def test_the_same_command_view_time_and_seed_give_the_same_decision(kind: type) -> None:
    once, again = House(), House()
    command = once.commands()[TRIED.index(kind)]
    assert command == again.commands()[TRIED.index(kind)]

    decision = once.line.decide(command, "seed")

    assert decision == once.line.decide(command, "seed") == again.line.decide(command, "seed")


@pytest.mark.parametrize("kind", TRIED)
def test_deciding_writes_nothing(kind: type) -> None:
    house = House()
    before = house.line.rows()

    house.line.decide(house.commands()[TRIED.index(kind)])

    assert house.line.rows() == before


@pytest.mark.parametrize("kind", TRIED)
def test_what_is_decided_is_what_is_read_afterwards(kind: type) -> None:
    house = House()
    decision = house.line.decide(house.commands()[TRIED.index(kind)])

    house.line.put(*decision.puts)

    for noun in decision.puts:
        key = [getattr(noun, name) for name in KEYS[type(noun)]]
        assert house.line.view.get(type(noun), *key) == noun


@pytest.mark.parametrize("kind", TRIED)
def test_each_noun_is_written_once_in_one_decision(kind: type) -> None:
    decision = House().line.decide(House().commands()[TRIED.index(kind)])

    keys = [(type(noun), *(getattr(noun, name) for name in KEYS[type(noun)])) for noun in decision.puts]

    assert len(keys) == len(set(keys))


def test_another_seed_gives_other_ids_and_marks() -> None:
    house = House()
    [ask] = [x for x in house.commands() if isinstance(x, c.SendAsk)]
    [lease] = [x for x in house.commands() if isinstance(x, c.LeaseNext)]

    def new(command: c.Command, seed: str) -> set[str]:
        puts = house.line.decide(command, seed).puts
        return {
            *(x.envelope_id for x in puts if isinstance(x, Envelope)),
            *(x.mark for x in puts if isinstance(x, Delivery) and x.mark),
            *(x.delivery_id for x in puts if isinstance(x, Delivery) and not x.mark),
        }

    for command in (ask, lease):
        assert new(command, "one")
        assert not new(command, "one") & new(command, "two")


def test_ids_are_of_one_shape_and_never_drawn_twice() -> None:
    plan = Plan(Line().view, NOON, "seed")
    drawn = [plan.new_id("a") for _ in range(1000)]

    assert len(set(drawn)) == 1000
    assert all(len(x) == 12 and x.startswith("a-") and x == x.lower() for x in drawn)
    assert not set("".join(x[2:] for x in drawn)) & set("ilou")


def test_a_plan_reads_what_it_has_put_itself() -> None:
    house = House()
    plan = house.line.plan()

    plan.put(replace(house.ask, question="changed"))
    plan.put(replace(house.api, name="renamed"))

    asked = plan.ask(house.ask.ask_id)
    assert asked is not None
    assert asked.question == "changed"
    assert "renamed" in {peer.name for peer in plan.peers()}
    assert "api" not in {peer.name for peer in plan.peers()}
    assert house.line.asked(house.ask).question == "how far?"


def refusals(house: House) -> list[c.Command]:
    me = house.web.peer_id
    return [
        c.SendAsk(sender=me, to=("nobody",), question="?"),
        c.SendAsk(sender=me, to=("api",), question=" "),
        c.SendAsk(sender=me, to=("web",), question="me?"),
        c.SendAsk(sender=me, to=("api",), question="?", options=("same", "same")),
        c.SendAsk(sender=me, to=("api",), question="?", options=tuple(map(str, range(11)))),
        c.SendAsk(sender=me, to=("api",), question="?", need="5"),
        c.SendAsk(sender="p-nobody", to=("api",), question="?"),
        c.SendNotice(sender=me, to=("api",), text="\x1b"),
        c.CloseAsk(ask_id=house.ask.ask_id, by=me + "x"),
        c.CancelAsk(ask_id=house.ask.ask_id, by=house.api.peer_id),
        c.RenamePeer(peer_id=me, name="api"),
        c.AckDelivery(delivery_id="d-nothing", holder=BOT),
    ]


@pytest.mark.parametrize("n", range(len(refusals(House()))))
def test_a_refused_command_leaves_nothing_and_says_what_to_do(n: int) -> None:
    house = House()
    before = house.line.rows()

    with pytest.raises(PeerlineError) as refused:
        house.line.do(refusals(house)[n])

    assert house.line.rows() == before
    assert str(refused.value)
    assert refused.value.exit_code == 2


ADA = {"surface": "telegram", "address": "7", "account": "7"}


@pytest.mark.parametrize("what", ["words", "a tap"])
def test_what_a_person_is_refused_leaves_nothing_but_the_reply(what: str) -> None:
    house = House()
    done = {
        "words": c.Say(**ADA, text="@api " + "x" * (TEXT_LIMIT + 1)),
        "a tap": c.Tap(**ADA, ask_id=house.ask.ask_id, option=0),
    }

    decision = house.line.decide(done[what])

    assert {type(noun) for noun in decision.puts} == {Envelope, Delivery}
    assert len(decision.puts) == 2
    assert not [noun for noun in decision.puts if isinstance(noun, Ask)]


def test_a_fault_is_not_told_as_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    said = c.Say(surface="telegram", address="7", account="7", text="/peers")

    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(ROOMS, c.Say, broken)  # type: ignore[index]

    with pytest.raises(ZeroDivisionError):
        house.line.decide(said)
    with pytest.raises(Malformed):
        house.line.do(c.SendNotice(sender=house.web.peer_id, to=("api",), text=""))
