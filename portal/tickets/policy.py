"""Who may do what to a ticket: role × action, and the relation it needs (domain.md §7). Pure."""

from dataclasses import dataclass
from datetime import datetime

from portal.auth.roles import Actor, Role
from portal.errors import N_, InvalidTransition, NotAllowed
from portal.tickets.lifecycle import REOPENABLE, Action, Outcome, Status, targets

A = Action

_TOGETHER = (A.LINK, A.UNLINK, A.JOIN_PROBLEM, A.LEAVE_PROBLEM)
_OVERSEE = frozenset(
    {
        *(A.SUPERVISE, A.ELEVATE, A.REASSIGN, A.TRANSFER, A.TERMINATE, A.CALL_BACK, A.NOTE),
        *(A.REDIRECT, A.REFUSE_RETURN, A.GRANT_EXTENSION, A.REFUSE_EXTENSION),
        *(A.HOLD, A.REFUSE_HOLD, A.ASK_EXCLUSION, A.GRANT_EXCLUSION, A.REFUSE_EXCLUSION),
        *_TOGETHER,
        A.REVEAL,
    }
)
ROLE_ACTIONS: dict[Role, frozenset[Action]] = {
    Role.APPLICANT: frozenset(
        {
            *(A.SUBMIT, A.SUPPLY_INFO, A.COMMENT, A.URGE, A.WITHDRAW),
            *(A.VOUCH, A.CONFIRM, A.DISPUTE, A.REOPEN, A.SEAL, A.UNSEAL),
        }
    ),
    Role.CADRE: frozenset(
        {
            *(A.SIGN, A.RECORD_CONTACT, A.REPLY, A.NOTE, A.ASK_INFO, A.RESOLVE),
            *(A.ASK_RETURN, A.ANSWER_ORDER, A.RESUME, A.ASK_EXTENSION, A.ASK_HOLD),
            A.SUBMIT,  # on behalf of a firm paired with the cadre that day
            A.ANSWER_PROBLEM,
        }
    ),
    Role.REVIEWER: frozenset({A.APPROVE, A.SEND_BACK, A.REASSIGN, A.NOTE}),
    Role.DISPATCHER: frozenset(
        {
            *(A.DISPATCH, A.ASK_INFO, A.REJECT, A.TRANSFER, A.MERGE, A.REASSIGN),
            *(A.RETURN, A.REFUSE_RETURN, A.NOTE, A.RECATEGORISE, A.SPLIT, *_TOGETHER),
            A.REVEAL,
        }
    ),
    Role.SUPERVISOR: _OVERSEE,
    Role.LEADER: _OVERSEE,
    Role.ADMIN: frozenset(),
    Role.SECURITY_ADMIN: frozenset(),
    Role.AUDITOR: frozenset(),
    Role.NONE: frozenset(),
    Role.SYSTEM: frozenset(
        {
            *(A.ROUTE, A.SIGN, A.LAPSE, A.RESUME, A.WARN, A.BREACH, A.REMIND, A.RECOMPUTE),
            *(A.EXPIRE, A.SUBMIT, A.SUPERVISE, A.ELEVATE, A.WAIT, A.OFFER, A.RECUSE),
        }
    ),
}

# What would show a sealed ticket beside others, or its words in a place of their own; and what
# takes it from beside others, where it never is.
_APART = frozenset({A.MERGE, A.SPLIT, A.ANSWER_PROBLEM, *_TOGETHER})
# A dispatcher asks before a ticket has a cadre, the cadre afterwards.
_ASK_BEFORE = frozenset({Status.SUBMITTED, Status.TRIAGE})


@dataclass(frozen=True)
class Facts:
    """What the rules need to know of a ticket.

    `author_id` wrote the resolution under review; `reopen_until` is the last instant (UTC) at which
    a closed ticket may be reopened; `urged` says that the firm has urged in this status already.
    `vouch_pending`: a cadre has filed it and the firm has not said yet whether its words are right.
    `exclusion_asked_by` asked to exclude it and waits; `returned` counts the returns granted,
    `extended` the extensions granted in this round. `problem_owner_id` answers for the common
    problem that the ticket belongs to; known only where that answer is given. `sealed`: a sealed
    ticket 密件.
    """

    status: Status
    enterprise_id: int
    department_id: int | None = None
    assignee_id: int | None = None
    author_id: int | None = None
    outcome: Outcome | None = None
    unconfirmed: bool = False
    reopen_until: datetime | None = None
    urged: bool = False
    return_pending: bool = False
    order_pending: bool = False
    extension_pending: bool = False
    hold_pending: bool = False
    vouch_pending: bool = False
    exclusion_asked_by: int | None = None
    returned: int = 0
    extended: int = 0
    elevated: bool = False
    problem_owner_id: int | None = None
    sealed: bool = False


def related(actor: Actor, facts: Facts) -> bool:
    """Whether the actor stands in the relation to the ticket that the role's rights need."""
    match actor.role:
        case Role.APPLICANT:
            return actor.enterprise_id == facts.enterprise_id
        case Role.CADRE:
            return actor.id is not None and actor.id == facts.assignee_id
        case Role.REVIEWER:
            return actor.department_id is not None and actor.department_id == facts.department_id
        case _:
            return True


def _related_for(action: Action, actor: Actor, facts: Facts) -> bool:
    """The same for one action: a common problem is answered by its owner, whosever the ticket."""
    if action is Action.ANSWER_PROBLEM:
        return actor.id is not None and actor.id == facts.problem_owner_id
    return related(actor, facts)


def refusal(  # noqa: C901 – a table, one line an action
    action: Action, actor: Actor, facts: Facts, now: datetime
) -> str | None:
    """Why the state of the ticket forbids an action that the role has; None when it does not."""
    match action:
        case Action.APPROVE if actor.id == facts.author_id:
            return N_("不能审核本人提交的办结。")
        case Action.VOUCH if not facts.vouch_pending:
            return N_("这件诉求不需要企业核实。")
        case Action.URGE if facts.urged:
            return N_("当前环节您已经催办过一次，承办人已收到提醒。")
        case Action.REOPEN if facts.outcome not in REOPENABLE:
            return N_("只有已办结的诉求可以申请重办。")
        case Action.REOPEN if facts.reopen_until is None or now > facts.reopen_until:
            return N_("办结超过 15 个工作日，不能再申请重办，请提交新的诉求。")
        case Action.CALL_BACK if not facts.unconfirmed:
            return N_("只有企业未确认的诉求需要回访。")
        case Action.CALL_BACK if facts.assignee_id is None:
            return N_("这件诉求是导入的历史数据，没有承办人，不需要回访。")
        case Action.ANSWER_ORDER if not facts.order_pending:
            return N_("这件诉求没有待回复的督办单。")
        case Action.SUPERVISE if facts.order_pending:
            return N_("上一张督办单尚未回复。")
        case Action.ELEVATE if facts.elevated:
            return N_("这件诉求已经提级。")
        case Action.ASK_INFO if actor.role is Role.DISPATCHER and facts.status not in _ASK_BEFORE:
            return N_("诉求已派给承办人，由承办人联系企业补充材料。")
        case Action.ASK_INFO if actor.role is Role.CADRE and facts.status in _ASK_BEFORE:
            return N_("诉求尚未派出。")
        case Action.UNSEAL | Action.REVEAL if not facts.sealed:
            return N_("这件诉求不是密件。")
        case _ if facts.sealed and action in _APART:
            return N_("密件不与其他诉求合并、关联、归类，也不拆分。")
        case _:
            return _petition_refusal(action, actor, facts)


def _petition_refusal(  # noqa: C901 – a table, one line an action
    action: Action, actor: Actor, facts: Facts
) -> str | None:
    """The same for petitions: one of a kind at a time, ruled by whom the rules name."""
    match action:
        case Action.ASK_RETURN if facts.return_pending:
            return N_("退单申请已提交，请等待裁定。")
        case Action.RETURN | Action.REFUSE_RETURN | Action.REDIRECT if not facts.return_pending:
            return N_("这件诉求没有待处理的退单申请。")
        case Action.RETURN if facts.returned:
            return N_("第二次退单由督办员直接指定承办人。")
        case Action.REFUSE_RETURN if (actor.role is Role.DISPATCHER) == bool(facts.returned):
            return N_("第一次退单由派单员裁定，第二次由督办员裁定。")
        case Action.REDIRECT if not facts.returned:
            return N_("第一次退单由派单员裁定。")
        case Action.ASK_EXTENSION if facts.extension_pending:
            return N_("延期申请已提交，请等待裁定。")
        case Action.GRANT_EXTENSION | Action.REFUSE_EXTENSION if not facts.extension_pending:
            return N_("这件诉求没有待裁定的延期申请。")
        case Action.GRANT_EXTENSION | Action.REFUSE_EXTENSION if (
            facts.extended and actor.role is not Role.LEADER
        ):
            return N_("第二次延期由领导裁定。")
        case Action.ASK_HOLD if facts.hold_pending:
            return N_("挂账申请已提交，请等待裁定。")
        case Action.HOLD | Action.REFUSE_HOLD if not facts.hold_pending:
            return N_("这件诉求没有待裁定的挂账申请。")
        case Action.ASK_EXCLUSION if facts.exclusion_asked_by is not None:
            return N_("剔除申请已提交，请等待另一人裁定。")
        case Action.GRANT_EXCLUSION | Action.REFUSE_EXCLUSION if facts.exclusion_asked_by is None:
            return N_("这件诉求没有待裁定的剔除申请。")
        case Action.GRANT_EXCLUSION | Action.REFUSE_EXCLUSION if (
            facts.exclusion_asked_by == actor.id
        ):
            return N_("剔除须由另一人裁定，不能裁定本人的申请。")
        case _:
            return None


def allowed(actor: Actor, facts: Facts, now: datetime) -> list[Action]:
    """The actions the actor may take now: role, relation, lifecycle and state all agree."""
    return [
        action
        for action in Action
        if action in ROLE_ACTIONS[actor.role]
        and _related_for(action, actor, facts)
        and targets(facts.status, action)
        and refusal(action, actor, facts, now) is None
    ]


def ensure(action: Action, actor: Actor, facts: Facts, now: datetime) -> None:
    """Raises NotAllowed for a lacking right, InvalidTransition for a state that forbids it."""
    if action not in ROLE_ACTIONS[actor.role] or not _related_for(action, actor, facts):
        raise NotAllowed("您的账号不能执行这项操作。")
    if not targets(facts.status, action):
        raise InvalidTransition(facts.status, action)
    if reason := refusal(action, actor, facts, now):
        raise InvalidTransition(facts.status, action, reason)
