"""Reason codes with their words: why a petition is asked, a ticket rejected. Pure data."""

from enum import StrEnum

from portal.errors import N_

RETURN_REASONS: dict[str, str] = {
    "not_ours": N_("不属于本单位职责"),
    "other_region": N_("属于其他县市区"),
    "higher_level": N_("需上级部门办理"),
    "several_units": N_("需多个单位共同办理"),
}

EXTENSION_REASONS: dict[str, str] = {
    "several_units": N_("情况复杂，需要多个单位会商"),
    "approval": N_("等待上级批复或审批"),
    "survey": N_("需要现场勘查、检测或评估"),
    "firm_side": N_("企业需要时间配合"),
}

HOLD_REASONS: dict[str, str] = {
    "policy_pending": N_("相关政策尚未出台或正在修订"),
    "funds": N_("资金尚未到位"),
    "project": N_("依赖在建工程或规划实施"),
    "legal": N_("等待诉讼、仲裁或复议结果"),
}

EXCLUSION_REASONS: dict[str, str] = {
    "beyond_power": N_("超出本级职权，已报请上级"),
    "force_majeure": N_("不可抗力"),
    "unlawful": N_("诉求没有法律或政策依据"),
    "in_court": N_("已进入诉讼、仲裁或行政复议程序"),
    "not_reached": N_("无法联系企业，多次联系均有记录"),
}

PETITION_REASONS: dict[str, dict[str, str]] = {
    "return": RETURN_REASONS,
    "extension": EXTENSION_REASONS,
    "hold": HOLD_REASONS,
    "exclusion": EXCLUSION_REASONS,
}

# Each code with the channel that is the right one, proposed to the dispatcher.
REJECT_REASONS: dict[str, tuple[str, str]] = {
    "not_enterprise": (N_("不属于企业生产经营问题"), N_("12345 政务服务便民热线")),
    "court": (N_("已进入诉讼、仲裁或行政复议程序"), N_("受理该案的法院、仲裁委或复议机关")),
    "petition": (N_("属于信访事项"), N_("市信访局人民来访接待中心")),
    "police": (N_("属于紧急警情或违法犯罪线索"), N_("110 报警服务台")),
    "commercial": (N_("属于企业间平等主体的民事纠纷"), N_("人民法院或行业调解组织")),
    "unclear": (N_("补正后仍无法判明诉求内容"), N_("重新提交并写明时间、地点和事由")),
}

CONTACT_METHODS: dict[str, str] = {
    "phone": N_("电话"),
    "visit": N_("上门走访"),
    "meeting": N_("当面座谈"),
    "message": N_("短信或微信"),
}

# From very dissatisfied to very satisfied; the words are in portal.wording.
RATINGS = range(1, 6)


class VouchAnswer(StrEnum):
    """What a firm says of a ticket that a cadre filed on its behalf."""

    TRUE = "true"
    CORRECTED = "corrected"
    NOT_OURS = "not_ours"


VOUCH_ANSWERS: dict[str, str] = {
    VouchAnswer.TRUE: N_("属实"),
    VouchAnswer.CORRECTED: N_("有误，需要更正"),
    VouchAnswer.NOT_OURS: N_("不是我们提的"),
}

# Why a ticket was elevated 提级.
ELEVATIONS: dict[str, str] = {
    "overdue": N_("超期 5 个工作日"),
    "returns": N_("两次退单"),
    "disputes": N_("企业两次表示未解决"),
    "asked": N_("督办需要"),
}
