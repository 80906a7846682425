"""What every letter to an office says, whatever it is about: it tells nothing. Pure."""

BOILERPLATE = """
您好 你好 尊敬的 领导 书记 市长 局长 谢谢 感谢 希望 请问 请求 咨询 反映 投诉 建议 举报 关于 问题
我们 我司 公司 企业 本人 有关部门 相关部门 政府 解决 处理 回复 答复 尽快 能否 是否 可以 现在 目前
因为 所以 但是 没有 不能 怎么 什么 时候 何时 为什么 恳请 麻烦 帮忙 协调 诉求 情况 进行 一直 已经
多次 严重 望能
"""
