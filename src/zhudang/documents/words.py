"""The sentences people read about sealed documents and their check."""

from django.utils.translation import gettext_lazy as _

REASONS = {
    "documents.too_large": _("文件超过 40 MB，不是本馆签发的文书。"),
    "documents.too_often": _("查验过于频繁，请一分钟后再试。"),
    "documents.nothing_given": _("请输入文号和校验码，或选择一个 PDF 文件。"),
}

VERDICTS = {
    "valid": _("这份文书真实、有效、未被改动"),
    "registered": _("本馆签发过这份文书"),
    "void": _("这份文书已作废"),
    "changed": _("这个文件被改动过，不能采信"),
    "doubtful": _("登记对不上，暂不能采信"),
    "pending": _("文书已签发，正在加盖电子印章"),
    "unknown": _("没有查到这份文书"),
}

EXPLAINED = {
    "valid": _("文件与签章时逐字节相同。"),
    "registered": _("文号与校验码相符。手中的文件有没有改动，请在右侧上传 PDF 核对。"),
    "void": _("作废原因：%(reason)s"),
    "changed": _("它带有本馆的印章或文号，但内容与签章时不同。请向持件人索取原文件。"),
    "doubtful": _("没有看出文件改动，但本馆的登记、日志与证明互不相符。请与本馆联系核实。"),
    "pending": _("稍后再查；印章未盖好之前不能作为凭据。"),
    "unknown": _("文号、校验码或文件与本馆签发的任何文书都对不上。"),
}

CHECKS = {
    "issuer": (_("由谁签发"), _("%(issuer)s")),
    "issued": (_("何时签发"), _("%(at)s；本机时间，未加可信时间戳")),
    "change": (_("有没有改动"), ""),
    "logged": (_("是否登记"), ""),
    "logged_earlier": (_("是否登记"), _("登记在前一部日志里，本馆的日志此后重建或恢复过；登记簿仍有这份文书")),
    "proof": (_("自带证明"), ""),
    "proof_earlier": (
        _("自带证明"),
        _(
            "证明成立：记录在前一部日志第 %(number)s 条，沿所附路径到 %(size)s 条的树根，树根有本馆那时日志密钥的签名；今天的日志此后另起，不含这个树根"
        ),
    ),
    "proof_unknown_key": (
        _("自带证明"),
        _(
            "证明自成一体（日志第 %(number)s 条，%(size)s 条的树根），但签名的密钥不在本馆所知之列；请与签发时公布的公钥核对"
        ),
    ),
    "standing": (_("是否作废"), ""),
}

OUTCOMES = {
    ("change", "ok"): _("文件与签章时逐字节相同"),
    ("change", "fail"): _("与签章时的文件不同"),
    ("change", "none"): _("未提交文件，没有核对"),
    ("logged", "ok"): _("日志第 %(number)s 条，与记录摘要一致"),
    ("logged", "fail"): _("与日志所载不一致"),
    ("logged", "none"): _("已写入日志，尚未入链"),
    ("proof", "ok"): _(
        "记录在日志第 %(number)s 条，沿所附路径到 %(size)s 条的树根，树根有本馆日志密钥的签名；不问数据库也能这样查"
    ),
    ("proof", "fail"): _("所附的登记证明对不上"),
    ("standing", "ok"): _("未作废"),
    ("standing", "fail"): _("已作废：%(reason)s"),
}

ASIDES = {
    ("issuer", "ok"): _("测试章证书，有效至 %(until)s"),
    ("issuer", "fail"): _("印章核验不通过"),
    ("issuer", "none"): _("印章未盖好"),
    ("issued", "ok"): _("早于证书到期"),
    ("change", "ok"): _("SHA-256 与 SM3 摘要均相符"),
    ("change", "fail"): _("摘要不符"),
    ("proof", "ok"): _("日志公钥 %(key)s…"),
    ("proof_earlier", "ok"): _("前一部日志的公钥 %(key)s…"),
    ("proof_unknown_key", "none"): _("公钥 %(key)s…"),
    ("standing", "ok"): _("查于 %(at)s"),
}
