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
