// Words of the islands. The source is Chinese, as everywhere; English stands beside it.
const ENGLISH = {
  "正在读取……": "Reading…",
  "打不开这份文件，可以下载原件。": "This file cannot be shown; the original can be downloaded.",
  "上页": "Previous", "下页": "Next", "放大": "Enlarge", "缩小": "Reduce", "整页": "Whole page", "适宽": "Fit width",
  "第几页": "Page number", "共 {0} 页": "of {0}", "在文中找": "Find in text", "文中无此词": "Not found in the text",
  "第 {0} 处，共 {1} 处": "Match {0} of {1}", "还有 {0} 页在读": "{0} pages still being read",
  "第 {0} 页": "Page {0}", "原件页面": "Pages of the original",
  "把文件夹拖到这里": "Drop folders here", "选文件夹": "Choose a folder", "选文件": "Choose files",
  "暂停": "Pause", "继续": "Go on", "取消": "Cancel", "全部暂停": "Pause all", "全部继续": "Resume all", "清掉已完成": "Clear finished",
  "等待": "Waiting", "已收 {0} / {1}": "{0} of {1} received", "已收，正在校验": "Received, being verified", "已收，已校验": "Received and verified",
  "{0} 件中 {1} 件已校验": "{1} of {0} verified", "没有收到：{0}": "Not received: {0}",
  "网络断开，已收的 {0} 完好": "Connection lost; the {0} received are safe",
  "上次没传完": "Not finished last time", "再选同一文件，从断处接着传": "Choose the same file again to go on from where it stopped",
  "已过期，须从头传": "Expired; must start again", "另有 {0} 件": "and {0} more", "接着传": "Go on", "重试": "Try again",
  "松开鼠标，归入 {0}": "Release to file under {0}", "松开鼠标，开始接收": "Release to begin",
  "快捷键": "Keyboard shortcuts", "关": "Close", "检索": "Search", "已到第 {0} 项": "Item {0}", "此页的键": "Keys on this page",
  "显示": "Show", "隐藏": "Hide", "显示密码": "Show password",
  "项目": "Project", "建（构）筑物": "Structure", "同处几项": "Several here", "同处 {0} 项": "{0} here", "回到全图": "Whole map", "地图没有数据": "The map has no data",
  "图上可用方向键移动，加减号缩放": "Arrow keys move the map, plus and minus zoom",
  "边界": "Boundary", "道路": "Roads", "水系": "Water", "绿地": "Green", "建筑": "Buildings",
  "{0} m": "{0} m", "{0} km": "{0} km", "没有一项符合": "Nothing matches",
  "这种文件没有页面预览，请打开原件。": "This kind of file has no page preview; open the original.",
  "原件": "Document", "应归档项": "Obligations", "检测与著录": "Checks and description",
  "换了文件：{0}": "File chosen: {0}",
  "确由本馆盖章，盖章后未改动": "Sealed by this archive and unchanged since",
  "由这台机器自己算出，没有问服务器。此后是否作废，只有登记簿能说。": "Worked out by this machine itself; no server was asked. Whether it was voided since, only the register can say.",
  "这个文件被改动过，不能采信": "This file was changed: do not rely on it",
  "它带有本馆的印章或证明，但内容与盖章时不同。请向持件人索取原文件。": "It carries this archive's seal or proof, but not the content that was sealed. Ask its holder for the original file.",
  "印章无误，所附的登记证明对不上": "The seal is sound, the proof of registration is not",
  "请与本馆联系核实。": "Please ask the archive.",
  "没有认出本馆的印章": "No seal of this archive was recognised",
  "不是本馆盖章的文书，或所用的印章这一页不认得。": "Not a document sealed by this archive, or sealed with a certificate this page does not know.",
  "读不了这个文件": "This file cannot be read", "文件超过 40 MB，或已被移走。": "It is larger than 40 MB, or was moved away.",
  "由谁签发": "Issued by", "有没有改动": "Changed or not", "自带证明": "Proof it carries",
  "印章与本页所带的本馆印章证书相符": "The seal is by a certificate of this archive that came with this page",
  "印章核验不通过": "The seal does not verify", "没有本馆的印章": "No seal of this archive",
  "印章盖住整个文件，盖章后逐字节未改": "The seal covers the whole file; not a byte was changed since",
  "盖章之后又添了内容": "Something was added after sealing", "与盖章时的文件不同": "Not the file that was sealed", "无从核对": "Nothing to compare with",
  "公钥 {0}…": "Public key {0}…",
  "记录在日志第 {0} 条，沿所附路径到前 {1} 条的树根，树根有本馆日志密钥的签名": "The record is entry {0} of the log; by the path given it is under the root over the first {1}, signed with this archive's log key",
  "证明自成一体，但签名的密钥不在本页所带的公钥之列": "Consistent in itself, but signed with a key that is not among those this page came with",
  "所附的登记证明对不上": "The proof of registration does not hold",
  "文件没有自带登记证明；移交凭证才有": "The file carries no proof of registration; only transfer certificates do",
  "先在这台机器上核对；联网时再问登记簿是否作废，问后即弃。": "Checked on this machine first; then, if online, the register is asked whether it is void, and the file discarded.",
  "正在核对……": "Checking…", "离线核对": "Checked offline", "不经服务器": "Without a server", "登记簿的回答": "What the register says",
  "正在问登记簿……": "Asking the register…", "查验本馆签发的文书": "Verify a document we issued",
  "没有连上服务器。是否作废、是否被替换，要联网问登记簿，或向本馆查询。": "No server was reached. Whether it was voided or replaced, ask the register online, or the archive.",
};

const english = document.documentElement.lang.startsWith("en");

export function word(text, ...values) {
  const sentence = english ? (ENGLISH[text] ?? text) : text;
  return sentence.replace(/\{(\d)\}/g, (_whole, place) => values[Number(place)] ?? "");
}

export const WORDS = ENGLISH;

export function size(bytes) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes, unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1024; unit += 1; }
  if (!unit) return `${value} B`;
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${units[unit]}`;
}

export function number(value) {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}
