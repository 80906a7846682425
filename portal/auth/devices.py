"""What a browser says of itself, in two words a person knows: the browser and the system. Pure."""

from portal.errors import N_

# The first mark that is found names it: Edge also says Chrome, and Chrome also says Safari.
BROWSERS = (
    ("MicroMessenger", N_("微信")),
    ("DingTalk", N_("钉钉")),
    ("Lark", N_("飞书")),
    ("Edg", "Edge"),
    ("QQBrowser", N_("QQ 浏览器")),
    ("360", N_("360 浏览器")),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser(agent: str) -> str | None:
    """The browser's name; None for one that is not known."""
    return next((name for mark, name in BROWSERS if mark in agent), None)


def system(agent: str) -> str | None:
    """The system's name; None for one that is not known."""
    return next((name for mark, name in SYSTEMS if mark in agent), None)
