"""A firm registers, files with an attachment and is helped; the figure changes."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.factories import make_uscc

PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def resolution(page: Page) -> str:
    """The counted resolution figure of the supervisor's page, as n / d."""
    page.goto("/figures")
    text = page.locator("main").inner_text()
    found = re.search(r"解决率（毛）.*?(\d[\d,]*)\s*/\s*([\d,]+)", text, re.S)
    assert found is not None, text[:800]
    return f"{found[1]}/{found[2]}"


def counted(page: Page, wanted: str) -> bool:
    """Whether the figure comes to be so: the worker counts it, seconds after the act."""
    for _look in range(40):
        if resolution(page) == wanted:
            return True
        page.wait_for_timeout(500)
    return False


def register(page: Page) -> None:
    page.goto("/register")
    page.get_by_label("统一社会信用代码").fill(make_uscc(987654))
    page.get_by_label("企业名称").fill("聊城试航精密机械有限公司")
    page.get_by_label("所在县市区").select_option(label="东昌府区")
    page.get_by_label("企业规模").select_option(label="小型")
    page.get_by_label("经办人姓名").fill("钱厂长")
    page.get_by_label("经办人电话").fill("13812345678")
    page.get_by_label("用户名").fill("shihang")
    page.get_by_label("密码", exact=True).fill("jingmi-jixie-88")
    page.get_by_label("再输一次密码").fill("jingmi-jixie-88")
    page.get_by_role("checkbox").check()
    page.locator("main").get_by_role("button", name=re.compile("注册")).click()
    page.wait_for_url(re.compile("/tickets"))


def file_ticket(page: Page, folder: Path) -> str:
    """Files a ticket with an attachment; its number."""
    contract = folder / "贷款合同.pdf"
    contract.write_bytes(PDF)
    page.goto("/tickets/new")
    page.get_by_role("link", name=re.compile("^融资")).click()
    page.get_by_label("标题").fill("技改贷款到期无法续贷")
    page.get_by_label("详细情况").fill("技改贷款下月到期，银行暂停续贷，影响新设备投产。")
    page.get_by_label(re.compile("^附件")).set_input_files(contract)
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.locator("main")).to_contain_text("贷款合同.pdf")
    page.get_by_role("button", name="提交诉求").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("诉求已提交")
    found = re.search(r"SQ\d{8}-\d{6}", page.locator("main").inner_text())
    assert found is not None
    return found[0]


def do(page: Page, name: str) -> None:
    """By key: a page that scrolls to its newest entry as it opens moves away under a pointer."""
    page.wait_for_load_state()
    page.locator(f"main [data-action={name}]").press("Enter")


def on_paper(cadre: Page) -> None:
    """A printed ticket says whose it is, and nothing else of the page's foot."""
    cadre.emulate_media(media="print")
    expect(cadre.locator(".mark-line")).to_contain_text("李明 于")
    for shown in (".mark-line", "img.watermark"):
        expect(cadre.locator(shown)).to_be_visible()
    expect(cadre.locator(".site-footer a").first).not_to_be_visible()
    cadre.emulate_media(media="screen")


def test_the_main_job_in_a_browser(person: Callable[..., Page], tmp_path: Path) -> None:
    supervisor = person("supervisor")
    assert resolution(supervisor) == "0/0"
    firm = person(None)
    register(firm)
    number = file_ticket(firm, tmp_path)
    firm.goto(f"/tickets/{number}")
    expect(firm.locator("main")).to_contain_text("市金融局 李明", timeout=10_000)

    cadre = person("cadre")
    cadre.goto("/desk")
    cadre.get_by_role("link", name="技改贷款到期无法续贷").click()
    do(cadre, "sign")
    expect(cadre.locator("main")).to_contain_text("办理中")
    on_paper(cadre)
    do(cadre, "record_contact")
    cadre.get_by_label("联系情况").fill("已电话联系钱厂长，核对合同。")
    cadre.get_by_role("button", name="登记联系").click()
    cadre.get_by_label("答复企业").fill("已联系银行，三天内给出续贷方案。")
    cadre.get_by_role("button", name="答复企业").click()
    expect(cadre.locator("main")).to_contain_text("已答复企业")
    do(cadre, "resolve")
    cadre.get_by_label(re.compile("^已解决")).check()
    cadre.get_by_label("给企业的答复").fill("银行已办理无还本续贷。")
    cadre.get_by_role("button", name="办结").click()
    expect(cadre.locator("main")).to_contain_text("待审核")

    reviewer = person("reviewer")
    reviewer.goto("/review")
    reviewer.get_by_role("link", name="技改贷款到期无法续贷").click()
    do(reviewer, "approve")
    reviewer.get_by_role("button", name="审核通过").click()

    firm.goto(f"/tickets/{number}")
    do(firm, "confirm")
    firm.get_by_label("非常满意").check()
    firm.get_by_role("button", name="确认已解决").click()
    expect(firm.locator("main")).to_contain_text("已办结")
    assert counted(supervisor, "1/1")
