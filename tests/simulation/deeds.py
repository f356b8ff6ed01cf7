"""What agents do of their own accord: take prompts, call tools, ask, answer, stop, begin anew, die."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from daemon.core import commands as c
from daemon.core.model import Approval, Kind, Parcel, Session, Standing, Urgency
from daemon.core.rules.frame import framed
from daemon.core.rules.timetable import Every, Missed, Once
from tests.simulation.agents import Agent, Crowd, Dialog
from tests.simulation.calls import Calls
from tests.simulation.hooks import Hooks
from tests.simulation.scene import Scene

NAMES = ("api", "web", "ops", "lead", "client", "dev/api", "zinc/api", "telegram", "api-2", "nobody")
BEYOND_ALL = 10
Choices = tuple[tuple[float, Callable[[Agent], None]], ...]


class Deeds:
    def __init__(self, scene: Scene, crowd: Crowd, hooks: Hooks, calls: Calls) -> None:
        self.scene = scene
        self.crowd = crowd
        self.hooks = hooks
        self.calls = calls
        self.when_idle: Choices = (
            (0.15, self._is_typed_at),
            (0.5, self._calls),
            (0.52, self._clears),
            (0.53, self._leaves_in_order),
            (0.54, self._is_killed),
            (0.545, self._forks),
        )
        self.when_working: Choices = (
            (0.35, self._begins_call),
            (0.75, self._stops),
            (0.90, self._calls),
            (0.94, self._escapes),
            (0.96, self._compacts),
            (0.98, self._opens_a_dialog),
            (0.99, self._is_killed),
        )

    def acts(self, agent: Agent) -> None:
        if agent.blocked:
            return
        if not agent.alive:
            if self.scene.rng.random() < 0.07:
                self.starts(agent)
        elif agent.dialog:
            self._decides_by_hand(agent)
        elif agent.working:
            self._works(agent)
        else:
            self._idles(agent)

    # --- beginning and ending -----------------------------------------------------------------------------------

    def starts(self, agent: Agent) -> None:
        """In a new process; the same session, or another one that may follow it."""
        resumes = self.scene.rng.random() < 0.4
        agent.pid = 1000 + self.scene.new()
        agent.alive = True
        if not resumes:
            agent.session_id = f"s-{self.scene.new()}"
            self.scene.faults["a name that is used again"] += 1
        self._session_starts(agent, "resume" if resumes else "startup")

    def _session_starts(self, agent: Agent, source: str) -> None:
        self.hooks.fire(agent, "SessionStart", lambda _read, _denied: None, source=source)

    def _clears(self, agent: Agent) -> None:
        if any(each.agent is agent for each in self.hooks.under_way):
            return  # what is heard only now of the session before would take that one for the one that goes on
        before = agent.session_id

        def after(_read: list[Parcel], _denied: bool) -> None:
            agent.session_id = f"s-{self.scene.new()}"
            agent.draft = None
            agent.inbox.clear()  # else it may be read once more in the next session
            self._session_starts(agent, "clear")

        self.hooks.fire(agent, "SessionEnd", after, reason="clear")
        self.scene.tell(f"  {before} is cleared")

    def _leaves(self, agent: Agent, *, told: bool) -> None:
        if told:
            self.hooks.fire(agent, "SessionEnd", lambda _r, _d: None, wait=False, reason="exit")
        self.dies(agent)

    def dies(self, agent: Agent) -> None:
        self.crowd.buried.add(agent.pid)
        agent.dies()
        self.calls.ends_of(agent.pid)

    def _forks(self, agent: Agent) -> None:
        if len(self.crowd.agents) >= BEYOND_ALL:
            return
        fork = Agent(
            self.scene,
            wish=agent.wish,
            circle=agent.circle,
            path=agent.path,
            pid=1000 + self.scene.new(),
            session_id=f"s-{self.scene.new()}",
            has_inbox=agent.has_inbox,
            first_read=agent.first_read,
            wished=agent.wished,
        )
        self.crowd.agents.append(fork)
        self._session_starts(fork, "fork")

    # --- idle ---------------------------------------------------------------------------------------------------

    def _idles(self, agent: Agent) -> None:
        roll = self.scene.rng.random()
        if agent.inbox and (roll < 0.8 or self.scene.calm):
            self.prompted(agent, agent.inbox.pop(0), automatic=not agent.has_inbox)
        elif agent.draft and (roll < 0.3 or self.scene.calm):
            parcel, agent.draft = agent.draft, None
            self.prompted(agent, parcel, automatic=False)
        elif agent.wakes and not agent.waker and not agent.has_inbox:
            self._leaves_a_waker(agent)
        elif self.scene.calm:
            if roll < 0.1:  # whatever is for information only goes with a prompt of somebody else
                self.prompted(agent, None, automatic=False)
        else:
            _chosen(roll, self.when_idle)(agent)

    def _is_typed_at(self, agent: Agent) -> None:
        self.prompted(agent, None, automatic=self.scene.rng.random() < 0.2)

    def _leaves_in_order(self, agent: Agent) -> None:
        self._leaves(agent, told=True)

    def _is_killed(self, agent: Agent) -> None:
        self.scene.went_wrong(
            "an agent that is killed in its turn" if agent.working else "an agent that is killed"
        )
        self._leaves(agent, told=False)

    def _compacts(self, agent: Agent) -> None:
        self._session_starts(agent, "compact")

    def _opens_a_dialog(self, agent: Agent) -> None:
        agent.dialog = Dialog("Other", f"call-{self.scene.new()}")
        self.hooks.fire(
            agent, "Notification", _nothing, notification_type="permission_prompt", message="look"
        )

    def prompted(self, agent: Agent, parcel: Parcel | None, *, automatic: bool) -> None:
        """A prompt is taken: a turn begins."""
        agent.working, agent.prompt_id = True, f"prompt-{self.scene.new()}"
        prompt = "a prompt of its own"
        if parcel:
            agent.reads(parcel)
            prompt = framed(parcel)
        elif automatic:
            prompt = "<task-notification> done"

        def after(read: list[Parcel], _denied: bool) -> None:
            self._read(agent, read)

        self.hooks.fire(agent, "UserPromptSubmit", after, prompt=prompt, prompt_id=agent.prompt_id)

    def _leaves_a_waker(self, agent: Agent) -> None:
        agent.waker = True
        session_id = agent.session_id
        self.calls.tell(c.WakeWaits(session_id=session_id, waits=True))

    # --- working ------------------------------------------------------------------------------------------------

    def _works(self, agent: Agent) -> None:
        _chosen(0.5 if self.scene.calm else self.scene.rng.random(), self.when_working)(agent)

    def _escapes(self, agent: Agent) -> None:
        """No hook tells of it; the registry does."""
        self.scene.tell(f"  {agent.name} is interrupted")
        agent.rests()
        self.watches(agent)

    def watches(self, agent: Agent) -> None:
        house = self.hooks.house
        if house and house.up:
            house.start("registry", house.pump.check_turn(agent.session_id))

    def _begins_call(self, agent: Agent) -> None:
        call = f"make {self.scene.new()}"

        def after(read: list[Parcel], denied: bool) -> None:
            self._read(agent, read)
            if denied:
                self.hooks.fire(agent, "PostToolBatch", _nothing)
            elif self.scene.rng.random() < 0.35:
                self._asks_permission(agent, call)
            else:
                self._ends_call(agent, call)

        self.hooks.fire(agent, "PreToolUse", after, tool_name="Bash", tool_input={"command": call})

    def _ends_call(self, agent: Agent, call: str) -> None:
        def after(read: list[Parcel], _denied: bool) -> None:
            self._read(agent, read)
            self.hooks.fire(agent, "PostToolBatch", _nothing)

        given = {"tool_name": "Bash", "tool_input": {"command": call}}
        side_by_side = self.scene.wrong("hooks side by side", 0.1)
        self.hooks.fire(agent, "PostToolUse", after, wait=not side_by_side, **given)
        if side_by_side:
            self.hooks.fire(agent, "PreToolUse", _nothing, tool_name="Read", tool_input={"file_path": "x"})

    def _asks_permission(self, agent: Agent, call: str) -> None:
        questions = self.scene.rng.random() < 0.25
        tool = "AskUserQuestion" if questions else "Bash"
        given: dict[str, Any] = {"command": call}
        if questions:
            given = {
                "questions": [_question(f"{call} {n}") for n in range(int(self.scene.rng.random() * 2) + 1)]
            }
        dialog = Dialog(tool, call)
        agent.dialog = dialog

        def asked(approval_id: str) -> None:
            self._dialog_known(agent, dialog, approval_id)

        self.hooks.fire(agent, "PermissionRequest", asked, wait=False, tool_name=tool, tool_input=given)

    def _dialog_known(self, agent: Agent, dialog: Dialog, approval_id: str) -> None:
        dialog.approval_id = approval_id
        house = self.hooks.house
        if dialog.approval_id and house and agent.dialog is dialog:
            dialog.hook_waits = True
            house.hooks_waiting.add(dialog.approval_id)

    def takes_verdict(self, agent: Agent, approval: Approval) -> None:
        """The hook that waited prints what was decided."""
        dialog, house = agent.dialog, self.hooks.house
        if dialog is None or house is None or dialog.approval_id != approval.approval_id:
            return
        dialog.hook_waits = False
        house.hooks_waiting.discard(approval.approval_id)
        told = c.TellApproval(approval_id=approval.approval_id, evidence="its hook took the decision")
        house.start("verdict", house.tell(told), lambda done: done and self.decided(agent, approval))

    def decided(self, agent: Agent, approval: Approval) -> None:
        if agent.dialog is None or agent.dialog.approval_id != approval.approval_id:
            return
        dialog, agent.dialog = agent.dialog, None
        if approval.choice != "Deny" and not agent.blocked:
            self._ends_call(agent, dialog.call)

    def loses_hook(self, agent: Agent) -> None:
        dialog, house = agent.dialog, self.hooks.house
        if dialog and dialog.hook_waits and house:
            self.scene.went_wrong("a waiting hook that is gone")
            dialog.hook_waits = False
            house.hooks_waiting.discard(dialog.approval_id)

    def _decides_by_hand(self, agent: Agent) -> None:
        roll = self.scene.rng.random()
        if roll > 0.3 and not self.scene.calm:
            return
        dialog = agent.dialog
        house = self.hooks.house
        if dialog and house:
            house.hooks_waiting.discard(dialog.approval_id)
        agent.dialog = None
        if roll < 0.15 and dialog and dialog.tool == "Bash":
            self._ends_call(agent, dialog.call)
        elif roll < 0.2 and dialog:
            self._ends_call(agent, f"another {self.scene.new()}")
        else:
            self._escapes(agent)

    def _stops(self, agent: Agent) -> None:
        roll = self.scene.rng.random()
        failed = roll < 0.08 and not self.scene.calm
        words = (
            "" if 0.08 <= roll < 0.15 and not self.scene.calm else f"{agent.circle} says {self.scene.new()}"
        )
        prompt_id, continuing = agent.prompt_id, agent.continuing

        def after(read: list[Parcel], _denied: bool) -> None:
            agent.working, agent.continuing = bool(read), bool(read)
            self._read(agent, read)

        self.hooks.fire(
            agent,
            "StopFailure" if failed else "Stop",
            after,
            last_assistant_message=words,
            prompt_id=prompt_id,
            stop_hook_active=continuing,
        )

    # --- what it says to others ---------------------------------------------------------------------------------

    def _calls(self, agent: Agent) -> None:
        session = self.scene.store.get(Session, agent.session_id)
        if session:
            self.calls.makes(agent.pid, session.peer_id, self._saying(agent, session.peer_id))

    def _saying(self, agent: Agent, peer_id: str) -> c.Command:
        return said(self.scene, peer_id, agent.circle, agent.asked)

    def _read(self, agent: Agent, parcels: list[Parcel]) -> None:
        for parcel in parcels:
            agent.reads(parcel)


def said(scene: Scene, peer_id: str, circle: str, asked: list[str]) -> c.Command:
    """Something an agent or a client says."""
    roll, text = scene.rng.random(), f"{circle} {scene.new()}"
    urgency = scene.pick(Urgency.NORMAL, Urgency.NORMAL, Urgency.NORMAL, Urgency.FYI, Urgency.URGENT)
    if roll < 0.35 and asked:
        ask_id = scene.pick(*asked)
        how = scene.pick("", "", text, text, text)
        return c.CloseAsk(ask_id=ask_id, by=peer_id, text=how, decline=scene.rng.random() < 0.2)
    if roll < 0.45 and (own := scene.store.asks(asker=peer_id)):
        return c.CancelAsk(ask_id=own[0].ask_id, by=peer_id)
    if roll < 0.48:
        return c.SendBroadcast(sender=peer_id, text=text)
    to = (scene.pick(*NAMES),)
    if roll < 0.6 or roll > 0.85:
        to = (
            scene.pick("api", "web"),
            scene.pick("lead", "client", "web"),
            scene.pick("web", "api-2", "role:human"),
        )
    if 0.66 <= roll < 0.68:
        return later(scene, peer_id, text)
    if roll < 0.68:
        return c.SendNotice(sender=peer_id, to=to, text=text, urgency=urgency)
    return c.SendAsk(
        sender=peer_id,
        to=to,
        question=text,
        urgency=urgency,
        need=scene.pick("all", "all", "first", "majority"),
        options=scene.pick((), (), ("left", "right")),
        deadline=scene.pick(None, None, timedelta(seconds=20), timedelta(minutes=2), timedelta(hours=1)),
    )


def later(scene: Scene, peer_id: str, text: str) -> c.Command:
    """Something that is to be said at times to come, or one of one's own that is to rest, go on or be run."""
    own = [each for each in scene.store.schedules() if each.owner == peer_id]
    if own and scene.rng.random() < 0.5:
        one = scene.pick(*own).schedule_id
        state = scene.pick(Standing.PAUSED, Standing.ACTIVE, Standing.REMOVED)
        changed = c.ChangeSchedule(schedule_id=one, by=peer_id, state=state)
        return scene.pick(changed, c.RunSchedule(schedule_id=one, by=peer_id))
    soon = scene.now() + timedelta(seconds=30)
    return c.AddSchedule(
        owner=peer_id,
        to=(scene.pick(*NAMES, "me", "role:orchestrator"),),
        text=text,
        rule=scene.pick(Once(soon), Every(timedelta(minutes=1), soon)),
        zone="UTC",
        kind=scene.pick(Kind.ASK, Kind.NOTICE),
        missed=scene.pick(*Missed),
    )


def _chosen(roll: float, choices: Choices) -> Callable[[Agent], None]:
    return next((deed for below, deed in choices if roll < below), lambda _: None)


def _nothing(_read: list[Parcel], _denied: bool) -> None:
    """Nothing is read in it."""


def _question(text: str) -> dict[str, Any]:
    return {
        "question": text,
        "header": "x",
        "options": [{"label": "left"}, {"label": "right"}],
        "multiSelect": False,
    }
