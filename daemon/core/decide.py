"""The one entrance: every command, what the store knows, and the time -> what is to be written and told.

Pure: the same command, view, time and seed give the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from daemon.core import (
    adopting,
    approving,
    braking,
    checkins,
    clockwork,
    closing,
    digest,
    firing,
    groups,
    handing,
    hosting,
    incoming,
    killing,
    limiting,
    locking,
    loops,
    losing,
    nudging,
    orders,
    outages,
    people,
    personas,
    registering,
    requesting,
    restarting,
    reviewing,
    roles,
    schedules,
    sending,
    settling,
    spawning,
    threads,
    ticking,
    topics,
    turns,
    waiting,
    wishing,
    work,
)
from daemon.core import commands as c
from daemon.core.errors import Refused, Throttled
from daemon.core.said import edits, reviewdeeds, talk
from daemon.core.view import Decision, Plan, View

ROOMS: Final[Mapping[type, Callable[[Plan, Any], Any]]] = {
    c.RegisterSession: registering.register_session,
    c.EndSession: registering.end_session,
    c.EndProcess: registering.end_process,
    c.LosePeer: killing.lose,
    c.LoseStart: killing.lose_start,
    c.Restart: restarting.restart,
    c.Adopt: adopting.adopt,
    c.OpenConversation: digest.opened,
    c.Beat: outages.beat,
    c.CloseConversation: hosting.close_conversation,
    c.DescribePeer: registering.describe,
    c.RenamePeer: registering.rename,
    c.MovePeer: registering.move,
    c.ClaimRole: roles.claim,
    c.ChoosePersona: personas.choose,
    c.BriefSession: personas.brief,
    c.ForgetPeer: registering.forget,
    c.ForgetThreads: threads.forget,
    c.SendAsk: sending.send_ask,
    c.SendNotice: sending.send_notice,
    c.SendBroadcast: sending.send_broadcast,
    c.CloseAsk: closing.close,
    c.CancelAsk: closing.cancel,
    c.AwaitAsk: waiting.begin,
    c.LeaveAsk: waiting.leave,
    c.TellLoop: loops.tell,
    c.Collect: handing.collect,
    c.ConfirmCall: handing.confirm_call,
    c.Say: talk.say,
    c.Tap: talk.tap,
    c.Edit: edits.edit,
    c.Unsay: edits.unsay,
    c.React: edits.react,
    c.ChangePlace: groups.change,
    c.ConfigurePlaces: groups.configure,
    c.KeepIncoming: incoming.keep,
    c.FinishIncoming: incoming.finish,
    c.InvitePerson: people.invite,
    c.ConfigurePeople: people.configure,
    c.ChangeRight: people.change_right,
    c.RemovePerson: people.remove,
    c.LeaseNext: handing.lease_next,
    c.AckDelivery: topics.shown,
    c.PartDelivery: settling.part,
    c.NakDelivery: digest.nak,
    c.HoldDelivery: settling.hold,
    c.RejectDelivery: topics.refused,
    c.DoubtDelivery: digest.doubted,
    c.ExtendDelivery: settling.extend,
    c.SeeDelivery: turns.spotted,
    c.MissDelivery: settling.missed,
    c.ReplayDelivery: settling.replay,
    c.LoseMessage: losing.lose_message,
    c.TurnBegan: turns.began,
    c.WakeWaits: turns.wakes,
    c.OpenChannel: nudging.opened,
    c.NudgeSession: nudging.nudge,
    c.CloseInbox: turns.inbox_gone,
    c.TurnWent: turns.went,
    c.TurnWaits: turns.waits,
    c.TurnEnded: turns.ended,
    c.HitLimit: limiting.hit,
    c.TurnObserved: turns.observed,
    c.HandOut: handing.hand_out,
    c.BeginCall: turns.calls,
    c.StopTurn: braking.stop,
    c.RequestApproval: approving.request,
    c.CloseApprovals: approving.close,
    c.TellApproval: approving.tell,
    c.FailApproval: approving.fail,
    c.FreezeCircle: braking.freeze,
    c.ThawCircle: braking.thaw,
    c.Lock: locking.lock,
    c.Unlock: locking.unlock,
    c.FinishErrand: reviewdeeds.finish,
    c.AddSchedule: schedules.add,
    c.ChangeSchedule: schedules.change,
    c.RunSchedule: firing.run,
    c.FireSchedules: firing.fire,
    c.AddCheckin: checkins.add,
    c.RunCheckin: firing.run_checkin,
    c.RemoveCheckin: checkins.remove,
    c.ConfigureWork: work.configure,
    c.AddJob: orders.add,
    c.UpdateJob: work.update,
    c.CancelJob: work.cancel,
    c.RetryJob: work.retry,
    c.WantSpawn: spawning.want,
    c.BeginSpawn: spawning.begin,
    c.LingerSpawn: spawning.linger,
    c.EndSpawn: spawning.end,
    c.BeginJobs: work.begin,
    c.GiveJob: work.give,
    c.FailJob: work.fail,
    c.JudgeClaims: work.judge,
    c.RequestReview: requesting.request,
    c.MarkReviewed: reviewing.mark,
    c.SeeHeads: reviewing.see,
    c.ConfigureAttention: digest.configure,
    c.WishAttention: wishing.change,
    c.TellDigest: wishing.tell,
    c.Tick: ticking.tick,
    c.StepClock: clockwork.step,
    c.Recover: ticking.recover,
}


def decide(command: c.Command, view: View, now: datetime, seed: str) -> Decision:
    """Return what the command comes to.

    Args:
        command: what is asked, with everything its edge knows.
        view: reading words over the committed state.
        now: aware UTC.
        seed: random text, new for every command; ids and marks are drawn from it.

    Raises:
        Refused: the caller cannot have it; nothing is to be written.
        Throttled: a limit is reached.

    """
    plan = Plan(view, now, seed)
    try:
        return plan.decision(ROOMS[type(command)](plan, command))
    except (Refused, Throttled) as error:
        if not isinstance(command, c.Say | c.Tap | c.Edit | c.Unsay):
            raise
        # A person is told in the conversation, on a sheet that holds nothing of the attempt.
        plan = Plan(view, now, seed)
        return plan.decision(talk.refused(plan, command, error))
