"""What each hook of the real Claude Code means, from payloads it really sent, and what it is answered."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.agents import claude_code, claude_requests, practice, requests
from daemon.agents.claude_code import DENIAL_LIMIT
from daemon.agents.interface import Surroundings
from daemon.agents.speech import HAND_OUT_LIMIT
from daemon.core import commands as c
from daemon.core.errors import Malformed
from daemon.core.model import Denial, Pane, Question, Turn
from daemon.core.rules.frame import framed
from tests.transports.parcels import parcel

RECORDED = Path(__file__).parent / "recorded/claude_code"
SESSION = "cc980d60-9ea0-4abe-b88b-812a8888045a"
PROMPT = "b53762b6-bfc9-4011-a436-f9faa2e1ea1c"
PANE = Pane(tmux="/s", server_pid=2, pane_id="%7", pane_pid=3, pane_started=4, server_started=5)
AROUND = Surroundings(
    pid=42,
    started=43,
    machine="box",
    circle="dev",
    repo="/home/ada/project/.git",
    branch="main",
    config_dir="/home/ada/.claude",
    pane=PANE,
    inbox="/tmp/cc-socks/42.sock",  # noqa: S108 -- the agent's own place
)
REGISTERED = c.RegisterSession(
    session_id=SESSION,
    backend="claude-code",
    pid=42,
    started=43,
    wish="project",
    circle="dev",
    path="/home/ada/project",
    repo="/home/ada/project/.git",
    branch="main",
    machine="box",
    config_dir="/home/ada/.claude",
    transcript=f"/home/ada/.claude/projects/-home-ada-project/{SESSION}.jsonl",
    pane=PANE,
    inbox="/tmp/cc-socks/42.sock",  # noqa: S108
    amid=True,
)
BETWEEN = c.HandOut(session_id=SESSION, limit=HAND_OUT_LIMIT, between=True)
TOUCH = {"command": "touch notes.txt && rm notes.txt", "description": "Touch a file"}
PLAN = {
    "plan": "# Plan\n1. Do this\n2. Do that",
    "planFilePath": "/home/ada/.claude/plans/go-p0-functional-rivest.md",
}
RULES = [
    {
        "type": "addRules",
        "rules": [
            {"toolName": "Bash", "ruleContent": "touch notes.txt"},
            {"toolName": "Bash", "ruleContent": "rm notes.txt"},
        ],
        "behavior": "allow",
        "destination": "session",
    }
]


def allowed(tool: str, given: dict[str, Any]) -> c.CloseApprovals:
    return c.CloseApprovals(
        session_id=SESSION,
        tool=tool,
        request=requests.request(given),
        outcome="allowed at the agent itself",
        allowed=True,
    )


def asks(tool: str, given: dict[str, Any], shown: str, **more: Any) -> c.RequestApproval:
    return c.RequestApproval(
        session_id=SESSION,
        what=claude_requests.kind_of(tool),
        tool=tool,
        shown=shown,
        digest=requests.digest(SESSION, "/home/ada/project", tool, given),
        request=requests.request(given),
        **more,
    )


COLORS = {
    "questions": [
        {
            "question": "Which color?",
            "header": "Color",
            "options": [{"label": "Red", "description": "r"}, {"label": "Blue", "description": "b"}],
            "multiSelect": False,
        }
    ]
}
MEANINGS: dict[str, tuple[c.Command, ...]] = {
    "SessionStart": (
        replace(REGISTERED, turn=Turn.IDLE, turn_source="hook", briefs=True, amid=False),
        c.BriefSession(session_id=SESSION, limit=9_500),
    ),
    "UserPromptSubmit": (
        REGISTERED,
        c.TurnBegan(session_id=SESSION, prompt_id=PROMPT),
        c.HandOut(session_id=SESSION, limit=HAND_OUT_LIMIT, passing=True),
    ),
    "PreToolUse": (
        REGISTERED,
        c.TurnWent(session_id=SESSION, doing="Bash: touch notes.txt && rm notes.txt"),
        c.BeginCall(session_id=SESSION, limit=DENIAL_LIMIT),
    ),
    "PermissionRequest": (
        REGISTERED,
        asks(
            "Bash",
            TOUCH,
            "wants to use **Bash** in `/home/ada/project`\n\n"
            "```bash\ntouch notes.txt && rm notes.txt\n```\n\n"
            "> Touch a file\n\n"
            "*Allow, and don't ask again* lets through, for this session: "
            "`Bash(touch notes.txt)`, `Bash(rm notes.txt)`",
            options=("Allow", "Allow, and don't ask again", "Deny"),
            grants=json.dumps(RULES),
        ),
    ),
    "PermissionRequest-question": (
        REGISTERED,
        asks(
            "AskUserQuestion",
            COLORS,
            "**Which color?**\n\n1. Red: r\n2. Blue: b",
            options=("Allow", "Deny"),
            questions=(
                Question(
                    text="Which color?",
                    shown="**Which color?**\n\n1. Red: r\n2. Blue: b",
                    options=("Red", "Blue"),
                ),
            ),
        ),
    ),
    "PermissionRequest-plan": (
        REGISTERED,
        asks(
            "ExitPlanMode",
            PLAN,
            "made a plan:\n\n# Plan\n1. Do this\n2. Do that",
            options=("Approve", "Approve, and accept edits", "Keep planning"),
        ),
    ),
    "PermissionRequest-subagent": (
        asks(
            "Bash",
            {"command": "touch inA", "description": "x"},
            "a subagent (general-purpose) wants to use **Bash** in `/home/ada/project`\n\n"
            "```bash\ntouch inA\n```\n\n> x",
            options=("Allow", "Deny"),
            subagent="a76c4bd8223af9592",
            hidden=True,
        ),
    ),
    "Notification": (REGISTERED, c.TurnWaits(session_id=SESSION, what="Claude needs your permission")),
    "PostToolUse": (REGISTERED, c.TurnWent(session_id=SESSION), allowed("Bash", TOUCH), BETWEEN),
    "PostToolUseFailure": (
        REGISTERED,
        c.TurnWent(session_id=SESSION),
        allowed("Bash", {"command": "echo oops; exit 1", "description": "x"}),
        BETWEEN,
    ),
    "PostToolBatch": (REGISTERED, c.TurnWent(session_id=SESSION, batch_over=True)),
    "Stop": (
        REGISTERED,
        c.TurnEnded(session_id=SESSION, text="stub: (Bash completed with no output)", prompt_id=PROMPT),
        c.HandOut(session_id=SESSION, limit=HAND_OUT_LIMIT, prompt_id=PROMPT),
    ),
    "StopFailure": (
        REGISTERED,
        c.TurnEnded(
            session_id=SESSION,
            text="API Error: 400 the script says so",
            prompt_id="8c25c119-5dcd-4d7f-99e4-7fe46cc0f040",
            failed=True,
        ),
    ),
    "SessionEnd": (c.EndSession(session_id=SESSION, why="prompt_input_exit"),),
}
OF_THE_AGENT = sorted({*MEANINGS} - {"PermissionRequest-subagent"})


def recorded(hook: str, /, **changed: object) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((RECORDED / f"{hook}.json").read_text())["payload"]
    return payload | changed


def meant(name: str, around: Surroundings = AROUND, **changed: object) -> tuple[c.Command, ...]:
    return tuple(claude_code.commands(name.partition("-")[0], recorded(name, **changed), around))


def of(kind: type, commands: tuple[c.Command, ...]) -> Any:
    (found,) = (each for each in commands if isinstance(each, kind))
    return found


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_a_hook_means_what_it_says(name: str) -> None:
    payload = recorded(name)
    expected = tuple(_in(each, payload["session_id"], payload["transcript_path"]) for each in MEANINGS[name])

    assert meant(name) == expected


def _in(command: c.Command, session_id: str, transcript: str) -> c.Command:
    """The same in the session that was recorded."""
    if isinstance(command, c.RegisterSession):
        command = replace(command, transcript=transcript)
    return replace(command, session_id=session_id)


def test_every_recorded_hook_is_tried() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} == {*MEANINGS}


# --- turns ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompt",
    [
        framed(parcel()),
        f'<pasted_content id="33c7">\n{framed(parcel())}\n</pasted_content id="33c7">',
        f"Another Claude session sent a message:\n{framed(parcel())}\n\nThis came from another Claude session",
        f"{framed(parcel())}\n\n{framed(parcel())}",
    ],
)
def test_the_mark_of_a_message_is_found_in_whatever_the_prompt_wraps_it(prompt: str) -> None:
    assert of(c.TurnBegan, meant("UserPromptSubmit", prompt=prompt)).marks == ("8H2KQ0TZ",)


def test_of_several_messages_in_a_prompt_each_mark_is_found_in_order() -> None:
    prompt = f"{framed(parcel(mark='0000000B'))}\n{framed(parcel(mark='0000000A'))}"

    assert of(c.TurnBegan, meant("UserPromptSubmit", prompt=prompt)).marks == ("0000000B", "0000000A")


@pytest.mark.parametrize(
    "prompt", ["", "hello", framed(parcel())[:-1], "[end #8H2KQ0T]", "[end #8h2kq0tz]", None, 7]
)
def test_a_prompt_without_a_whole_frame_has_no_mark(prompt: object) -> None:
    assert of(c.TurnBegan, meant("UserPromptSubmit", prompt=prompt)).marks == ()


@pytest.mark.parametrize("kind", ["idle_prompt", "auth_success", "", None])
def test_only_a_dialog_makes_a_turn_wait(kind: object) -> None:
    assert len(meant("Notification", notification_type=kind)) == 1


def test_a_turn_that_went_on_after_a_hand_out_says_so() -> None:
    assert not of(c.TurnEnded, meant("Stop")).continuing
    assert of(c.TurnEnded, meant("Stop", stop_hook_active=True)).continuing


def test_old_words_are_not_the_words_of_a_turn_that_said_nothing() -> None:
    assert of(c.TurnEnded, meant("Stop", replace(AROUND, spoke=False))).text == ""


def test_after_a_failed_turn_nothing_is_handed_out() -> None:
    assert not any(isinstance(each, c.HandOut) for each in meant("StopFailure"))


# --- sessions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "turn", "forked"),
    [
        ("startup", Turn.IDLE, False),
        ("resume", Turn.IDLE, False),
        ("clear", Turn.IDLE, False),
        ("compact", Turn.WORKING, False),  # in the middle of a turn
        ("fork", Turn.IDLE, True),
    ],
)
def test_how_a_session_started_tells_its_turn_and_whose_it_is(source: str, turn: Turn, forked: bool) -> None:
    registered = of(c.RegisterSession, meant("SessionStart", source=source))

    assert (registered.turn, registered.forked, registered.turn_source) == (turn, forked, "hook")


def test_only_a_start_tells_of_a_fork_or_a_turn() -> None:
    registered = of(c.RegisterSession, meant("PreToolUse", source="fork"))

    assert (registered.turn, registered.forked, registered.turn_source) == (Turn.UNKNOWN, False, "")


@pytest.mark.parametrize("name", OF_THE_AGENT)
def test_a_subagent_is_nobody_but_brakes_hold_for_it_and_it_may_ask(name: str) -> None:
    told = meant(name, agent_id="a1b2c3", agent_type="general-purpose")

    kept = [each for each in MEANINGS[name] if isinstance(each, c.CloseApprovals | c.RequestApproval)]
    expected = [type(each) for each in kept]
    expected += [c.BeginCall] if name == "PreToolUse" else []
    expected += [c.CloseApprovals] if name == "PostToolBatch" else []
    assert [type(each) for each in told] == expected


def test_a_subagents_calls_are_stopped_but_it_is_given_nothing_to_read() -> None:
    assert of(c.BeginCall, meant("PreToolUse", agent_id="a1b2c3")).limit == 0


def test_what_a_subagent_asked_is_decided_once_its_calls_are_done() -> None:
    closed = of(c.CloseApprovals, meant("PostToolBatch", agent_id="a1b2c3"))

    assert (closed.subagent, closed.tool, closed.request) == ("a1b2c3", "", "")


@pytest.mark.parametrize("name", [each for each in MEANINGS if each.startswith("PermissionRequest")])
def test_a_run_for_one_prompt_asks_nobody(name: str) -> None:
    told = meant(name, replace(AROUND, lasting=False))

    assert not [each for each in told if isinstance(each, c.RequestApproval)]


def test_a_request_that_lay_in_the_spool_is_asked_while_its_dialog_is_open() -> None:
    replayed = replace(AROUND, live=False)

    assert not [x for x in meant("PermissionRequest", replayed) if isinstance(x, c.RequestApproval)]
    waiting = meant("PermissionRequest", replace(replayed, turn=Turn.AWAITING_INPUT))
    assert of(c.RequestApproval, waiting) == MEANINGS["PermissionRequest"][-1]


def test_a_question_in_no_form_we_know_is_left_to_the_agents_own_dialog() -> None:
    odd: list[Any] = [
        {},
        {"questions": []},
        {"questions": "Which?"},
        {"questions": [{"question": 7}]},
        [],
        None,
    ]
    for given in odd:
        told = meant("PermissionRequest-question", tool_input=given)
        assert [type(each) for each in told] == [c.RegisterSession]


@pytest.mark.parametrize("tool", ["AskUserQuestion", "ExitPlanMode"])
def test_what_is_asked_in_a_call_is_decided_when_the_call_is_made_whatever_was_added_to_it(tool: str) -> None:
    assert of(c.CloseApprovals, meant("PostToolUse", tool_name=tool)).request == ""


def test_a_turn_that_a_message_woke_was_wanted_and_one_of_something_in_the_background_was_not() -> None:
    woken = "<task-notification>\n<summary>Stop hook feedback</summary>\n"

    assert of(c.TurnBegan, meant("UserPromptSubmit", prompt=f"{woken}all done")).automatic
    assert not of(c.TurnBegan, meant("UserPromptSubmit", prompt=f"{woken}{framed(parcel())}")).automatic
    assert not of(c.TurnBegan, meant("UserPromptSubmit", prompt="see <task-notification>")).automatic


@pytest.mark.parametrize("name", sorted(MEANINGS))
@pytest.mark.parametrize("session_id", ["", None, 7, ["x"]])
def test_without_a_session_id_a_hook_is_malformed(name: str, session_id: object) -> None:
    with pytest.raises(Malformed, match="has no session_id"):
        meant(name, session_id=session_id)


def test_the_wish_is_the_environments_or_the_projects_name() -> None:
    def wish(around: Surroundings, cwd: str = "/home/ada/project") -> str:
        return str(of(c.RegisterSession, meant("SessionStart", around, cwd=cwd)).wish)

    project = replace(AROUND, environment={"CLAUDE_PROJECT_DIR": "/home/ada/shop"})
    assert wish(AROUND) == "project"
    assert wish(project, "/home/ada/shop/api/v2") == "shop"
    assert wish(replace(project, wish="backend")) == "backend"
    assert wish(AROUND, "/") == "claude-code"


def test_a_session_that_ends_registers_nobody_again() -> None:
    assert [type(each) for each in meant("SessionEnd", reason="other")] == [c.EndSession]
    assert of(c.EndSession, meant("SessionEnd", reason=None)).why == "ended"


@pytest.mark.parametrize("event", ["PreCompact", "SubagentStop", "TaskCreated", "", "Stop "])
def test_an_event_that_means_nothing_to_us_only_shows_that_somebody_is_there(event: str) -> None:
    assert [type(each) for each in claude_code.commands(event, recorded("Stop"), AROUND)] == [
        c.RegisterSession
    ]


# --- what lay in the spool --------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_what_nobody_waits_for_any_more_hands_out_nothing_and_means_the_same(name: str) -> None:
    replayed = meant(name, replace(AROUND, live=False))

    answered = c.HandOut | c.BeginCall | c.RequestApproval | c.BriefSession
    means = tuple(each for each in meant(name) if not isinstance(each, answered))
    assert replayed == tuple(
        replace(each, briefs=False) if isinstance(each, c.RegisterSession) else each for each in means
    )


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_whose_process_is_gone_is_not_registered(name: str) -> None:
    replayed = meant(name, replace(AROUND, live=False, pid=0, started=0))

    assert not any(isinstance(each, c.RegisterSession | c.HandOut | c.BeginCall) for each in replayed)


# --- the answer -------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["Stop", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure"])
def test_messages_are_handed_over_as_neutral_context(event: str) -> None:
    one, two = parcel("first", "0000000A"), parcel("second", "0000000B")

    assert claude_code.answer(event, [one, two]) == {
        "hookSpecificOutput": {
            "hookEventName": event,
            "additionalContext": f"{framed(one)}\n\n{framed(two)}",
        }
    }


def test_a_call_that_is_not_made_is_answered_with_why_and_what_to_read() -> None:
    told = claude_code.answer("PreToolUse", Denial("not now", (parcel("first"), parcel("second"))))

    said = {
        "permissionDecision": "deny",
        "permissionDecisionReason": f"not now\n\n{framed(parcel('first'))}\n\n{framed(parcel('second'))}",
    }
    assert told == {"hookSpecificOutput": {"hookEventName": "PreToolUse", **said}}
    alone = claude_code.answer("PreToolUse", Denial("stopped by ada"))
    assert alone is not None
    assert alone["hookSpecificOutput"]["permissionDecisionReason"] == "stopped by ada"


def test_without_messages_a_hook_prints_nothing() -> None:
    assert claude_code.answer("Stop", []) is None


# --- practice agents --------------------------------------------------------------------------------


def practised(hook: str, /, **changed: object) -> tuple[c.Command, ...]:
    return tuple(practice.commands(hook.partition("-")[0], recorded(hook, **changed), AROUND))


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_a_practice_agent_differs_only_in_who_it_is(name: str) -> None:
    def others(commands: tuple[c.Command, ...]) -> list[c.Command]:
        return [each for each in commands if not isinstance(each, c.RegisterSession)]

    assert others(practised(name)) == others(meant(name))
    assert len(practised(name)) == len(meant(name))


def test_a_practice_agent_names_itself_and_its_inbox_and_has_no_pane() -> None:
    told = {"name": "backend", "messaging_socket": "/p/inbox"}
    registered = of(c.RegisterSession, practised("SessionStart", **told))

    assert (registered.backend, registered.circle) == ("practice", "practice")
    assert (registered.wish, registered.inbox, registered.pane) == ("backend", "/p/inbox", None)


def test_a_practice_agent_never_has_the_inbox_of_the_agent_it_was_started_by() -> None:
    registered = of(c.RegisterSession, practised("SessionStart"))

    assert (registered.wish, registered.inbox) == ("project", "")


def test_a_practice_agent_is_answered_alike() -> None:
    assert practice.answer("Stop", [parcel()]) == claude_code.answer("Stop", [parcel()])
    assert practice.answer("Stop", []) is None
