"""The demonstration accounts that a visitor signs in with. Pure data."""

from dataclasses import dataclass

from portal.auth.roles import Role

PASSWORD = "Suqiutong-2026"  # noqa: S105 – a demonstration's password is there to be read


@dataclass(frozen=True)
class Account:
    """One account, and what a visitor can try with it."""

    username: str
    role: Role
    name: str
    to_try: str


ACCOUNTS: tuple[Account, ...] = (
    Account(
        "qiye",
        Role.APPLICANT,
        "苏晴",
        "提交诉求；补充材料；确认一件待确认的诉求并评价；打开一件密件，看谁看过、为什么",
    ),
    Account(
        "ganbu", Role.CADRE, "许建宁", "签收、联系、答复、办结包联企业的诉求；登记走访，代企业提交"
    ),
    Account("shenhe", Role.REVIEWER, "梁文静", "审核本单位的办结意见"),
    Account("paidan", Role.DISPATCHER, "唐晓燕", "派单、不予受理、合并；裁定退单申请"),
    Account(
        "duban",
        Role.SUPERVISOR,
        "宋志刚",
        "看 2023 年指标 613/619，查超期清单，裁定申请，督办；填理由查看密件是哪家企业的",
    ),
    Account("lingdao", Role.LEADER, "高永平", "看指标和提级的诉求，裁定第二次延期"),
    Account("guanli", Role.ADMIN, "何秀玲", "账号、承办单位、类别、包联、派单规则、日历与时限政策"),
    Account(
        "anquan", Role.SECURITY_ADMIN, "丁海燕", "批准或驳回授权申请，重置动态验证码，看安全设置"
    ),
    Account(
        "shenji", Role.AUDITOR, "罗思远", "查审计日志，按月导出签名包，生成检查点，看谁导出过什么"
    ),
)
BY_USERNAME = {account.username: account for account in ACCOUNTS}
