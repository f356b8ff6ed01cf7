"""A name means one peer, from where one stands; else it is said who may be meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.core import addressing as at
from daemon.core import commands as c
from daemon.core import listing
from daemon.core.errors import AmbiguousPeer, Malformed, NotAllowed, UnknownPeer
from daemon.core.model import Peer, Role
from tests.core.line import A_MINUTE, Line


def one(line: Line, caller: Peer, name: str, circle: str | None = None) -> Peer:
    plan = line.plan()
    return at.one(plan, at.standpoint_of(plan, caller), name, circle)


def several(line: Line, caller: Peer, *names: str, circle: str | None = None) -> set[str]:
    plan = line.plan()
    return {peer.peer_id for peer in at.several(plan, at.standpoint_of(plan, caller), names, circle)}


def ids(*peers: Peer) -> set[str]:
    return {peer.peer_id for peer in peers}


def listed(line: Line, caller: Peer, **look: object) -> set[str]:
    return {row.peer.peer_id for row in listing.peers(line.plan(), caller, **look)}


def test_a_name_is_looked_up_in_ones_own_circle_first(line: Line) -> None:
    caller, here, there = line.agent("api"), line.agent("web"), line.agent("web", "home")

    assert one(line, caller, "web") == here
    assert one(line, caller, "web", "home") == there
    assert one(line, there, "web") == there


@pytest.mark.parametrize("said", ["home/web", "@home/web", " @Home/WEB "])
def test_circle_and_name_is_exact(line: Line, said: str) -> None:
    caller, _, there = line.agent("api"), line.agent("web"), line.agent("web", "home")

    assert one(line, caller, said) == there


def test_an_exact_name_never_means_somebody_of_another_circle(line: Line) -> None:
    """Not even one who is met from everywhere."""
    caller, lead = line.agent("api"), line.orchestrator("lead", "home")

    with pytest.raises(UnknownPeer) as refused:
        one(line, caller, "@dev/lead")

    assert "home/lead" in refused.value.hint
    assert one(line, caller, "lead", "dev") == lead


def test_an_agent_of_another_circle_is_not_met_by_its_bare_name_but_named(line: Line) -> None:
    caller, _ = line.agent("api"), line.agent("web", "home")

    with pytest.raises(UnknownPeer) as refused:
        one(line, caller, "web")

    assert "home/web" in refused.value.hint


def test_roles_that_span_circles_are_met_from_everywhere(line: Line) -> None:
    caller, lead, ada = line.agent("api"), line.orchestrator("lead", "home"), line.telegram().peer

    assert one(line, caller, "lead") == lead
    assert one(line, caller, "@telegram") == ada


def test_an_ambiguous_name_is_refused_with_the_candidates(line: Line) -> None:
    ada, _, _ = line.telegram(), line.agent("web"), line.agent("web", "home")

    with pytest.raises(AmbiguousPeer) as refused:
        one(line, ada.peer, "web")

    assert {"dev/web", "home/web"} <= set(str(refused.value).replace('"', " ").split())


def test_who_looks_from_everywhere_prefers_their_own_circle_if_they_have_one(line: Line) -> None:
    lead, here, _ = line.orchestrator(), line.agent("web"), line.agent("web", "home")

    assert one(line, lead, "web") == here


def test_who_looks_from_everywhere_needs_no_circle_for_a_name_that_is_unambiguous(line: Line) -> None:
    web = line.agent("web", "home")

    for caller in (line.telegram().peer, line.orchestrator(), line.poller("cli", backend="cli")):
        assert one(line, caller, "web") == web


def test_a_peer_id_is_a_name_too(line: Line) -> None:
    caller, web = line.agent("api"), line.agent("web", "home")

    assert one(line, caller, web.peer_id) == web


def test_whoever_is_forgotten_is_not_met(line: Line) -> None:
    caller, web = line.agent("api"), line.agent("web")
    line.do(c.EndSession(session_id=line.session(web).session_id, why="exit"))
    line.do(c.ForgetPeer(peer_id=web.peer_id))

    for name in ("web", web.peer_id):
        with pytest.raises(UnknownPeer):
            one(line, caller, name)


@pytest.mark.parametrize(
    ("typed", "meant"), [("backedn", "backend"), ("backend2", "backend"), ("BACKND", "backend")]
)
def test_a_slip_is_asked_back(line: Line, typed: str, meant: str) -> None:
    caller, _ = line.agent("api"), line.agent("backend")

    with pytest.raises(UnknownPeer) as refused:
        one(line, caller, typed)

    assert f'did you mean "{meant}"' in refused.value.hint


def test_nothing_alike_points_to_the_list(line: Line) -> None:
    with pytest.raises(UnknownPeer) as refused:
        one(line, line.agent("api"), "zzz")

    assert "list the peers" in refused.value.hint


# --- several --------------------------------------------------------------------------------------------------------


def test_several_names_mean_each_once_and_the_caller_never(line: Line) -> None:
    api, web, db = line.agent("api"), line.agent("web"), line.agent("db")

    assert several(line, api, "web", "db", "@web", "dev/db", "api") == ids(web, db)


def test_a_role_means_all_of_it_that_are_met(line: Line) -> None:
    api, web, lead, far = (
        line.agent("api"),
        line.agent("web"),
        line.orchestrator("lead", "home"),
        line.agent("x", "home"),
    )

    assert several(line, api, "role:agent") == ids(web)
    assert several(line, api, "role:orchestrator") == ids(lead)
    assert several(line, lead, "role:agent") == ids(api, web, far)
    assert several(line, lead, "role:agent", circle="dev") == ids(api, web)


def test_a_circle_means_its_agents_and_not_its_people(line: Line) -> None:
    api, web, lead = (
        line.agent("api", "default"),
        line.agent("web", "default"),
        line.orchestrator("lead", "default"),
    )
    line.telegram()
    far = line.agent("x", "home")

    assert several(line, api, "circle:default") == ids(web, lead)
    assert several(line, far, "circle:default") == ids(api, web, lead)


@pytest.mark.parametrize(
    "names", [(), ("role:agent",), ("circle:nowhere",), ("role:wizard",), ("circle:dev", "api")]
)
def test_when_nobody_is_meant_it_is_said(line: Line, names: tuple[str, ...]) -> None:
    with pytest.raises(UnknownPeer):
        several(line, line.agent("api"), *names)


# --- what a conversation meets --------------------------------------------------------------------------------------


def test_a_conversation_meets_only_the_circles_configured_for_it(line: Line) -> None:
    line.telegram()
    team, web, secret = line.group(("dev",)), line.agent("web"), line.agent("secret", "home")

    assert one(line, team.peer, "web") == web
    for name in ("secret", "home/secret", "@home/secret", secret.peer_id):
        with pytest.raises(UnknownPeer) as refused:
            one(line, team.peer, name)
        assert "home" not in refused.value.hint
    with pytest.raises(UnknownPeer):
        several(line, team.peer, "circle:home")


def test_a_conversation_never_learns_the_names_of_other_circles_by_a_slip(line: Line) -> None:
    line.telegram()
    team, _ = line.group(("dev",)), line.agent("secret", "home")

    with pytest.raises(UnknownPeer) as refused:
        one(line, team.peer, "secrte")

    assert "secret" not in refused.value.hint


def test_a_conversation_lists_and_tells_only_its_circles(line: Line) -> None:
    line.telegram()
    team, web, _ = line.group(("dev",)), line.agent("web"), line.agent("secret", "home")

    assert listed(line, team.peer) == ids(web)
    assert listed(line, team.peer, circle="home") == set()
    sent = line.do(c.SendBroadcast(sender=team.peer.peer_id, text="lunch"))
    assert sent.envelope.to == (web.peer_id,)
    with pytest.raises(NotAllowed):
        line.do(c.SendBroadcast(sender=team.peer.peer_id, text="lunch", circle="home"))


def test_the_owners_own_chat_meets_all_circles(line: Line) -> None:
    ada, web, far = line.telegram(), line.agent("web"), line.agent("far", "home")

    assert listed(line, ada.peer) >= ids(web, far)


# --- listing --------------------------------------------------------------------------------------------------------


def test_an_agent_sees_its_circle_and_those_who_span_them(line: Line) -> None:
    api, web, far = line.agent("api"), line.agent("web"), line.agent("far", "home")
    lead, ada = line.orchestrator("lead", "home"), line.telegram().peer

    assert listed(line, api) == ids(web, lead, ada)
    assert listed(line, api, include_self=True) == ids(api, web, lead, ada)
    assert listed(line, api, circle="home") == ids(far, lead)
    assert listed(line, api, circle="*") == ids(web, far, lead, ada)
    assert listed(line, lead) == ids(api, web, far, ada)


def test_who_is_offline_is_shown_on_request_and_spanning_roles_always(line: Line) -> None:
    api, web, lead = line.agent("api"), line.agent("web"), line.orchestrator("lead", "home")
    ada = line.telegram().peer
    for peer in (web, lead):
        line.do(c.EndSession(session_id=line.session(peer).session_id, why="exit"))
    line.passes(10 * A_MINUTE)

    assert listed(line, api) == ids(lead, ada)
    assert listed(line, api, show_offline=True) == ids(web, lead, ada)


def test_worktrees_of_one_repository_are_one_repository(line: Line) -> None:
    caller = line.agent("api", path="/src/api", repo="/src/api/.git", machine="here")
    tree = line.agent("fix", "home", path="/src/api-fix", repo="/src/api/.git", machine="here")
    same = line.agent("two", path="/src/api", repo="/src/api/.git", machine="there")
    line.agent("web", path="/src/web", repo="/src/web/.git", machine="there")

    assert listed(line, caller, scope="repo") == ids(tree, same)
    assert listed(line, caller, scope="directory") == ids(same)
    assert listed(line, caller, scope="machine") == ids(tree)
    assert listed(line, caller, scope="repo", circle="dev") == ids(same)


def test_without_a_repository_a_folder_is_compared_and_nowhere_is_no_folder(line: Line) -> None:
    caller, same = line.agent("a", path="/x"), line.agent("b", path="/x")
    lost, lost_too = line.agent("c", path=""), line.agent("d", path="")

    assert listed(line, caller, scope="repo") == ids(same)
    assert listed(line, lost, scope="directory") == listed(line, lost_too, scope="repo") == set()


def test_a_scope_that_is_none_is_refused(line: Line) -> None:
    with pytest.raises(Malformed):
        listed(line, line.agent("api"), scope="galaxy")


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(at.RESERVED))
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(Malformed):
        at.checked_name(name)


@pytest.mark.parametrize(
    "name", ["0wner", "te1egram", "s-l-a-c-k", "adrnin", "c1i", "a11", "roo.t", "telegram_bot", "he.re"]
)
def test_names_that_look_like_reserved_ones_are_refused(name: str) -> None:
    with pytest.raises(Malformed):
        at.checked_name(name)


@pytest.mark.parametrize("name", ["", "Web", "wéb", "a b", "a/b", "@a", "a" * 65, "web\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        at.checked_name(name)


@pytest.mark.parametrize(
    "name", ["backend", "backend-2", "my.app", "x_1", "a" * 64, "telegram-ada", "ally", "usher"]
)
def test_ordinary_names_are_allowed(name: str) -> None:
    assert at.checked_name(name) == name


@given(st.text(max_size=200))
@example("a" * 63 + "/b")
def test_any_wish_becomes_a_name(wish: str) -> None:
    named = at.slug(wish)

    assert at.checked_circle(named) == named == at.slug(named)


@given(st.text("abc0.-_/ é", max_size=100), st.integers(1, 12))
def test_names_are_unique_and_of_a_length_however_many_wish_for_the_same(wish: str, many: int) -> None:
    line = Line()
    names = [line.agent(wish, path=f"/{n}").name for n in range(many)]

    assert len(set(names)) == many
    assert all(at.checked_name(name) for name in names)


def test_the_first_free_number_is_given(line: Line) -> None:
    names = [line.agent("web", path=f"/{n}/web").name for n in range(3)]

    assert names == ["web", "web-2", "web-3"]
    assert line.agent("web", "home").name == "web"


def test_nobody_gets_the_name_of_one_who_is_met_from_everywhere(line: Line) -> None:
    line.orchestrator("lead", "home")

    assert line.agent("lead", "dev").name == "lead-2"


def test_an_agent_in_a_folder_with_a_reserved_name_is_numbered(line: Line) -> None:
    assert line.agent("telegram").name == "telegram-1"


def test_a_person_keeps_the_name_that_an_agent_had_first_in_another_circle(line: Line) -> None:
    squatter = line.agent("telegram-ben", "default")
    line.telegram()

    ben = line.telegram("ben", "8", owner=False)

    assert (squatter.name, ben.peer.name) == ("telegram-ben", "telegram-ben-2")


def test_a_service_is_met_from_everywhere(line: Line) -> None:
    service = replace(line.agent("alarm"), role=Role.SERVICE)
    line.put(service)

    assert one(line, line.agent("web", "home"), "alarm") == service


def test_a_person_is_met_by_their_name_where_they_were_last(line: Line) -> None:
    api, ada = line.agent("api"), line.telegram()
    at_slack = line.slack("ada")

    line.say(at_slack, "hello")
    assert one(line, api, "ada") == at_slack.peer
    line.say(ada, "hello")
    assert one(line, api, "@ada") == ada.peer


def test_a_peer_of_a_persons_name_comes_first_and_a_colleague_is_met_by_theirs(line: Line) -> None:
    api, ben = line.agent("api", "default"), line.telegram("Ben B.", "8", owner=False)
    assert one(line, api, "ben-b") == ben.peer
    agent = line.agent("ben-b", "default")
    assert one(line, api, "ben-b") == agent
