"""One line of the product wrong at a time, and the tests that must notice: the power of the suite, as a table.

A row's text stands exactly once in its file and is kept short, so that it outlives what changes around it; a row's
tests are the fastest that must go red. ``p0`` marks what would lose, double or forge a message, or let somebody in.
Who changes such a line hears of the row by ``tests/mutants/test_table.py`` and writes it anew for what stands there
now. A row is not dropped because nothing catches it: the missing test is written.

Of the kinds that are wanted, these have no counterpart yet, for want of the part of the product that could break:
numbers in ``#`` that tmux expands (text never is an argument of tmux), CSP and ``innerHTML`` (no page is served),
schedules by the wall clock alone (there is no scheduler; the ticker's heartbeat stands for it), a WebSocket without a
time limit (there is none; the stream of events stands for it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Mutant:
    """Args: ``name`` says truly what is broken once ``text`` in ``file`` is ``instead``; ``tests`` are node ids."""

    name: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]
    p0: bool = True

    def applied(self, source: str) -> str:
        """The source, broken.

        Raises:
            ValueError: the text does not stand there exactly once.

        """
        if (count := source.count(self.text)) != 1:
            raise ValueError(f"{self.file} has {count} times: {self.text!r}")
        return source.replace(self.text, self.instead)


PUMP_LOOKS: Final = "tests/engine/test_pump_looks.py::"
SHOWN: Final = "tests/bots/test_telegram_shown.py::"
TRANSLATE: Final = "tests/bots/test_telegram_translate.py::"
ROOMS: Final = "tests/scenarios/test_telegram_groups.py::"
HEARING: Final = "tests/bots/test_telegram_hearing.py::"
GROUPS: Final = "tests/core/test_groups.py::"
EDITS: Final = "tests/core/said/test_edits.py::"
ADDRESSING: Final = "tests/core/test_addressing.py::"
OUTBOX: Final = "tests/core/test_outbox.py::"
ENDED: Final = "tests/transports/test_ending.py::"
STARTED: Final = "tests/transports/test_ending_starts.py::"
GET: Final = "tests/errands/test_get.py::"
REVIEWING: Final = "tests/core/test_reviewing.py::"
QUEUE: Final = "tests/transports/test_codex_queue.py::"

STORING: Final = (
    Mutant(
        "what is accepted is told before it is committed",
        "daemon/store/sqlite.py",
        'self._conn.execute("COMMIT")\n            self',
        '_tell(batch)\n            batch.clear()\n            self._conn.execute("COMMIT")\n            self',
        ("tests/store/test_sqlite.py::test_nobody_is_told_before_the_commit_is_done",),
    ),
    Mutant(
        "a commit is not synced before it is told",
        "daemon/store/opening.py",
        '"PRAGMA synchronous = FULL"',
        '"PRAGMA synchronous = NORMAL"',
        (
            "tests/store/test_power_cut.py::test_whatever_moment_the_power_goes_all_that_was_accepted_is_there",
            "tests/store/test_sqlite.py::test_every_commit_is_synced_and_the_log_is_written_ahead",
        ),
    ),
    Mutant(
        "what a full disk refused is told as accepted",
        "daemon/store/sqlite.py",
        "waiting.error = waiting.error or opening.named(error)",
        "pass",
        ("tests/store/test_sqlite.py::test_all_that_share_a_commit_with_a_full_disk_are_refused",),
    ),
    Mutant(
        "a text that the disk has changed is read as if it were the one that was sent",
        "daemon/store/rows.py",
        'return bool(row["checksum"] == summed(values))',
        "return True",
        ("tests/store/test_damage.py::test_a_changed_letter_of_a_body_is_found_and_that_body_is_not_read",),
    ),
    Mutant(
        "a clock that is set ends every lease",
        "daemon/core/clockwork.py",
        "leased_until=_moved(delivery.leased_until, by)",
        "leased_until=delivery.leased_until",
        ("tests/core/test_clockwork.py::test_a_lease_lapses_when_its_time_has_passed_and_not_before",),
    ),
    Mutant(
        "a step that failed leaves what it wrote",
        "daemon/store/sqlite.py",
        'self._conn.execute("ROLLBACK TO step")',
        "pass",
        (
            "tests/contracts/test_store.py::test_a_step_that_raises_leaves_nothing_behind",
            "tests/contracts/test_store.py::test_what_a_failed_step_wrote_is_seen_by_none_that_follows",
        ),
    ),
    Mutant(
        "messages are given in the order of their ids, not of their sending",
        "daemon/store/words.py",
        "AND {WAITING} ORDER BY seq LIMIT ?",
        "AND {WAITING} ORDER BY delivery_id LIMIT ?",
        ("tests/contracts/test_store.py::test_deliveries_wait_in_the_order_in_which_they_were_first_put",),
    ),
    Mutant(
        "a session is known by its pid without the time its process started",
        "daemon/store/words.py",
        "WHERE pid = ? AND started = ? ORDER BY",
        "WHERE pid = ? AND ? > 0 ORDER BY",
        ("tests/contracts/test_store.py::test_of_two_sessions_of_a_process_the_live_one_is_meant",),
    ),
)

KEYS: Final = (
    Mutant(
        "the first answer to a key is not remembered",
        "daemon/engine/engine.py",
        "tx.remember(once.principal, once.key, Remembered(once.digest, answer), self._clock.now())",
        "pass",
        ("tests/engine/test_engine.py::test_the_same_key_and_body_is_done_once_and_answered_alike_for_ever",),
    ),
    Mutant(
        "the same key is accepted with another body",
        "daemon/engine/engine.py",
        "if before.digest != once.digest:",
        "if False:",
        ("tests/engine/test_engine.py::test_the_same_key_for_another_body_is_refused_and_nothing_is_done",),
    ),
    Mutant(
        "one caller's key gets another caller's answer",
        "daemon/api/door.py",
        "once=Once(caller.principal, key,",
        'once=Once("", key,',
        ("tests/contracts/test_client.py::test_the_same_key_and_another_body_is_a_duplicate_id",),
    ),
    Mutant(
        "keys are remembered for two minutes only",
        "daemon/engine/upkeep.py",
        "KEYS_KEPT: Final = timedelta(days=7)",
        "KEYS_KEPT: Final = timedelta(minutes=2)",
        ("tests/engine/test_upkeep.py::test_the_first_answer_to_a_key_is_kept_for_a_week",),
    ),
    Mutant(
        "a hook that is heard again counts again",
        "daemon/api/hooks.py",
        'return Once(f"hook:{agent}:{event[:200]}", record[:200], "") if record else None',
        "return None",
        (
            "tests/api/test_hookdesk.py::test_a_record_that_is_replayed_twice_counts_once",
            "tests/api/test_verdicts.py::test_the_same_hook_again_waits_for_the_same_decision",
        ),
    ),
    Mutant(
        "a hook is given the answer of another event that has its name",
        "daemon/api/hooks.py",
        'Once(f"hook:{agent}:{event[:200]}",',
        'Once(f"hook:{agent}",',
        ("tests/api/test_hookdesk.py::test_a_record_is_one_event_and_another_event_gets_no_answer_of_it",),
    ),
)

EVIDENCE: Final = (
    Mutant(
        "what is fetched is marked as seen",
        "daemon/core/settling.py",
        "return parcel(plan, _moved(plan, delivery, step, evidence))",
        "return parcel(plan, see(plan, _moved(plan, delivery, step, evidence), evidence))",
        ("tests/core/test_handing.py::test_what_was_taken_and_never_confirmed_comes_again_first",),
    ),
    Mutant(
        "Enter counts as seen",
        "daemon/core/settling.py",
        "return see(plan, delivery, command.proven) if command.proven else delivery",
        "return see(plan, delivery, command.receipt) if command.receipt else delivery",
        ("tests/core/test_stalling.py::test_what_was_typed_and_entered_stalls_at_the_first_miss",),
    ),
    Mutant(
        "a mark is believed from another session",
        "daemon/core/turns.py",
        "if delivery and delivery.session_id == session.session_id:",
        "if delivery:",
        ("tests/core/test_turns.py::test_a_mark_counts_only_from_the_session_it_was_handed_to",),
    ),
    Mutant(
        "every delivery has the same mark",
        "daemon/core/view.py",
        "return self._draw(MARK_LENGTH)",
        "return ALPHABET[:MARK_LENGTH]",
        ("tests/core/test_handing.py::test_every_delivery_gets_a_mark_of_its_own",),
    ),
    Mutant(
        "a torn frame proves that its message arrived",
        "daemon/core/rules/frame.py",
        r'_END: Final = re.compile(rf"\[end #',
        r'_END: Final = re.compile(rf"#',
        ("tests/core/rules/test_frame.py::test_a_torn_frame_proves_nothing",),
    ),
    Mutant(
        "what one call took is confirmed by another call",
        "daemon/core/handing.py",
        'receipt = "" if command.others else command.call_id',
        'receipt = ""',
        ("tests/core/test_handing.py::test_a_confirmation_of_another_call_proves_nothing",),
    ),
    Mutant(
        "what was taken and never confirmed does not come again",
        "daemon/core/handing.py",
        "unproven = [x for x in pending if x.road is Road.POLL]",
        "unproven = pending[:0]",
        ("tests/core/test_handing.py::test_what_was_taken_and_never_confirmed_comes_again_first",),
    ),
    Mutant(
        "a road that is a channel is told as another",
        "daemon/core/rules/roads.py",
        "if isinstance(pushed, Wait) and pushed.told:",
        "if False:",
        ("tests/core/test_nudging.py::test_reach_claims_no_proof_until_its_words_came_back_in_a_prompt",),
        p0=False,
    ),
    Mutant(
        "a channel tells of the same again and again",
        "daemon/core/nudging.py",
        "if told_at and envelope.created_at <= told_at:",
        "if False:",
        ("tests/core/test_nudging.py::test_all_that_is_unread_is_told_of_once",),
        p0=False,
    ),
    Mutant(
        "whatever speaks of a channel loads one",
        "daemon/callers/channels.py",
        "if option not in OPTIONS:",
        "if False:",
        ("tests/callers/test_channels.py::test_what_only_speaks_of_it_loads_nothing",),
        p0=False,
    ),
    Mutant(
        "what stalls is told to nobody",
        "daemon/core/settling.py",
        "if moved.state == d.State.STALLED:",
        "if False:",
        (
            "tests/core/test_stalling.py::test_an_agent_reads_of_it_with_its_next_message",
            "tests/core/test_stalling.py::test_a_person_hears_of_it_at_once",
        ),
    ),
)

LEASES: Final = (
    Mutant(
        "a late word of a holder whose lease is over is taken",
        "daemon/core/rules/delivery.py",
        "if holder not in (None, delivery.holder) and delivery.state",
        "if False and delivery.state",
        (
            "tests/core/rules/test_delivery.py::test_a_late_word_from_a_lapsed_holder_is_refused_whoever_holds_it_now",
        ),
    ),
    Mutant(
        "what is leased is leased once more",
        "daemon/core/rules/delivery.py",
        "    (State.LEASED, Extend): _extend,",
        "    (State.LEASED, Lease): _lease,\n    (State.LEASED, Extend): _extend,",
        ("tests/core/rules/test_delivery.py::test_what_happens_is_what_the_module_says",),
    ),
    Mutant(
        "whoever asks is given what somebody else is carrying",
        "daemon/core/handing.py",
        "if delivery is None or delivery.state == d.State.LEASED or",
        "if delivery is None or",
        ("tests/core/test_handing.py::test_one_is_given_at_a_time_in_the_order_of_sending",),
    ),
    Mutant(
        "somebody else's lease can be settled",
        "daemon/api/deliveries.py",
        "if call.body.holder != call.caller.host:",
        "if False:",
        ("tests/contracts/test_client.py::test_a_lease_that_is_not_ours_cannot_be_settled",),
    ),
    Mutant(
        "a new run forgets what the last one was carrying",
        "daemon/core/ticking.py",
        "if command.gone or delivery.reason != d.IN_HAND:",
        "if False:",
        ("tests/core/test_handing.py::test_a_new_run_looks_for_what_the_last_one_was_carrying",),
    ),
    Mutant(
        "what a platform may have taken when we died is sent once more",
        "daemon/core/ticking.py",
        "if delivery.reason == d.IN_HAND and not harmless",
        "if False and not harmless",
        (
            "tests/core/test_handing.py::test_what_a_chat_was_being_sent_is_uncertain_and_what_was_not_begun_is_free",
        ),
    ),
    Mutant(
        "a part that was shown is shown again",
        "daemon/core/rules/delivery.py",
        "parts=(*delivery.parts, event.receipt), attempts=0",
        "parts=delivery.parts, attempts=0",
        (OUTBOX + "test_between_two_parts_an_approval_overtakes_and_no_part_comes_again",),
    ),
    Mutant(
        "a part whose answer got lost counts twice, and the next one is never shown",
        "daemon/core/settling.py",
        "if command.receipt in delivery.parts:",
        "if False:",
        (OUTBOX + "test_a_part_that_is_told_twice_is_one_part",),
    ),
    Mutant(
        "what is in doubt comes again without its mark",
        "daemon/core/rules/delivery.py",
        "doubts=delivery.doubts + 1,",
        "doubts=delivery.doubts,",
        (OUTBOX + "test_what_may_have_arrived_comes_again_by_itself_in_its_place_and_says_so",),
    ),
    Mutant(
        "what is in doubt is sent for ever",
        "daemon/store/showing.py",
        "state = 'uncertain' AND doubts < 5",
        "state = 'uncertain' AND doubts < 50",
        (OUTBOX + "test_after_five_doubts_it_stays_uncertain_and_holds_up_nobody",),
    ),
    Mutant(
        "an approval waits behind what was sent before it",
        "daemon/core/deciding.py",
        "urgency=Urgency.URGENT,",
        "urgency=Urgency.NORMAL,",
        (OUTBOX + "test_an_approval_comes_before_everything_and_progress_after_everything",),
    ),
    Mutant(
        "a flood wait is about one message only",
        "daemon/core/outbox.py",
        "if not (command.quiet and command.after and here):",
        "if here or not command.after:",
        (OUTBOX + "test_nothing_goes_to_a_room_or_its_topics_before_its_flood_wait_is_over",),
        p0=False,
    ),
    Mutant(
        "a topic is written to while its chat is flooded",
        "daemon/core/outbox.py",
        'return address.partition("/")[0]',
        "return address",
        (OUTBOX + "test_nothing_goes_to_a_room_or_its_topics_before_its_flood_wait_is_over",),
        p0=False,
    ),
    Mutant(
        "an older change is shown after a newer one was posted",
        "daemon/core/posting.py",
        "if envelope.kind is Kind.CHANGE:",
        "if False:",
        (OUTBOX + "test_a_newer_change_of_the_same_card_takes_the_place_of_one_that_waits",),
        p0=False,
    ),
    Mutant(
        "the mark of a doubtful message is not shown",
        "bots/telegram/surface.py",
        "message=marked(parts[at].message, doubt_of(card))",
        'message=marked(parts[at].message, "")',
        (SHOWN + "test_what_may_be_there_already_is_marked_and_only_that",),
    ),
    Mutant(
        "a chat is written to as fast as we can",
        "bots/pacing.py",
        "times.append(stamps[-pace.burst] + pace.burst * pace.gap)",
        "times.append(now)",
        (
            "tests/bots/test_pacing.py::test_what_follows_at_once_may_go_and_then_it_is_paid_for_in_one_room_only",
        ),
        p0=False,
    ),
    Mutant(
        "secrets go to chats",
        "bots/cards.py",
        "text, found = masked(card.markdown)",
        "text, found = card.markdown, 0",
        (
            "tests/core/rules/test_secrets.py::test_a_person_reads_that_something_was_masked_and_an_agent_reads_what_was_written",
        ),
    ),
    Mutant(
        "a hold costs an attempt",
        "daemon/core/rules/delivery.py",
        "spared = delivery.attempts - (delivery.state == State.LEASED)",
        "spared = delivery.attempts",
        ("tests/core/rules/test_delivery.py::test_a_flood_wait_and_a_hold_cost_no_attempt",),
        p0=False,
    ),
    Mutant(
        "what was typed and entered is typed once more",
        "daemon/core/rules/delivery.py",
        "if delivery.attempts >= MAX_ATTEMPTS or is_entered(delivery):",
        "if delivery.attempts >= MAX_ATTEMPTS:",
        ("tests/core/test_stalling.py::test_what_was_typed_and_entered_stalls_at_the_first_miss",),
    ),
    Mutant(
        "two messages are on their way to an agent at once",
        "daemon/core/handing.py",
        "return any(x.road is not Road.POLL for x in plan.view.handed(session.peer_id))",
        "return False",
        ("tests/core/test_turns.py::test_a_second_ask_is_not_pushed_before_the_first_has_begun",),
    ),
    Mutant(
        "a machine that slept does not notice what became due meanwhile",
        "daemon/engine/ticker.py",
        "return min(max(0.01, (alarm - now).total_seconds()), HEARTBEAT_S)",
        "return max(0.01, (alarm - now).total_seconds())",
        (
            "tests/engine/test_ticker.py::test_a_machine_that_slept_through_a_deadline_notices_by_its_heartbeat",
        ),
        p0=False,
    ),
)

ASKS: Final = (
    Mutant(
        "an ask ends twice",
        "daemon/core/rules/asking.py",
        "**{(state, Reply): _late for state in _ENDED}",
        "**{(state, Reply): _reply for state in _ENDED}",
        ("tests/core/rules/test_asking.py::test_a_late_answer_is_attached_and_shown_as_late",),
    ),
    Mutant(
        "who asked is not told that the ask expired",
        "daemon/core/closing.py",
        "if ask.state != asking.State.CANCELLED and not weighing",
        "if ask.state not in {asking.State.CANCELLED, asking.State.EXPIRED} and not weighing",
        ("tests/core/test_closing.py::test_an_ask_expires_at_its_deadline_and_its_default_is_told",),
    ),
    Mutant(
        "the last words of a turn that failed are an answer",
        "daemon/core/turns.py",
        "and same and not command.failed:",
        "and same:",
        ("tests/core/test_turns.py::test_an_empty_or_failed_turn_answers_nothing_and_is_reminded_of_once",),
    ),
    Mutant(
        "the last words of another prompt are an answer",
        "daemon/core/turns.py",
        'command.prompt_id in {"", session.turn_prompt}',
        "True",
        ("tests/core/test_turns.py::test_the_end_of_another_prompt_answers_nothing",),
    ),
    Mutant(
        "an ask is answered by whom it was not asked of",
        "daemon/core/closing.py",
        "if peer is None or not (command.by in ask.to or",
        "if peer is None or not (True or",
        ("tests/core/test_closing.py::test_only_who_was_asked_can_answer_and_only_who_asked_can_cancel",),
    ),
)

ROADS: Final = (
    Mutant(
        "Enter is pressed without a look at what lies in the prompt",
        "daemon/transports/terminal.py",
        "if isinstance(found, Ready) and found.prompt.is_paste_of(at.text):",
        "if isinstance(found, Ready):",
        (
            "tests/transports/test_terminal.py::test_enter_is_pressed_only_when_the_paste_alone_lies_in_the_prompt",
        ),
    ),
    Mutant(
        "a message is pasted behind a person's draft",
        "daemon/transports/terminal.py",
        "if found.prompt.text and not (again and",
        "if False and not (again and",
        ("tests/transports/test_terminal.py::test_a_draft_is_left_alone",),
    ),
    Mutant(
        "a message is typed into an agent that works, or waits at a dialog",
        "daemon/transports/terminal.py",
        'if found.stands.status != "idle":',
        "if False:",
        ("tests/transports/test_terminal.py::test_an_agent_that_is_not_idle_is_left_alone",),
    ),
    Mutant(
        "a second paste is made without a look whether the first arrived",
        "daemon/engine/pump.py",
        "if parcel.delivery.road is Road.TERMINAL",
        "if parcel.delivery.road is Road.NONE",
        ("tests/engine/test_pump.py::test_what_a_person_sent_off_meanwhile_is_not_typed_again",),
    ),
    Mutant(
        "what is still on its way when its lease lapses is carried a second time",
        "daemon/engine/pump.py",
        "if delivery.delivery_id in self._in_hand and",
        "if False and",
        (PUMP_LOOKS + "test_what_is_carried_in_this_moment_is_not_missed_when_its_lease_lapsed_in_a_sleep",),
    ),
    Mutant(
        "a process is known by its number alone where keys are pressed",
        "daemon/transports/keyboard.py",
        "if agent is None or agent.started != session.started:",
        "if agent is None:",
        ("tests/transports/test_terminal.py::test_another_process_with_the_agents_number_gets_nothing",),
    ),
    Mutant(
        "a process is known by its number alone",
        "daemon/callers/processes.py",
        "return process(one.pid) == one",
        "return process(one.pid) is not None",
        ("tests/callers/test_processes.py::test_a_process_of_that_number_but_another_start_is_another",),
    ),
    Mutant(
        "a paste has no brackets",
        "daemon/tmux.py",
        "paste-buffer -p -r -d",
        "paste-buffer -r -d",
        ("tests/test_tmux.py::test_a_paste_arrives_byte_for_byte_in_one_pair_of_brackets",),
    ),
    Mutant(
        "a paste sends Enter for each newline",
        "daemon/tmux.py",
        "paste-buffer -p -r -d",
        "paste-buffer -p -d",
        ("tests/test_tmux.py::test_a_program_without_bracketed_paste_gets_newlines_and_no_enter",),
    ),
    Mutant(
        "the words of a message are an argument of tmux",
        "daemon/tmux.py",
        '("load-buffer", "-b", buffer, "-")',
        '("set-buffer", "-b", buffer, text)',
        (
            "tests/test_tmux.py::test_a_paste_arrives_byte_for_byte_in_one_pair_of_brackets",
            "tests/test_tmux.py::test_many_pastes_at_once_do_not_mix",
        ),
    ),
    Mutant(
        "any name of tmux is a target",
        "daemon/tmux.py",
        '_PANE: Final = re.compile(r"%[0-9]{1,9}")',
        '_PANE: Final = re.compile(r".+")',
        ("tests/test_tmux.py::test_only_a_pane_id_is_a_target",),
    ),
    Mutant(
        "a pane is written to although a key was pressed after the look",
        "daemon/panes.py",
        "{keyed}}},k,}}",
        "{keyed}}},,}}",
        ("tests/test_tmux.py::test_a_key_that_came_after_the_look_forbids_the_act",),
    ),
    Mutant(
        "a key is pressed into whatever dialog is open",
        "daemon/transports/dialog.py",
        "return any(needle and needle.casefold() in shown for needle in _needles(approval, dialog))",
        "return True",
        ("tests/transports/test_dialog.py::test_another_request_is_not_mistaken_for_the_one_on_the_screen",),
    ),
)

TEXTS: Final = (
    Mutant(
        "the cleaner leaves C1",
        "daemon/core/rules/cleaning.py",
        r"\x7f-\x9f\ud800",
        r"\x7f\ud800",
        ("tests/core/rules/test_cleaning.py::test_nothing_that_steers_is_left",),
    ),
    Mutant(
        "the cleaner leaves ESC",
        "daemon/core/rules/cleaning.py",
        r"\x0b-\x1f\x7f",
        r"\x0b-\x1a\x1c-\x1f\x7f",
        ("tests/core/rules/test_cleaning.py::test_nothing_that_steers_is_left",),
    ),
    Mutant(
        "a body may hold a frame of ours",
        "daemon/core/rules/cleaning.py",
        r'_FRAME.sub("\N{FULLWIDTH LEFT SQUARE BRACKET}",',
        '_FRAME.sub("[",',
        ("tests/core/rules/test_cleaning.py::test_no_control_character_hides_a_frame",),
    ),
    Mutant(
        "what is sent is kept as it came",
        "daemon/core/posting.py",
        "body=cleaned(letter.text),",
        "body=letter.text,",
        ("tests/api/test_hostile.py::test_what_could_move_a_terminal_does_not_arrive",),
    ),
    Mutant(
        "a person's name may break out of the header",
        "daemon/core/posting.py",
        "line(person.translate(_OURS), PERSON_LENGTH)",
        "person",
        ("tests/core/rules/test_frame.py::test_neither_a_person_nor_a_choice_breaks_out_of_the_frame",),
    ),
)

GEMINI_PROMPT: Final = "tests/transports/test_prompt_gemini.py::"

DOOR: Final = (
    Mutant(
        "without a token an agent comes to every path by TCP",
        "daemon/api/guards.py",
        'tokenless = request.path == routes.MCP and "Authorization" not in request.headers',
        'tokenless = "Authorization" not in request.headers',
        ("tests/api/test_agents_on_tcp.py::test_only_its_tools_are_open_to_it_so",),
    ),
    Mutant(
        "without a token anybody comes to the tools by TCP",
        "daemon/api/guards.py",
        "known = placed.crowded or is_agent(placed.process)",
        "known = bool(placed)",
        ("tests/api/test_agents_on_tcp.py::test_who_is_in_no_agent_needs_the_token",),
    ),
    Mutant(
        "what is typed to an interrupted Codex is put into its queue",
        "daemon/core/rules/roads.py",
        "if session.turn_source == INTERRUPTED and session.backend in HELD_UP:",
        "if session.turn_source == INTERRUPTED and not session.backend:",
        (
            "tests/core/rules/test_roads.py::test_an_interrupted_codex_is_left_alone_until_its_person_has_spoken",
        ),
    ),
    Mutant(
        "an Enter that became a new line hides the prompt",
        "daemon/transports/prompt_gemini.py",
        "below = cursor_y > last and not any(lines[last + 1 : cursor_y + 2])",
        "below = False",
        (GEMINI_PROMPT + "test_a_paste_below_which_an_enter_became_a_new_line_is_still_to_be_sent",),
    ),
    Mutant(
        "a host that only begins like ours is ours",
        "daemon/api/guards.py",
        'if request.headers.getall("Host", []) not in [[host] for host in own]:',
        'if not request.headers.get("Host", "").startswith(tuple(own)):',
        ("tests/api/test_guards.py::test_another_host_is_refused_before_anything_is_read",),
    ),
    Mutant(
        "a page of another origin may ask",
        "daemon/api/guards.py",
        "if origin is not None and origin not in",
        "if False and origin not in",
        ("tests/api/test_guards.py::test_a_page_of_another_origin_is_refused_even_with_the_token",),
    ),
    Mutant(
        "what a browser says of another site is not believed",
        "daemon/api/guards.py",
        'if request.headers.get("Sec-Fetch-Site", "none") not in',
        "if False and request not in",
        ("tests/api/test_guards.py::test_what_a_browser_says_of_another_site_is_believed",),
    ),
    Mutant(
        "a body of type text/plain is taken",
        "daemon/api/guards.py",
        "request.content_type != routes.JSON:",
        'request.content_type not in {routes.JSON, "text/plain"}:',
        ("tests/api/test_guards.py::test_a_body_that_a_page_could_send_without_asking_is_refused",),
    ),
    Mutant(
        "one route is open without a token",
        "daemon/api/app.py",
        'await self._guards.caller(request)\n        _only(request, "GET")',
        '_only(request, "GET")',
        ("tests/api/test_guards.py::test_every_route_is_shut_without_a_token",),
    ),
    Mutant(
        "any caller may do anything",
        "daemon/api/door.py",
        "authorise(caller, endpoint.may, endpoint.summary, here=endpoint.here)",
        "pass",
        (
            "tests/api/test_callers.py::test_cli_lists_sends_and_asks_but_changes_nobody",
            "tests/contracts/test_client.py::test_people_are_the_owner_s_business",
        ),
    ),
    Mutant(
        "who has a token may do what is for the machine alone",
        "daemon/api/caller.py",
        "if here and caller.remote:",
        "if False:",
        ("tests/api/test_guards.py::test_what_is_for_who_is_at_the_machine_is_not_for_who_has_a_token",),
    ),
    Mutant(
        "a token is compared by its beginning",
        "daemon/api/guards.py",
        "hmac.compare_digest(offered, self._token.encode())",
        "bool(offered) and self._token.encode().startswith(offered)",
        ("tests/api/test_guards.py::test_almost_the_token_is_not_the_token",),
    ),
    Mutant(
        "wrong tokens are not counted",
        "daemon/api/guards.py",
        'self._wrong.count("tcp", now)',
        "pass",
        ("tests/api/test_guards.py::test_wrong_tokens_are_throttled_and_a_right_one_never_because_of_them",),
        p0=False,
    ),
    Mutant(
        "another user of the machine is let in",
        "daemon/api/guards.py",
        "if found.uid != os.getuid():",
        "if False:",
        ("tests/api/test_guards.py::test_another_user_is_refused_whatever_the_modes_are",),
    ),
    Mutant(
        "the sender is who the body says",
        "daemon/api/door.py",
        "            caller=caller,\n",
        '            caller=__import__("dataclasses").replace(caller, peer_id=body.pop("from", caller.peer_id))\n'
        "            if isinstance(body, dict)\n            else caller,\n",
        (
            "tests/api/test_guards.py::test_nobody_says_who_they_are",
            "tests/api/test_callers.py::test_what_a_caller_says_of_itself_is_not_believed",
        ),
    ),
    Mutant(
        "a caller speaks on another's surface",
        "daemon/api/conversations.py",
        "if surface != own:",
        "if False:",
        ("tests/contracts/test_client.py::test_nobody_speaks_on_another_s_surface",),
    ),
    Mutant(
        "a body may be of any size if it does not say which",
        "daemon/api/app.py",
        "if len(raw) > BODY_LIMIT:",
        "if False:",
        ("tests/api/test_hostile.py::test_a_body_that_never_says_how_long_it_is_is_cut_at_the_same_place",),
    ),
    Mutant(
        "a text may be of any size",
        "daemon/core/rules/cleaning.py",
        "if size > limit:",
        "if False:",
        ("tests/core/rules/test_cleaning.py::test_the_limit_counts_bytes_and_is_named",),
    ),
    Mutant(
        "a reader that does not read is waited for without an end",
        "daemon/api/app.py",
        "async with asyncio.timeout(STUCK_S):",
        "async with asyncio.timeout(None):",
        ("tests/api/test_stuck_readers.py::test_a_reader_that_does_not_read_is_cut",),
    ),
    Mutant(
        "a reader that was cut keeps its connection",
        "daemon/api/app.py",
        "request.transport.abort()",
        "pass",
        ("tests/api/test_stuck_readers.py::test_a_reader_that_does_not_read_is_cut",),
    ),
    Mutant(
        "a request that does not end is waited for without an end",
        "daemon/api/patience.py",
        "call_later(seconds, self._late)",
        "call_later(10**6, self._late)",
        ("tests/api/test_patience.py::test_a_request_that_does_not_end_is_ended",),
    ),
    Mutant(
        "a session is taken over from a process that lives",
        "daemon/api/hooks.py",
        "if known and belongs_elsewhere(known, around):",
        "if False:",
        (
            "tests/api/test_callers.py::test_a_session_that_lives_in_another_process_is_spoken_for_by_nobody_else",
        ),
    ),
    Mutant(
        "it listens on every address of the machine",
        "daemon/lifecycle.py",
        '"127.0.0.1"',
        '"0.0.0.0"',
        ("tests/api/test_life.py::test_it_listens_on_loopback_only",),
    ),
)

PEOPLE: Final = (
    Mutant(
        "an empty list of people is everybody",
        "daemon/core/said/gate.py",
        "person = plan.person(said.surface, said.account)",
        "person = plan.person(said.surface, said.account) or (\n"
        "        None\n"
        "        if any(each.removed_at is None for each in plan.view.people(said.surface))\n"
        '        else Person(surface=said.surface, account=said.account, name="x", rights=("talk",))\n'
        "    )",
        ("tests/core/test_people.py::test_people_of_the_config_are_there_until_they_are_dropped_from_it",),
    ),
    Mutant(
        "anybody's tap counts",
        "daemon/core/said/talk.py",
        "talk = gate.allowed(plan, command)\n    if talk is None:",
        "known = [each.account for each in plan.view.people(command.surface)]\n"
        "    said = c.Say(surface=command.surface, address=command.address, account=known[0], text='')\n"
        "    talk = gate.entered(plan, said)\n    if talk is None:",
        ("tests/core/test_approving.py::test_who_was_not_asked_cannot_tap",),
    ),
    Mutant(
        "a pairing code may be guessed without an end",
        "daemon/core/people.py",
        "tries_left=pairing.tries_left - 1",
        "tries_left=pairing.tries_left",
        ("tests/core/test_people.py::test_five_wrong_codes_close_the_door",),
    ),
    Mutant(
        "a conversation meets circles that are not its own",
        "daemon/core/addressing.py",
        'return "*" in self.circles or peer.circle in self.circles or peer.peer_id == self.peer_id',
        "return True",
        ("tests/core/test_addressing.py::test_a_conversation_meets_only_the_circles_configured_for_it",),
    ),
    Mutant(
        "an agent meets agents of other circles by their bare names",
        "daemon/core/addressing.py",
        "(list(named) if who.everywhere else spanning)",
        "list(named)",
        (ADDRESSING + "test_an_agent_of_another_circle_is_not_met_by_its_bare_name_but_named",),
    ),
    Mutant(
        "a conversation is told what comes from circles that are not its own",
        "daemon/core/addressing.py",
        'return conversation is None or "*" in conversation.circles or who.circle in conversation.circles',
        "return True",
        (
            "tests/core/test_late_words.py::test_a_conversation_with_circles_of_its_own_is_told_nothing_from_others",
        ),
    ),
    Mutant(
        "who has no right to approve decides",
        "daemon/core/deciding.py",
        'if "approve" not in rights:',
        "if False:",
        ("tests/core/test_approving.py::test_who_may_only_talk_cannot_decide_and_is_told_why",),
    ),
    Mutant(
        "an agent decides about an approval",
        "daemon/core/closing.py",
        "(approval and peer.authority is Authority.OWNER)",
        "approval",
        ("tests/core/test_approving.py::test_no_agent_decides",),
    ),
    Mutant(
        "an approval that was shown long ago is decided by a tap",
        "daemon/core/rules/approval.py",
        "return now - max([approval.shown_at, *again]) > STALE_AFTER",
        "return False",
        ("tests/core/test_approving.py::test_what_was_shown_long_ago_is_shown_again_before_a_tap_counts",),
    ),
    Mutant(
        "a bare word approves what its speaker has not seen",
        "daemon/core/said/talk.py",
        "if not any(x.receipt for x in shown):",
        "if False:",
        ("tests/core/test_approving.py::test_a_bare_word_decides_nothing_that_its_speaker_has_not_seen",),
    ),
    Mutant(
        "a turn that was stopped goes on calling",
        "daemon/core/braking.py",
        "why = frozen(plan, peer) or session.stopped",
        "why = frozen(plan, peer)",
        ("tests/core/test_braking.py::test_after_a_stop_no_call_of_the_turn_is_made",),
    ),
    Mutant(
        "the lock holds for nothing that is said or tapped",
        "daemon/core/locking.py",
        "return plan.locked() or _then(plan, deed)",
        "return None",
        ("tests/core/test_locking.py::test_nothing_that_is_said_in_a_chat_is_taken",),
    ),
    Mutant(
        "what was said while the line was locked is heard after it",
        "daemon/core/locking.py",
        "at for update in told_of if update for at in (update.said_at, update.came_at) if at",
        "update.came_at for update in told_of if update",
        ("tests/core/test_locking.py::test_what_was_said_or_came_while_it_was_locked_is_not_done_after_it",),
    ),
    Mutant(
        "the lock holds for no token",
        "daemon/api/guards.py",
        "if locked:",
        "if False:",
        (
            "tests/scenarios/test_lock.py::test_a_locked_line_takes_nothing_from_a_token_and_says_that_it_is_locked",
        ),
    ),
)

FILES: Final = (
    Mutant(
        "a path is checked by its beginning only",
        "daemon/errands/get.py",
        'if ".." in names:',
        'if argument.startswith(".."):',
        ("tests/errands/test_get.py::test_no_way_leads_upwards",),
    ),
    Mutant(
        "a link is followed",
        "daemon/errands/get.py",
        "found = os.stat(name, dir_fd=folder, follow_symlinks=False)",
        "found = os.stat(name, dir_fd=folder)",
        ("tests/errands/test_get.py::test_no_link_is_followed_and_where_it_leads_is_told",),
    ),
    Mutant(
        "files that look like secrets are handed out",
        "daemon/errands/get.py",
        'if is_secret("/".join(names)):',
        "if False:",
        (GET + "test_what_looks_like_a_secret_is_refused_with_a_hint_whether_it_is_there_or_not",),
    ),
    Mutant(
        "our own home is handed out",
        "daemon/errands/get.py",
        "if os.path.samestat(os.fstat(folder), self._home.stat()):",
        "if False:",
        ("tests/errands/test_get.py::test_nothing_of_our_own_home_is_handed_out_by_any_name",),
    ),
    Mutant(
        "a line of the audit log does not carry the hash of the one before",
        "daemon/ledger.py",
        '"prev": link.hash}',
        '"prev": FIRST}',
        ("tests/test_ledger.py::test_what_was_added_is_whole_private_and_in_order",),
    ),
    Mutant(
        "a known secret is written into the log",
        "cli/redaction.py",
        "text = text.replace(secret, HIDDEN)",
        "pass",
        ("tests/cli/test_redaction.py::test_no_part_of_a_record_shows_a_secret",),
    ),
)

HOOKS: Final = (
    Mutant(
        "what a hook says while no daemon listens is not kept",
        "hooks/pipe.py",
        "if status in (NO_ANSWER, UNAVAILABLE,",
        "if status in (UNAVAILABLE,",
        (
            "tests/hooks/test_pipe.py::test_without_a_daemon_the_agent_notices_nothing",
            "tests/hooks/test_pipe.py::test_an_event_without_a_whole_answer_is_kept_as_it_was_sent",
        ),
    ),
    Mutant(
        "what hooks said is replayed in the wrong order",
        "daemon/spool.py",
        "for path in sorted(_files(folder)):",
        "for path in sorted(_files(folder), reverse=True):",
        ("tests/hooks/test_spool_replay.py::test_what_began_first_is_read_first",),
    ),
    Mutant(
        "a hook without a daemon fails, which its agent notices",
        "hooks/pipe.py",
        "+ payload, began)\n    return 0",
        "+ payload, began)\n    return 1",
        ("tests/hooks/test_pipe.py::test_without_a_daemon_the_agent_notices_nothing",),
    ),
    Mutant(
        "a hook that breaks fails, which its agent notices",
        "hooks/pipe.py",
        "    code = 0\n    try:",
        "    code = 1\n    try:",
        ("tests/hooks/test_pipe.py::test_words_that_make_no_sense_end_in_silence",),
    ),
    Mutant(
        "installing rewrites what others have written",
        "hooks/plan.py",
        "after = encoded(part, apply(base, added.edits))",
        "after = encoded(part, __import__('json').dumps(__import__('json').loads(apply(base, added.edits))))",
        ("tests/hooks/test_install.py::test_what_others_wrote_stays_character_by_character",),
    ),
    Mutant(
        "somebody else's hook is taken for ours",
        "hooks/entries.py",
        "return any(tuple(words[at - 3 : at]) == PYTHON_FLAGS and",
        "return bool(pipes) or any(",
        ("tests/hooks/test_install.py::test_somebody_elses_pipe_is_not_ours",),
    ),
)

TELEGRAM: Final = (
    Mutant(
        "an update is confirmed before it is committed",
        "bots/lanes.py",
        "for update_id in await insisted(lambda: client.keep_updates(surface, told))]",
        "for update_id in by_id]",
        ("tests/bots/test_telegram_heard.py::test_nothing_is_confirmed_before_the_daemon_has_it",),
    ),
    Mutant(
        "an update is confirmed as soon as it came",
        "bots/telegram/listening.py",
        "            if raws := [",
        '            await self._api.updates(batch[-1]["update_id"] + 1 if batch else 0, 0)\n'
        "            if raws := [",
        ("tests/bots/test_telegram_heard.py::test_nothing_is_confirmed_before_the_daemon_has_it",),
    ),
    Mutant(
        "an update that comes again is done again",
        "daemon/core/incoming.py",
        "if plan.incoming(command.surface, update.update_id) is None:",
        "if True:",
        (EDITS + "test_what_came_is_kept_once_and_emptied_when_it_is_done",),
    ),
    Mutant(
        "the words of a done update are kept",
        "daemon/core/incoming.py",
        'body="", done_at',
        "done_at",
        (EDITS + "test_what_came_is_kept_once_and_emptied_when_it_is_done",),
    ),
    Mutant(
        "a brake waits in its lane",
        "bots/lanes.py",
        "if raw.hurried:",
        "if False:",
        (ROOMS + "test_a_slow_download_holds_up_its_own_lane_only_and_a_stop_overtakes",),
        p0=False,
    ),
    Mutant(
        "forwarded words are a command",
        "daemon/core/said/talk.py",
        "if talk.said.forwarded:",
        "if False:",
        (GROUPS + "test_forwarded_words_are_only_words_and_say_whose",),
    ),
    Mutant(
        "what people in a group say to each other is heard",
        "daemon/core/said/gate.py",
        "return named is not None and _is_met(plan, said, named[0])",
        "return True",
        (GROUPS + "test_what_people_say_to_each_other_is_not",),
    ),
    Mutant(
        "forwarded words call us in a group",
        "daemon/core/said/gate.py",
        "    if said.forwarded:\n",
        "    if False:\n",
        (GROUPS + "test_what_people_say_to_each_other_is_not",),
    ),
    Mutant(
        "whoever has no right to talk is heard",
        "daemon/core/said/gate.py",
        'if person is None or "talk" not in person.rights:',
        "if person is None:",
        ("tests/core/said/test_talk.py::test_who_lost_the_right_to_talk_gets_silence",),
    ),
    Mutant(
        "a stranger is asked about again and again",
        "daemon/core/groups.py",
        "or plan.met(said.surface, said.account):",
        "or False:",
        (GROUPS + "test_a_member_who_is_not_listed_gets_one_line_and_the_owner_one_card",),
    ),
    Mutant(
        "an unlisted group sees everything",
        "daemon/core/groups.py",
        "circles=place.circles,\n        thread=thread,\n    )\n    return hosting",
        'circles=("*",),\n        thread=thread,\n    )\n    return hosting',
        (GROUPS + "test_an_unlisted_group_sees_default_and_the_owner_is_told_once_by_whom",),
    ),
    Mutant(
        "words are changed under whoever works on them",
        "daemon/core/said/edits.py",
        "if late or asking.is_over(ask):",
        "if asking.is_over(ask):",
        (EDITS + "test_what_somebody_has_already_is_too_late_to_change",),
    ),
    Mutant(
        "a stranger's mark is evidence",
        "daemon/core/said/edits.py",
        '    if person is None or "talk" not in person.rights:\n        return Heard("nothing")\n    for',
        "    if person is None:\n        person = plan.view.people(command.surface)[0]\n    for",
        (EDITS + "test_a_strangers_mark_is_no_evidence",),
    ),
    Mutant(
        "a send without an answer is made again blindly",
        "bots/telegram/verdicts.py",
        'return Unsure(f"no answer from Telegram',
        'return NotNow(f"no answer from Telegram',
        ("tests/bots/test_telegram_shown.py::test_what_may_have_arrived_is_in_doubt_and_never_sent_twice",),
    ),
    Mutant(
        "a send that Telegram's proxy answers for is made again blindly",
        "bots/telegram/verdicts.py",
        'return Unsure(f"Telegram answers {code}")',
        'return NotNow(f"Telegram answers {code}")',
        ("tests/bots/test_telegram_shown.py::test_what_may_have_arrived_is_in_doubt_and_never_sent_twice",),
    ),
    Mutant(
        "a doubt is told as a failure, which is tried again",
        "bots/bridge.py",
        "await client.doubt(parcel, str(unsure))",
        "await client.nak(parcel, str(unsure))",
        (
            "tests/bots/test_telegram_shown.py::test_over_the_bridge_every_parcel_is_settled_by_what_became_of_it",
        ),
    ),
    Mutant(
        "a chat under a flood wait is written to",
        "bots/turnstile.py",
        "        self.check(room)\n        try:",
        "        try:",
        (SHOWN + "test_a_chat_under_a_flood_wait_is_left_alone_until_it_is_over_and_others_are_not",),
        p0=False,
    ),
    Mutant(
        "a surface that breaks takes the daemon with it",
        "cli/hosting.py",
        "self._live = client.silence = None",
        "self._live = None",
        ("tests/cli/test_hosting.py::test_a_surface_that_breaks_says_so_and_the_other_goes_on",),
        p0=False,
    ),
    Mutant(
        "whoever may not talk sees the line in Slack's home",
        "cli/sight.py",
        'if person is None or found is None or "talk" not in person.rights or plan.locked():',
        "if found is None:",
        (
            "tests/cli/test_hosting.py::test_whoever_may_talk_sees_what_their_own_messages_see_and_nobody_else_anything",
        ),
        p0=False,
    ),
    Mutant(
        "Telegram fetches the pages that messages link to",
        "bots/telegram/api.py",
        "disable_notification=silent,\n            link_preview_options=LinkPreviewOptions(is_disabled=True),",
        "disable_notification=silent,",
        (
            "tests/bots/test_telegram_shown.py::test_a_question_shows_who_asks_the_agents_markdown_and_its_choices",
        ),
    ),
    Mutant(
        "the token of the bot stands in the log",
        "bots/telegram/wire.py",
        "if self._token in said:",
        "if False:",
        ("tests/bots/test_telegram_heard.py::test_the_token_is_in_no_log_and_no_error",),
    ),
    Mutant(
        "what a bot does is heard",
        "bots/telegram/hearing.py",
        ' or author.get("is_bot") is not False',
        "",
        (HEARING + "test_nobody_but_a_person_in_person_is_heard",),
    ),
    Mutant(
        "what was said in a channel's name is heard",
        "bots/telegram/hearing.py",
        '    "sender_chat",\n',
        "",
        (HEARING + "test_nobody_but_a_person_in_person_is_heard",),
    ),
    Mutant(
        "what came through a bot is heard",
        "bots/telegram/hearing.py",
        '    "via_bot",\n',
        "",
        (HEARING + "test_nobody_but_a_person_in_person_is_heard",),
    ),
    Mutant(
        "in a private chat another than its person is heard",
        "bots/telegram/hearing.py",
        "if (chat != account) if private else",
        "if False if private else",
        (HEARING + "test_nobody_but_a_person_in_person_is_heard",),
    ),
    Mutant(
        "a command for another bot is done",
        "bots/telegram/sent.py",
        'if word.partition("@")[2] != name.lower():',
        "if False:",
        (HEARING + "test_a_command_by_our_name_is_for_us_and_one_by_anothers_is_not",),
    ),
)

CROWD: Final = ("tests/crowd/test_crowd.py::test_everything_ends_once_and_what_is_told_is_so",)
CROWDED: Final = (
    Mutant(
        "a late answer ends an ask once more",
        "daemon/core/closing.py",
        "        checkins.gathered(plan, after)\n    elif asking.is_over(after):",
        "        checkins.gathered(plan, after)\n    if asking.is_over(after):",
        CROWD,
    ),
    Mutant(
        "who asked is told twice how it ended",
        "daemon/core/closing.py",
        "    post(plan, sender, [asker], letter)",
        "    post(plan, sender, [asker], letter)\n    post(plan, sender, [asker], letter)",
        CROWD,
    ),
    Mutant(
        "the end of an ask is forgotten until something else is due",
        "daemon/store/words.py",
        '            " UNION ALL SELECT min(deadline_at) FROM ask WHERE ended_at IS NULL)"',
        '            ")"',
        CROWD,
    ),
    Mutant(
        "what an earlier try's peer still says ends a job",
        "daemon/core/shifts.py",
        "return job if job and job.ask_id == ask.ask_id else None",
        "return job",
        CROWD,
    ),
    Mutant(
        "who dies goes on with their job",
        "daemon/core/registering.py",
        "        work.died(plan, session)",
        "        pass",
        CROWD,
    ),
    Mutant(
        "a peer does two jobs at once",
        "daemon/core/shifts.py",
        '"peer": 1}',
        '"peer": 2}',
        CROWD,
    ),
    Mutant(
        "what was refused to a person is half done",
        "daemon/core/decide.py",
        "        plan = Plan(view, now, seed)\n        return plan.decision(talk.refused",
        "        return plan.decision(talk.refused",
        CROWD,
    ),
    Mutant(
        "whoever works is said to be silent",
        "daemon/core/overview.py",
        "if found.turn is Turn.WORKING and scene.plan.now - found.sign.at >= SILENT_FOR:",
        "if found.turn is Turn.WORKING:",
        CROWD,
        p0=False,
    ),
    Mutant(
        "who has answered is said to owe an answer",
        "daemon/core/rules/asking.py",
        "return tuple(x for x in ask.to if x not in heard and x not in ask.lost)",
        "return ask.to",
        CROWD,
        p0=False,
    ),
    Mutant(
        "the role is taken from somebody who is there",
        "daemon/core/roles.py",
        "    if not found.gone(plan.now):",
        "    if False:",
        CROWD,
    ),
    Mutant(
        "two lead one circle",
        "daemon/core/roles.py",
        "    if holder:\n        _taken_from(plan, holder, peer, command)\n",
        "",
        CROWD,
    ),
    Mutant(
        "a verdict on another commit counts for the head",
        "daemon/core/reviewing.py",
        "    if not review.head_sha.startswith(sha):",
        "    if False:",
        CROWD,
    ),
    Mutant(
        "who waits for each other closes a ring",
        "daemon/core/waiting.py",
        "    if ask.asker in stuck:",
        "    if False:",
        CROWD,
    ),
    Mutant(
        "a job that was never begun is gone on with",
        "daemon/core/work.py",
        "            _check_begun(plan, job)\n",
        "",
        ("tests/core/test_work.py::test_nobody_goes_on_with_what_was_never_begun",),
    ),
)

ENDING: Final = (
    Mutant(
        "a pane is taken for the one that was made for an agent by its number alone",
        "daemon/transports/ending.py",
        "if not bears or not is_same(",
        "if not is_same(",
        (STARTED + "test_a_pane_without_its_mark_is_left_alone",),
    ),
    Mutant(
        "the pane of an agent from outside is closed",
        "daemon/transports/ending.py",
        "await _bears(own, own.pane)",
        "pass",
        (STARTED + "test_one_from_outside_that_outlives_sigterm_keeps_its_pane",),
    ),
    Mutant(
        "another user's process is ended",
        "daemon/transports/ending.py",
        "if processes.owner_of(pid) != os.getuid():",
        "if False:",
        (STARTED + "test_another_users_process_is_left_alone",),
    ),
    Mutant(
        "whoever has the name of who started an agent may end it",
        "daemon/core/lineage.py",
        "if by.peer_id in ancestry(plan, peer) or granted_to(by, granted):",
        "if by.name in {p.name for x in ancestry(plan, peer) if (p := plan.peer(x))} or granted_to(by, granted):",
        ("tests/core/test_lineage.py::test_whoever_has_the_name_of_the_one_who_started_it_is_still_another",),
    ),
    Mutant(
        "what an earlier run of an agent was started by may end a later one",
        "daemon/core/lineage.py",
        "if session and row.pane and session.pane and is_one(row.pane, session.pane):",
        "if session:",
        ("tests/core/test_lineage.py::test_a_run_in_another_pane_is_nobodys_even_if_an_earlier_one_was",),
    ),
    Mutant(
        "a turn is broken off by a restart without a word",
        "daemon/core/restarting.py",
        "if session.turn in IN_TURN and not now:",
        "if False:",
        ("tests/core/test_restarting.py::test_a_turn_under_way_is_broken_off_only_if_that_is_said",),
    ),
    Mutant(
        "an agent is restarted with whatever lies where its conversation was",
        "daemon/starting/resuming.py",
        "if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():",
        "if False:",
        ("tests/starting/test_resuming.py::test_one_that_was_swapped_for_a_link_is_refused",),
    ),
    Mutant(
        "whoever is ended while it is to be restarted comes back",
        "daemon/core/killing.py",
        "if row.peer_id == command.peer_id and row.state == spawns.State.WANTED:",
        "if False:",
        ("tests/core/test_restarting.py::test_whoever_is_ended_meanwhile_does_not_come_back",),
    ),
    Mutant(
        "a process is ended by its number alone",
        "daemon/transports/ending.py",
        "if found != Process(pid, started):",
        "if found is None:",
        (ENDED + "test_a_process_of_that_number_but_another_start_is_left_alone",),
    ),
    Mutant(
        "a process is ended by what a pane that is not its own says",
        "daemon/transports/ending.py",
        "if found.terminal != now.tty:",
        "if False:",
        (ENDED + "test_a_process_that_is_not_in_the_pane_of_its_hooks_is_left_alone",),
    ),
    Mutant(
        "who lives in the same process is ended with it",
        "daemon/core/killing.py",
        "if other.peer_id != peer.peer_id and",
        "if False and",
        ("tests/core/test_killing.py::test_of_two_sessions_in_one_process_neither_is_ended",),
    ),
    Mutant(
        "history shows what waits, and nobody took it",
        "daemon/store/chats.py",
        " AND delivery.state IN ('queued', 'leased', 'held'))",
        " AND 0)",
        ("tests/store/test_history.py::test_what_waits_is_no_history",),
        p0=False,
    ),
)

NEWCOMERS: Final = (
    Mutant(
        "a fork of Codex is its origin",
        "daemon/agents/speech.py",
        'forked=starting and payload.get("source") == "fork"',
        "forked=False",
        ("tests/agents/test_codex_hooks.py::test_a_start_is_told_with_a_prompt_so_a_turn_is_about_to_begin",),
    ),
    Mutant(
        "a subagent of Codex registers",
        "daemon/agents/codex.py",
        'if text(payload, "agent_id"):',
        "if False:",
        ("tests/agents/test_codex_hooks.py::test_a_subagent_never_registers_but_brakes_hold_for_it",),
    ),
    Mutant(
        "of a turn of Codex that was broken off nothing is told",
        "daemon/agents/codex.py",
        '    "Interrupt": _interrupted,\n',
        "",
        ("tests/agents/test_codex_hooks.py::test_an_interrupt_ends_the_turn_without_an_answer",),
    ),
    Mutant(
        "what Codex is not there to be asked about is asked",
        "daemon/agents/codex.py",
        "if around.lasting and around.live else ()",
        "if around.live else ()",
        ("tests/agents/test_codex_hooks.py::test_a_run_for_one_prompt_asks_nobody",),
    ),
    Mutant(
        "a message is put into Codex's queue beside its first try",
        "daemon/transports/codex_queue.py",
        "                    await withdrawn(before)\n",
        "                    pass\n",
        (QUEUE + "test_before_another_try_what_the_one_before_left_is_taken_out",),
    ),
    Mutant(
        "what lies in Codex's queue counts as lost",
        "daemon/transports/codex_queue.py",
        "if parcel.delivery.mark in await ours_in(session):",
        "if False:",
        (QUEUE + "test_a_message_lies_in_the_queue_whole_and_that_is_no_evidence",),
    ),
    Mutant(
        "a person's own message is taken out of Codex's queue",
        "daemon/transports/codex_queue.py",
        "        for number in set((await _ours(ask, session)).values()):",
        '        told = await ask("thread/queue/list", {"threadId": session.session_id, "limit": 100})\n'
        '        for number in [each["id"] for each in told["data"]]:',
        (
            QUEUE
            + "test_a_daemon_that_began_anew_takes_out_what_the_last_one_left_and_nothing_of_anybody_else",
        ),
    ),
    Mutant(
        "a session speaks as another one of another process",
        "daemon/api/guards.py",
        "return named if named and here and named.ended_at is None else None",
        "return named",
        ("tests/api/test_of_thread.py::test_one_that_does_not_live_there_does_not",),
    ),
    Mutant(
        "of several in one process whoever was found speaks",
        "daemon/api/guards.py",
        "named: Session | None = view.get(Session, thread) if thread else None",
        "named: Session | None = view.get(Session, thread) if thread else found",
        ("tests/api/test_of_thread.py::test_without_a_name_or_with_an_unknown_one_nobody_knows_who_calls",),
    ),
    Mutant(
        "what lies in Gemini CLI's broken-off turn is its answer",
        "daemon/agents/gemini.py",
        'text="" if nothing else said,',
        "text=said,",
        (
            "tests/agents/test_gemini_hooks.py::test_a_turn_that_was_broken_off_answers_nothing_and_is_handed_nothing",
        ),
    ),
    Mutant(
        "a turn of OpenCode that was broken off answers",
        "daemon/agents/opencode.py",
        "    if error == INTERRUPTED:\n",
        "    if False:\n",
        (
            "tests/agents/test_opencode_hooks.py::test_a_turn_that_was_interrupted_is_idle_and_answers_nothing",
        ),
    ),
    Mutant(
        "an option that stands in what Codex asks about is pressed",
        "daemon/transports/dialog_codex.py",
        "listed = found[first[-1] :] if first else []",
        "listed = found[first[0] :] if first else []",
        (
            "tests/transports/test_dialog_codex.py::test_options_that_stand_in_what_is_asked_about_are_not_its_own",
        ),
    ),
)

CHAINS: Final = (
    Mutant(
        "two that ask each other both wait",
        "daemon/core/sending.py",
        "ask = waiting.held(plan, sender, ask, command.wait)",
        "waiting.held(plan, sender, ask, None)",
        ("tests/core/test_waiting.py::test_two_that_ask_each_other_at_the_same_moment_do_not_both_wait",),
        p0=False,
    ),
    Mutant(
        "who waits for an ask that was put at once is in no ring",
        "daemon/core/waiting.py",
        "        return None\n    _check(plan, ask)\n",
        "        return None\n",
        ("tests/core/test_waiting.py::test_waiting_later_for_an_ask_that_was_put_at_once_is_the_same",),
        p0=False,
    ),
    Mutant(
        "of several one who waits is a ring",
        "daemon/core/waiting.py",
        "return able >= asking.lacking(ask)",
        "return able >= len(asking.awaited(ask))",
        ("tests/core/test_waiting.py::test_of_several_only_whom_it_cannot_do_without_closes_a_ring",),
        p0=False,
    ),
    Mutant(
        "several who all wait are no ring",
        "daemon/core/waiting.py",
        "return able >= asking.lacking(ask)",
        "return able >= asking.lacking(ask) or len(asking.awaited(ask)) > 1",
        ("tests/core/test_waiting.py::test_all_ways_of_several_into_a_ring_are_a_ring",),
        p0=False,
    ),
    Mutant(
        "a wait outlives the daemon",
        "daemon/core/ticking.py",
        "    if command.gone:\n        waiting.forget(plan)\n",
        "",
        ("tests/core/test_waiting.py::test_when_the_wait_is_over_the_way_is_free",),
        p0=False,
    ),
    Mutant(
        "a wait outlives its time",
        "daemon/core/waiting.py",
        "ask.waited_until is not None and ask.waited_until > plan.now",
        "ask.waited_until is not None",
        ("tests/core/test_waiting.py::test_when_the_wait_is_over_the_way_is_free",),
        p0=False,
    ),
    Mutant(
        "a chain is one hop too long",
        "daemon/core/tracing.py",
        "if at.hops > HOP_LIMIT:",
        "if at.hops > HOP_LIMIT + 1:",
        (
            "tests/core/test_tracing.py::test_a_chain_of_agents_ends_at_the_limit_however_many_they_are_and_whatever_they_do",
        ),
        p0=False,
    ),
    Mutant(
        "a person cannot be told at the end of a chain",
        "daemon/core/tracing.py",
        "if any(peer.role in AGENTS for peer in to) and (why",
        "if (why",
        ("tests/core/test_tracing.py::test_a_person_can_always_be_told_and_asked_and_an_answer_given",),
    ),
    Mutant(
        "answers that are worked with make a chain longer",
        "daemon/core/tracing.py",
        "(not (worked and cause.kind is Kind.ANSWER))",
        "True",
        (
            "tests/core/test_tracing.py::test_questions_one_after_another_stay_where_they_are_if_their_answers_are_worked_with",
        ),
        p0=False,
    ),
    Mutant(
        "a chain that branches has no end in sight",
        "daemon/core/tracing.py",
        "if at.talk and plan.view.talked(at.trace, sender) >= TALK_LIMIT:",
        "if False:",
        (
            "tests/core/test_storms.py::test_two_that_always_have_something_to_say_come_to_rest",
            "tests/core/test_tracing.py::test_one_agent_talks_so_often_in_a_chain_and_work_or_a_person_lifts_it",
        ),
        p0=False,
    ),
    Mutant(
        "thanks for an answer wake whoever gave it",
        "daemon/core/posting.py",
        "urgency=Urgency.FYI if echo else envelope.urgency",
        "urgency=envelope.urgency",
        ("tests/core/test_tracing.py::test_thanks_for_an_answer_are_kept_and_wake_nobody",),
        p0=False,
    ),
    Mutant(
        "who worked with an answer wakes nobody",
        "daemon/core/tracing.py",
        "if session is None or cause is None or _worked(session):",
        "if session is None or cause is None:",
        ("tests/core/test_tracing.py::test_who_worked_with_the_answer_wakes_whom_it_tells",),
        p0=False,
    ),
    Mutant(
        "an echo is pushed into an idle agent",
        "daemon/core/handing.py",
        "envelope = envelope and replace(envelope, urgency=delivery.urgency)",
        "pass",
        ("tests/core/test_tracing.py::test_thanks_for_an_answer_are_kept_and_wake_nobody",),
        p0=False,
    ),
    Mutant(
        "the owner is told of a loop again and again",
        "daemon/core/loops.py",
        "not why or told",
        "not why",
        ("tests/core/test_tracing.py::test_the_owner_and_the_orchestrator_are_told_once_of_each_chain",),
        p0=False,
    ),
    Mutant(
        "who has an ask that has enough answers works on for nothing",
        "daemon/core/closing.py",
        "    _withdraw(plan, ask)\n    settling.close(plan, ask)\n",
        "    settling.close(plan, ask)\n",
        (
            "tests/core/said/test_many.py::test_the_others_are_told_that_it_is_off_without_being_woken_and_who_never_had_it_never_gets_it",
        ),
        p0=False,
    ),
    Mutant(
        "an ask that can never have enough answers waits for its deadline",
        "daemon/core/rules/asking.py",
        "if len(positive) < ask.need and left and not too_few:",
        "if len(positive) < ask.need and left:",
        (
            "tests/core/said/test_many.py::test_an_ask_that_too_few_are_left_to_answer_ends_at_once_and_says_who_is_gone",
        ),
        p0=False,
    ),
    Mutant(
        "a group of nobody goes unnoticed beside others",
        "daemon/core/addressing.py",
        "if is_group(name) and not any(peer.peer_id != who.peer_id for peer in meant):",
        "if False:",
        (
            "tests/core/said/test_many.py::test_a_group_of_nobody_is_refused_by_its_name_alone_or_beside_others",
        ),
        p0=False,
    ),
    Mutant(
        "who may only talk asks a whole circle",
        "daemon/core/said/many.py",
        "if right not in talk.person.rights:",
        "if False:",
        ("tests/core/said/test_many.py::test_who_may_only_talk_does_not_ask_everybody",),
    ),
    Mutant(
        "who is at work on an ask is reminded of it",
        "daemon/core/escalating.py",
        "_is_kept(plan, ask) or _is_at_work(plan, ask)",
        "_is_kept(plan, ask)",
        ("tests/core/test_escalating.py::test_who_is_at_work_on_it_is_not_disturbed_and_nobody_else_is",),
        p0=False,
    ),
    Mutant(
        "one of many who has had enough is sent more",
        "daemon/api/limits.py",
        '            self.pair.check(f"{sender}>{peer_id}", now, f"and {name} had as many from you")\n',
        "            pass\n",
        ("tests/api/test_limits.py::test_one_who_has_had_enough_costs_the_others_nothing",),
        p0=False,
    ),
)

REVIEWS: Final = (
    Mutant(
        "a verdict on a commit that is not the head any more counts",
        "daemon/core/reviewing.py",
        "    if not review.head_sha.startswith(sha):",
        "    if not sha:",
        (f"{REVIEWING}test_a_verdict_on_what_is_not_the_head_any_more_is_refused",),
    ),
    Mutant(
        "anybody gives the verdict",
        "daemon/core/reviewing.py",
        "if not command.owner and command.by != review.reviewer:",
        "if not command.owner and not command.by:",
        (f"{REVIEWING}test_only_who_was_asked_gives_the_verdict_or_the_owner",),
    ),
    Mutant(
        "somebody judges their own work from another place",
        "daemon/core/reviewing.py",
        "or (mine and mine in {attending.whose(by), person})",
        "or (mine and mine == person)",
        (f"{REVIEWING}test_nobody_judges_their_own_work_from_another_place",),
    ),
    Mutant(
        "somebody is asked about their own work",
        "daemon/core/requesting.py",
        "or (same and same == attending.whose(reviewer))",
        "or (same and not reviewer.name)",
        (f"{REVIEWING}test_nobody_is_asked_about_their_own_work",),
    ),
    Mutant(
        "a verdict counts though nobody could look",
        "daemon/core/reviewing.py",
        "    if trouble:\n",
        "    if trouble and not given.sha:\n",
        (f"{REVIEWING}test_a_look_that_failed_writes_no_verdict",),
    ),
    Mutant(
        "a verdict counts for what an older look saw",
        "daemon/core/said/reviewdeeds.py",
        "for head in command.choices:",
        "for head in command.choices[1:]:",
        (f"{REVIEWING}test_what_the_verdicts_own_look_saw_counts_whatever_ended_after_it",),
    ),
    Mutant(
        "the author is not told of the verdict",
        "daemon/core/reviewing.py",
        "but=given.by, matter",
        "but=after.author, matter",
        (f"{REVIEWING}test_a_verdict_ends_the_ask_and_tells_the_author_once",),
    ),
    Mutant(
        "a room hears of reviews between others that it does not meet",
        "daemon/core/reviewing.py",
        "if x.reviewer == here.peer_id or _is_met(plan, who, x)",
        "if x.reviewer == here.peer_id or x.author",
        (f"{REVIEWING}test_a_room_hears_of_no_review_between_others_it_does_not_meet",),
    ),
    Mutant(
        "two asks of one review are open",
        "daemon/core/requesting.py",
        "reviewing.withdraw(plan, before)",
        "reviewing.withdraw(plan, None)",
        (f"{REVIEWING}test_asked_again_it_is_one_review_with_one_open_ask",),
    ),
    Mutant(
        "a person without the right gives a verdict",
        "daemon/core/said/reviewdeeds.py",
        "    if RIGHT not in talk.person.rights:",
        "    if not talk.person.rights:",
        (f"{REVIEWING}test_a_person_without_the_right_gives_no_verdict",),
    ),
    Mutant(
        "a branch is named like an option",
        "daemon/errands/heads.py",
        "^[-/]|",
        "^[/]|",
        ("tests/errands/test_heads.py::test_what_is_no_plain_branch_is_refused",),
    ),
    Mutant(
        "a token is shown to any host",
        "daemon/errands/pulls.py",
        "if mine or name not in _ENTERPRISE",
        "if mine or name",
        ("tests/errands/test_heads.py::test_a_token_is_shown_to_its_own_host_alone",),
    ),
    Mutant(
        "a branch that was set back counts as merged",
        "daemon/errands/heads.py",
        "and not await _is_behind(tree, last, pinned)",
        "and bool(last)",
        ("tests/errands/test_heads.py::test_a_branch_that_is_set_back_is_not_merged",),
    ),
)
BY_CLAIM: Final = "tests/mcp_server/test_roles.py::"
BY_ROLE: Final = "tests/core/test_roles.py::"
BY_PERSONA: Final = "tests/core/test_personas.py::"
AT_A_GLANCE: Final = "tests/core/test_overview.py::"

ROLES: Final = (
    Mutant(
        "a role is taken with force from one that is there",
        "daemon/core/roles.py",
        "if not found.gone(plan.now):",
        "if not found.gone(plan.now) and not command.force:",
        (f"{BY_ROLE}test_from_one_that_is_there_it_is_not_taken_even_with_force",),
    ),
    Mutant(
        "a role is taken without force from one that is away",
        "daemon/core/roles.py",
        "if not command.force:",
        "if False:",
        (f"{BY_ROLE}test_from_one_that_is_offline_or_silent_it_takes_force_and_that_one_is_told",),
    ),
    Mutant(
        "who works for long is taken for silent",
        "daemon/core/lastsigns.py",
        "and self.turn is not Turn.WORKING",
        "",
        (f"{BY_ROLE}test_one_that_works_is_not_silent_however_long_its_call_takes",),
    ),
    Mutant(
        "nine minutes are silence",
        "daemon/core/lastsigns.py",
        "SILENT_FOR: Final = timedelta(minutes=10)",
        "SILENT_FOR: Final = timedelta(minutes=9)",
        (f"{BY_ROLE}test_a_second_short_of_ten_minutes_is_not_silent",),
    ),
    Mutant(
        "a circle gets a second orchestrator by a move",
        "daemon/core/registering.py",
        'return roles.came(plan, _changed(plan, replace(peer, circle=circle, name=name), "moved"))',
        'return _changed(plan, replace(peer, circle=circle, name=name), "moved")',
        (f"{BY_ROLE}test_who_comes_into_a_circle_that_has_one_becomes_an_agent_and_is_told",),
    ),
    Mutant(
        "one circle's orchestrator keeps another circle from having one",
        "daemon/core/roles.py",
        "if peer.circle == circle and peer.role is Role.ORCHESTRATOR)",
        "if peer.role is Role.ORCHESTRATOR)",
        (f"{BY_ROLE}test_a_circle_has_its_own",),
    ),
    Mutant(
        "a person becomes an orchestrator",
        "daemon/core/roles.py",
        "if peer.role not in AGENTS or peer.session_id is None or plan.conversation(peer_id):",
        "if False:",
        (f"{BY_ROLE}test_nobody_but_an_agent_takes_it",),
    ),
    Mutant(
        "an agent claims a role for another",
        "daemon/api/roles.py",
        "if call.caller.standing is not Standing.OWNER and peer_id != call.caller.peer_id:",
        "if False:",
        ("tests/hostile/test_authority.py::test_an_agent_may_not",),
    ),
    Mutant(
        "a persona's name is a path",
        "daemon/core/personas.py",
        "if not name or len(name) > NAME_LIMIT or not set(name) <= NAMED:",
        "if not name or len(name) > NAME_LIMIT:",
        (f"{BY_PERSONA}test_a_name_is_never_a_path",),
    ),
    Mutant(
        "a persona is read through a link out of its folder",
        "daemon/personas/shelf.py",
        "if os.path.dirname(inside) != os.path.realpath(folder):",
        "if False:",
        ("tests/personas/test_shelf.py::test_a_link_out_of_the_folder_is_no_file_of_it",),
    ),
    Mutant(
        "a start is told of its persona twice",
        "daemon/core/personas.py",
        "if chosen and not command.briefs:",
        "if chosen:",
        (f"{BY_PERSONA}test_of_a_start_that_is_told_beside_it_no_notice_is_made",),
        p0=False,
    ),
    Mutant(
        "a persona that was never told is told after its successor",
        "daemon/core/personas.py",
        "if envelope and envelope.matter == PERSONA and can(delivery, Cancel):",
        "if False:",
        (f"{BY_PERSONA}test_a_newer_choice_takes_the_place_of_one_that_was_not_told_yet",),
        p0=False,
    ),
    Mutant(
        "a failed turn is told of for ever",
        "daemon/core/rules/presence.py",
        "turn_began_at=now, calls=0, failed_at=None)",
        "turn_began_at=now, calls=0)",
        (f"{AT_A_GLANCE}test_a_turn_that_failed_is_an_error_until_the_next_begins",),
        p0=False,
    ),
    Mutant(
        "a conversation reads names of circles that it does not see",
        "daemon/core/overview.py",
        "if peer and self._who.meets(peer) else",
        "if peer else",
        (f"{AT_A_GLANCE}test_a_circle_is_seen_alone_and_a_conversation_hears_no_name_of_another",),
    ),
    Mutant(
        "a claim's own answer does not say that there are other tools",
        "mcp_server/server.py",
        "return not (tool.waits or tool.changes)",
        "return not tool.waits",
        (f"{BY_CLAIM}test_the_claims_own_answer_says_that_there_are_other_tools",),
        p0=False,
    ),
    Mutant(
        "a role that came from elsewhere is announced to nobody",
        "mcp_server/caller.py",
        "return bool(self.listed) and self.listed.is_other(*await self.shows())",
        "return False",
        (f"{BY_CLAIM}test_a_role_that_came_from_elsewhere_is_announced_on_the_next_call_and_once",),
        p0=False,
    ),
    Mutant(
        "what is announced names no subscription",
        "mcp_server/stdio.py",
        'if message.get("method") == CHANGED and self.subscribed is not None:',
        "if False:",
        (f"{BY_CLAIM}test_a_subscription_that_is_cancelled_stamps_nothing_any_more",),
        p0=False,
    ),
    Mutant(
        "what the user changed in a workspace is overwritten",
        "cli/workspace.py",
        "if not force:",
        "if False:",
        ("tests/cli/test_workspace.py::test_what_somebody_changed_stays_and_is_told_of",),
    ),
)
STARTING: Final = (
    Mutant(
        "a late hook takes the place of the next session",
        "daemon/core/registering.py",
        "    if peer := _long_gone_on(plan, command):",
        "    if peer := None:",
        (
            "tests/core/test_registering.py::test_a_hook_of_a_cleared_session_that_is_late_does_not_take_the_place_of_the_next",
        ),
        p0=False,
    ),
    Mutant(
        "a second process is begun while the first is between two sessions",
        "daemon/engine/restarting.py",
        "        if is_between(session, self._has_ended):",
        "        if False:",
        ("tests/engine/test_restarting.py::test_between_two_sessions_of_one_process_nobody_is_restarted",),
    ),
    Mutant(
        "whoever comes from a pane of that number has arrived",
        "daemon/core/lineage.py",
        "return (pane.server_pid, pane.server_started, pane.pane_id, pane.pane_pid, pane.pane_started)",
        "return (0, 0, pane.pane_id, 0, 0)",
        ("tests/core/test_spawning.py::test_who_comes_from_another_pane_is_somebody_else",),
    ),
    Mutant(
        "one more may be there than the config says",
        "daemon/core/spawning.py",
        "if len(live) >= most:",
        "if len(live) > most:",
        ("tests/core/test_spawning.py::test_only_so_many_are_there_at_once_and_one_that_is_over_makes_room",),
        p0=False,
    ),
    Mutant(
        "whoever was started may start others without end",
        "daemon/core/spawning.py",
        "return parent.depth + 1 if parent else 1",
        "return 1",
        ("tests/core/test_spawning.py::test_who_was_started_starts_others_only_so_deep",),
    ),
    Mutant(
        "a job has two started for it",
        "daemon/core/spawning.py",
        "if before := _for_job(plan, command.job_id):",
        'if before := _for_job(plan, ""):',
        ("tests/core/test_spawning.py::test_a_job_is_started_for_once",),
    ),
    Mutant(
        "a folder that begins like an allowed one is allowed",
        "daemon/starting/ground.py",
        "return Path(real).is_relative_to(root)",
        "return real.startswith(root)",
        ("tests/starting/test_ground.py::test_what_lies_outside_is_refused_however_it_is_written",),
    ),
    Mutant(
        "links are not followed before a folder is compared",
        "daemon/starting/ground.py",
        "real = os.path.realpath(_whole(_checked(text), roots))",
        "real = os.path.normpath(_whole(_checked(text), roots))",
        ("tests/starting/test_ground.py::test_what_lies_outside_is_refused_however_it_is_written",),
    ),
    Mutant(
        "a folder that was swapped meanwhile is gone into",
        "daemon/starting/launcher.py",
        'if f"{found.st_dev}:{found.st_ino}" != told["folder"] or',
        "if",
        ("tests/hostile/test_spawning.py::test_a_folder_that_is_another_by_now_is_not_gone_into",),
    ),
    Mutant(
        "a repository's filters run when a worktree is made",
        "daemon/starting/worktrees.py",
        'off = ("smudge=", "clean=", "process=", "required=false")',
        'off = ("required=false",)',
        ("tests/starting/test_worktrees.py::test_no_program_of_a_repository_is_run",),
    ),
)

MUTANTS: Final = (
    *STORING,
    *KEYS,
    *EVIDENCE,
    *LEASES,
    *ASKS,
    *ROADS,
    *TEXTS,
    *DOOR,
    *PEOPLE,
    *FILES,
    *HOOKS,
    *TELEGRAM,
    *CROWDED,
    *ENDING,
    *NEWCOMERS,
    *CHAINS,
    *REVIEWS,
    *ROLES,
    *STARTING,
)
