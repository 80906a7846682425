"""What a file of history looks like: its columns, and whose tickets they become. Pure data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One kind of file.

    `key` … `replied_at` name the file's columns; `key` makes a row known again. Local times without
    an offset are Asia/Shanghai. Imported rows belong to a placeholder firm (`firm`, `uscc`) in the
    inactive region `region`, for history rarely says which firm wrote.
    """

    name: str
    key: str
    title: str
    submitted_at: str
    body: str
    reply: str
    replied_at: str
    firm: str
    uscc: str
    region: str
    category: str = "其他"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a file must have."""
        return (self.key, self.title, self.submitted_at, self.body, self.reply, self.replied_at)


_MESSAGES = Profile(
    name="messages",
    key="message_id",
    title="subject",
    submitted_at="submitted_at",
    body="body",
    reply="reply",
    replied_at="replied_at",
    firm="历史留言（导入）",
    # Region 000000 is given to no firm, so this code can never be a real one.
    uscc="91000000DR0000001X",
    region="历史留言（导入）",
)

PROFILES: dict[str, Profile] = {_MESSAGES.name: _MESSAGES}
