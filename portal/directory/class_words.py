"""The words for the titles that a firm is granted for some years."""

from portal.language import lazy as _l

CLASS_NAMES: dict[str, str] = {
    "specialised": _l("专精特新"),
    "champion": _l("单项冠军"),
    "gazelle": _l("瞪羚"),
    "above_scale": _l("规上"),
    "unicorn": _l("独角兽"),
    "high_tech": _l("高新技术"),
}
NO_CLASS_NAME: str = _l("没有资质的企业")


def class_name(code: str) -> str:
    """The word for a title."""
    return str(CLASS_NAMES[code])
