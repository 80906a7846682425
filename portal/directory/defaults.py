"""The 18 categories a new installation starts with, each with its template text. Pure data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DefaultCategory:
    """One category: what the firm is asked to write, and how it is handled.

    `needs_review`: a reviewer approves the resolution. `complex`: the longer resolve target.
    """

    name: str
    asks: tuple[str, ...]
    needs_review: bool = True
    complex: bool = False

    @property
    def template(self) -> str:
        """The lines that the description starts with."""
        return "\n".join(f"{line}：" for line in self.asks)


_WISH = "希望解决的问题"

CATEGORIES: tuple[DefaultCategory, ...] = (
    DefaultCategory("融资", ("融资用途和金额", "已对接的银行及进展", "可提供的抵押或担保", _WISH)),
    DefaultCategory(
        "用地用房", ("项目名称和位置", "需要的面积和性质", "目前卡在哪个环节", _WISH), complex=True
    ),
    DefaultCategory("用工社保", ("岗位和人数", "到岗时间", "已采取的招聘方式", _WISH), False),
    DefaultCategory("人才子女", ("人才类别和人数", "涉及的事项（落户、住房、子女入学等）", _WISH)),
    DefaultCategory("税费", ("涉及的税种或费种和所属期", "与税务机关沟通的情况", _WISH), False),
    DefaultCategory("审批证照", ("事项名称", "受理单位和受理时间", "目前卡在哪个环节", _WISH)),
    DefaultCategory("环保安全", ("涉及的项目或设施", "检查或整改要求", "目前的困难", _WISH)),
    DefaultCategory("水电气热", ("用户编号和地址", "问题发生的时间", "对生产的影响", _WISH), False),
    DefaultCategory("物流交通", ("路段或线路", "问题发生的时间", "对运输的影响", _WISH), False),
    DefaultCategory("市场开拓", ("主要产品", "希望开拓的市场或客户", "需要的支持", _WISH), False),
    DefaultCategory("政策兑现", ("政策文件名称和条款", "申报时间和金额", "目前的答复", _WISH)),
    DefaultCategory(
        "拖欠账款", ("欠款单位", "合同时间和金额", "欠款金额和到期时间", _WISH), complex=True
    ),
    DefaultCategory("涉企执法检查", ("检查单位和时间", "检查事项", "反映的问题", _WISH)),
    DefaultCategory("科技创新", ("项目或平台名称", "目前进展", "需要的支持", _WISH), False),
    DefaultCategory("知识产权", ("权利类型和编号", "问题经过", "已有的证据", _WISH), False),
    DefaultCategory("进出口", ("商品和国别", "办理环节（报关、检验、结汇、退税等）", _WISH), False),
    DefaultCategory(
        "基础设施配套",
        ("位置", "缺少的配套（道路、管网、供电等）", "对企业的影响", _WISH),
        complex=True,
    ),
    DefaultCategory("其他", ("问题经过", "已联系过的单位和答复", _WISH)),
)
