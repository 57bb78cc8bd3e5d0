// How the map is drawn: colours come from the page's own tokens, so light and dark follow it.
import Fill from "ol/style/Fill.js";
import RegularShape from "ol/style/RegularShape.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import { make } from "./dom.js";
import { word } from "./words.js";

const BOX = Math.SQRT2 * 10;

export class Look {
  constructor() {
    const tokens = getComputedStyle(document.documentElement);
    this.ink = (name) => tokens.getPropertyValue(`--zd-${name}`).trim();
    this.sans = tokens.getPropertyValue("--zd-sans");
    this.kept = {};
  }

  once(key, build) { return (this.kept[key] ??= build()); }

  base(one, resolution) {
    const layer = one.get("layer");
    if (layer === "boundary") return this.once("boundary", () => [new Style({ stroke: new Stroke({ color: this.ink("map-bld-line"), width: 1.5, lineDash: [8, 4, 2, 4] }), fill: new Fill({ color: this.ink("map-ground") }), zIndex: 0 })]);
    if (layer === "water") return [...this.once("water", () => [new Style({ fill: new Fill({ color: this.ink("map-water") }), stroke: new Stroke({ color: this.ink("map-water"), width: 2 }), zIndex: 1 })]), ...this.label(one, resolution, 30, "water")];
    if (layer === "green") return this.once("green", () => [new Style({ fill: new Fill({ color: this.ink("map-green") }), zIndex: 1 })]);
    if (layer === "block") return this.once("block", () => [new Style({ fill: new Fill({ color: this.ink("map-block") }), zIndex: 1 })]);
    if (layer === "road") return this.road(one, resolution);
    if (layer === "name") return this.label(one, resolution, 60, "name");
    return [];
  }

  road(one, resolution) {
    const grade = Number(one.get("grade")) || 3;
    const metres = [30, 26, 16][grade] ?? 9;
    const wide = Math.min(16, Math.max([3, 3, 1.8][grade] ?? 1.2, metres / resolution));
    const key = `road-${wide.toFixed(1)}`;
    const lines = this.once(key, () => [
      new Style({ stroke: new Stroke({ color: this.ink("map-road-line"), width: wide + 2, lineCap: "round" }), zIndex: 2 }),
      new Style({ stroke: new Stroke({ color: this.ink("map-road"), width: wide, lineCap: "round" }), zIndex: 3 }),
    ]);
    return [...lines, ...this.label(one, resolution, grade === 1 ? 12 : 5, "road")];
  }

  label(one, resolution, most, kind) {
    const name = one.get("name");
    if (!name || resolution > most) return [];
    const line = one.getGeometry().getType().includes("Line");
    return [this.once(`label-${kind}-${name}-${line}`, () => new Style({
      zIndex: 9,
      text: new Text({
        text: name, font: `400 12px ${this.sans}`, placement: line ? "line" : "point", overflow: false, padding: [2, 4, 2, 4],
        fill: new Fill({ color: this.ink(kind === "water" ? "pipe-water" : "map-label") }), stroke: new Stroke({ color: this.ink("map-ground"), width: 3 }),
      }),
    }))];
  }

  area(_one, chosen) {
    return this.once(`area-${chosen}`, () => new Style({
      stroke: new Stroke({ color: this.ink("accent"), width: chosen ? 3 : 1.5 }),
      fill: new Fill({ color: `${this.ink("accent")}${chosen ? "55" : "24"}` }),
    }));
  }

  group(members, chosen) {
    const many = members.length > 1;
    const on = members.includes(chosen);
    const text = many ? String(members.length) : (members[0].get("n") ?? "");
    const round = many || members[0].get("layer") === "structure";
    return this.once(`group-${text}-${many}-${on}-${round}`, () => new Style({
      zIndex: on ? 9 : 5,
      image: new RegularShape({
        points: many ? 8 : round ? 24 : 4, angle: many ? Math.PI / 8 : Math.PI / 4, radius: many ? 15 : round ? 11 : BOX,
        fill: new Fill({ color: this.ink(on ? "accent" : "paper") }), stroke: new Stroke({ color: this.ink("accent"), width: many ? 2.5 : 1.5 }),
      }),
      text: text ? new Text({ text, font: `600 12px ${this.sans}`, offsetY: 1, fill: new Fill({ color: this.ink(on ? "on-accent" : "accent") }) }) : undefined,
    }));
  }
}

const KEYS = [["boundary", "边界"], ["road", "道路"], ["water", "水系"], ["green", "绿地"]];

export function legend(base) {
  const here = new Set(base.map((one) => one.get("layer")));
  const keys = KEYS.filter(([layer]) => here.has(layer)).map(([layer, told]) => make("span", { className: `key key-${layer}` }, make("i"), word(told)));
  return make("div", { className: "map-legend" },
    make("span", { className: "key key-site" }, make("i"), word("项目")), make("span", { className: "key key-structure" }, make("i"), word("建（构）筑物")),
    make("span", { className: "key key-group" }, make("i", {}, "3"), word("同处几项")), ...keys, make("span", {}, "CGCS2000"));
}

const BAR_PX = 110;

export function scaleBar(resolution) {
  const most = resolution * BAR_PX;
  const step = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((by) => by * step).find((one) => one <= most);
  const told = metres >= 1000 ? word("{0} km", metres / 1000) : word("{0} m", metres);
  const wide = Math.round(metres / resolution);
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ width: wide + 2, height: 8, "aria-hidden": "true" })) drawing.setAttribute(name, value);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [name, value] of Object.entries({ d: `M1 1v6h${wide}V1`, fill: "none", stroke: "currentColor", "stroke-width": 1.2 })) line.setAttribute(name, value);
  drawing.append(line);
  return [drawing, make("span", {}, told)];
}
