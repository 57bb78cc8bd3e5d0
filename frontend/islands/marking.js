// Mark searched words in the text layer of a page. A word may run over several pieces of text.
export function markText(divs, query) {
  for (const div of divs) if (div.querySelector("mark")) div.textContent = div.textContent;
  const terms = query.trim().toLowerCase().split(/\s+/).filter((term) => term.length > 0);
  if (!terms.length) return 0;
  const where = [];
  let whole = "";
  divs.forEach((div, index) => {
    const text = div.textContent;
    for (let at = 0; at < text.length; at += 1) {
      if (/\s/.test(text[at])) continue;
      whole += text[at].toLowerCase();
      where.push([index, at]);
    }
  });
  const marked = new Map();
  let found = 0;
  for (const term of terms) {
    for (let at = whole.indexOf(term); at >= 0; at = whole.indexOf(term, at + term.length)) {
      found += 1;
      for (let i = at; i < at + term.length; i += 1) {
        const [index, place] = where[i];
        if (!marked.has(index)) marked.set(index, new Set());
        marked.get(index).add(place);
      }
    }
  }
  for (const [index, places] of marked) rewrite(divs[index], places);
  return found;
}

function rewrite(div, places) {
  const text = div.textContent;
  const parts = [];
  for (let at = 0; at < text.length;) {
    const on = places.has(at);
    let end = at;
    while (end < text.length && places.has(end) === on) end += 1;
    const piece = text.slice(at, end);
    if (on) { const mark = document.createElement("mark"); mark.textContent = piece; parts.push(mark); } else parts.push(piece);
    at = end;
  }
  div.replaceChildren(...parts);
}
