"""Why an item of the frame came to its result, in both languages: what was looked at, or who should do what."""

REASONS = {
    "files": ("看了 {files} 个文件", "{files} files looked at"),
    "descriptions": ("看了著录", "descriptions looked at"),
    "pages_only": (
        "比较了页数；其他电子属性没有可比的",
        "page counts compared; nothing to compare other attributes with",
    ),
    "counted": ("清点数与申报数相符", "the number counted is the number declared"),
    "scope": ("对照了归档范围", "compared with the filing scope"),
    "steps": ("看了归档一步的办理记录", "the record of the filing step was looked at"),
    "found": ("{findings} 处发现", "findings: {findings}"),
    "stated": ("{statement}", "{statement}"),
    "unknown": (
        "未查明：标准此项的文字没有得到",
        "not identified: the standard's text for this item was not available",
    ),
    "other_stage": ("此项不在{stage}阶段检测", "not asked at the stage of {stage}"),
    "switched_off": ("本馆配置不检此项", "switched off by the city's profile"),
    "no_files": ("没有文件可查", "there was no file to look at"),
    "no_fixity": (
        "文件没有签名，也没有交来的摘要可比",
        "the files carry no signature and no digest was supplied to compare",
    ),
    "no_descriptions": ("没有著录数据", "no descriptions were given"),
    "no_package": ("不是信息包", "no information package was given"),
    "no_facts": ("没有可比的数据", "there was nothing to compare with"),
    "no_baseline": (
        "移交方没有给出摘要，无从比较前后；请按移交信息包（zhudang package）提交，或上传时附 SHA-256",
        "the sender gave no digests to compare with: hand in as a package (zhudang package), or give a SHA-256 with each upload",
    ),
    "partly_held": (
        "{files} 个文件里只有 {held} 个带有移交方的摘要；其余请按移交信息包补交，或附 SHA-256",
        "only {held} of {files} files came with the sender's digest: hand the others in as a package, or with a SHA-256",
    ),
    "held": (
        "{held} 个文件收到的字节与移交方给出的摘要一致",
        "received bytes come to the digest the sender gave: {held} files",
    ),
    "not_applicable_files": ("没有这一类文件", "no file of this kind"),
    "unopened": (
        "{unopened} 个文件打不开或没有相应的检测",
        "{unopened} files do not open or are of a kind not looked into",
    ),
    "unfinished": ("{unfinished} 个文件没有检完", "{unfinished} files were not checked to the end"),
    "undecided": ("{undecided} 个文件未能判定", "could not be decided for {undecided} files"),
    "no_scanner": ("没有配置查毒程序", "no malware scanner is configured"),
    "scanner": ("{scanner}", "{scanner}"),
    "scanner_silent": ("查毒程序没有应答", "the malware scanner does not answer"),
    "scanner_by_person": (
        "没有配置查毒程序；本机是否装有杀毒软件由人确认",
        "no scanner is configured; a person confirms whether the host has one",
    ),
    "by_person": ("由人查看并记录", "a person looks and records"),
    "scanner_undated": (
        "{scanner}；看不出病毒库日期，由人确认是否最新",
        "{scanner}; its signatures bear no date: a person confirms that they are current",
    ),
    "scanner_old": (
        "{scanner}；病毒库已 {days} 天没有更新，应更新后重新查毒",
        "{scanner}; its signatures are {days} days old: update them and scan again",
    ),
    "no_equipment": ("没有接入检测设备", "no measuring equipment is connected"),
    "online": (
        "在线接收，没有脱机载体；另有光盘、硬盘移交的，此项由接收人查看后记录",
        "received over the network, no medium; where discs or disks came as well, the receiver looks and records",
    ),
    "no_medium": (
        "程序看不出文件是否来自脱机载体；是光盘、硬盘的，由人整盘读一遍，记录读取速度",
        "whether the files lie on an offline medium cannot be seen here: a person reads a disc or disk whole and records its speed",
    ),
    "look_of_medium": (
        "由接收人查看载体有无划伤、污损，标签是否齐全，并记录",
        "the receiver looks at the medium for scratches, dirt and its label, and records it",
    ),
    "disc_by_device": (
        "没有接入光盘检测设备；用光盘移交的，按 DA/T 38 用检测仪测错误率，由人记录",
        "no disc tester is connected: discs are measured by a device as DA/T 38 asks, and a person records the error rates",
    ),
    "safe_way": (
        "由移交、接收双方确认交接过程受控、符合保密要求；系统内的每一步见日志",
        "both sides confirm that the transfer was controlled and kept secrets; each step within the system stands in the log",
    ),
    "store_by_person": (
        "由库房管理员对照温湿度和防护记录填写",
        "the keeper of the store fills it in from records of temperature, humidity and protection",
    ),
    "scan_report": (
        "由系统管理员对照最近一次安全漏洞扫描报告填写",
        "the system administrator fills it in from the latest report of a vulnerability scan",
    ),
    "no_restore": (
        "本报告看不到试恢复；由系统管理员用 zhudang backup、zhudang restore 在另一台机器上试恢复，核对后记录",
        "no trial restore is seen here: the administrator restores a backup on another machine (zhudang backup, zhudang restore), compares and records",
    ),
    "no_conversion": ("没有转换过的文件", "nothing was converted"),
    "no_database": ("没有连接数据库", "no database is connected"),
}
"""Why an item came to its result, by code; both languages."""

FOR_A_PERSON = frozenset(
    {
        "by_person",
        "scanner_by_person",
        "scanner_undated",
        "look_of_medium",
        "safe_way",
        "store_by_person",
        "scan_report",
    }
)
"""Reasons that hand an item to a person; the others only say why nothing was looked at."""
