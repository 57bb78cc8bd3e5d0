// One map: our own base and the things people may know of, drawn on canvas; the list beside it says the same in words.
// Coordinates are CGCS2000 degrees (EPSG:4490); a local plane in metres keeps shapes and the scale bar true.
import Map from "ol/Map.js";
import View from "ol/View.js";
import GeoJSON from "ol/format/GeoJSON.js";
import Point from "ol/geom/Point.js";
import VectorLayer from "ol/layer/Vector.js";
import { boundingExtent, getCenter, isEmpty } from "ol/extent.js";
import { Projection, addCoordinateTransforms, addProjection } from "ol/proj.js";
import Cluster from "ol/source/Cluster.js";
import VectorSource from "ol/source/Vector.js";
import "ol/ol.css";
import { make, say } from "./dom.js";
import { legend, Look, scaleBar } from "./map-look.js";
import { number, word } from "./words.js";

const METRES_PER_DEGREE = 111320;
const CLUSTER_PX = 34;
const CLOSEST = 0.25;
const FONT_WAIT_MS = 2500;

export async function start(element) {
  const listing = element.dataset.list ? document.querySelector(element.dataset.list) : null;
  const [base, things] = await Promise.all([read(element.dataset.base), read(element.dataset.features)]);
  const bounds = numbers(element.dataset.extent, 4);
  const middle = bounds ? (bounds[1] + bounds[3]) / 2 : 30;
  const plane = localPlane(middle);
  const format = new GeoJSON({ dataProjection: "EPSG:4326", featureProjection: plane });
  const [ground, placed] = [base, things].map((found) => (found ? format.readFeatures(found) : []));
  await fontsFor([...ground, ...placed].map((one) => one.get("name") ?? "").join(""));
  new TownMap(element, listing, {
    plane, base: ground, things: placed,
    bounds: bounds ? boundingExtent([[bounds[0], bounds[1]], [bounds[2], bounds[3]]].map((at) => plane.zdForward(at))) : null,
    focus: numbers(element.dataset.focus, 2),
  });
}

// Canvas draws a box for a character whose slice of the font has not come yet, so the slices are asked for first.
async function fontsFor(text) {
  const sans = getComputedStyle(document.documentElement).getPropertyValue("--zd-sans");
  const letters = [...new Set(text)].join("");
  const wait = new Promise((resolve) => setTimeout(resolve, FONT_WAIT_MS));
  await Promise.race([Promise.all([400, 600].map((weight) => document.fonts?.load(`${weight} 12px ${sans}`, `${letters}0123456789`))), wait]).catch(() => {});
}

function numbers(text, count) {
  const found = (text ?? "").split(",").map(Number);
  return found.length === count && found.every(Number.isFinite) && text ? found : null;
}

async function read(address) {
  if (!address) return null;
  try {
    const answer = await fetch(address, { headers: { Accept: "application/geo+json" } });
    return answer.ok ? await answer.json() : null;
  } catch { return null; }
}

function localPlane(latitude) {
  const across = METRES_PER_DEGREE * Math.cos((latitude * Math.PI) / 180);
  const forward = ([lon, lat]) => [lon * across, lat * METRES_PER_DEGREE];
  const back = ([x, y]) => [x / across, y / METRES_PER_DEGREE];
  const plane = new Projection({ code: "ZD:LOCAL", units: "m", extent: [...forward([-180, -90]), ...forward([180, 90])] });
  plane.zdForward = forward;
  addProjection(plane);
  for (const code of ["EPSG:4326", "EPSG:4490"]) addCoordinateTransforms(code, plane, forward, back);
  return plane;
}

class TownMap {
  constructor(element, listing, data) {
    Object.assign(this, { element, listing, data, chosen: null, look: new Look() });
    this.canvas = make("div", { className: "map-canvas", tabindex: "0", role: "application", "aria-label": word("图上可用方向键移动，加减号缩放") });
    element.append(this.canvas, this.tools(), legend(data.base), this.scale = make("div", { className: "map-scale" }));
    this.card = element.appendChild(make("div", { className: "map-card", role: "status", hidden: true }));
    this.numbered();
    const areas = new VectorSource({ features: data.things.filter((one) => one.getGeometry().getType() !== "Point") });
    const points = new VectorSource({ features: data.things });
    this.clusters = new Cluster({ source: points, distance: CLUSTER_PX, geometryFunction: (one) => new Point(middleOf(one)) });
    this.layers = [
      new VectorLayer({ source: new VectorSource({ features: data.base }), style: (one, resolution) => this.look.base(one, resolution), declutter: true, updateWhileInteracting: true }),
      new VectorLayer({ source: areas, style: (one) => this.look.area(one, one === this.chosen) }),
      new VectorLayer({ source: this.clusters, style: (group) => this.look.group(group.get("features"), this.chosen) }),
    ];
    this.map = new Map({ target: this.canvas, controls: [], layers: this.layers, view: new View({ projection: data.plane, minResolution: CLOSEST, maxResolution: 400, enableRotation: false }) });
    this.home();
    if (data.focus) this.map.getView().setCenter(data.plane.zdForward(data.focus)) || this.map.getView().setResolution(2);
    this.map.on("click", (event) => this.pressed(event));
    this.map.on("moveend", () => { this.scale.replaceChildren(...scaleBar(this.map.getView().getResolution())); });
    this.map.on("pointermove", (event) => { if (!event.dragging) this.canvas.style.cursor = this.hit(event.pixel) ? "pointer" : ""; });
    document.addEventListener("zd:theme", () => { this.look = new Look(); this.layers.forEach((layer) => layer.changed()); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener?.("change", () => { this.look = new Look(); this.layers.forEach((layer) => layer.changed()); });
    document.fonts?.ready.then(() => this.layers.forEach((layer) => layer.changed()));
    this.listen();
    if (!data.base.length && !data.things.length) element.append(make("p", { className: "map-empty" }, word("地图没有数据")));
  }

  tools() {
    const button = (text, act) => make("button", { type: "button", className: "btn btn-sm", onclick: act }, text);
    const zoom = (by) => this.map.getView().animate({ resolution: this.map.getView().getResolution() * by, duration: 150 });
    return make("div", { className: "map-tools" }, button(word("放大"), () => zoom(0.5)), button(word("缩小"), () => zoom(2)), button(word("回到全图"), () => this.home()));
  }

  home() {
    const all = this.data.things.length ? new VectorSource({ features: this.data.things }).getExtent() : null;
    const extent = this.data.bounds ?? (all && !isEmpty(all) ? all : null);
    if (extent) this.map.getView().fit(extent, { padding: [30, 30, 30, 30], maxZoom: 22, minResolution: 2 });
    else this.map.getView().setCenter([0, 0]) || this.map.getView().setResolution(100);
  }

  // Numbers on the map are those of the list beside it.
  numbered() {
    this.rows = new globalThis.Map();
    for (const row of this.listing?.querySelectorAll("[data-id]") ?? []) {
      const thing = this.data.things.find((one) => String(one.getId()) === row.dataset.id);
      if (!thing) continue;
      thing.set("n", row.querySelector(".n")?.textContent ?? "");
      this.rows.set(thing, row);
    }
  }

  listen() {
    for (const [thing, row] of this.rows) {
      for (const kind of ["mouseenter", "focusin"]) row.addEventListener(kind, () => this.choose(thing, kind === "focusin"));
    }
  }

  hit(pixel) { return this.map.forEachFeatureAtPixel(pixel, (one) => one, { layerFilter: (layer) => layer !== this.layers[0], hitTolerance: 4 }); }

  pressed(event) {
    const found = this.hit(event.pixel);
    if (!found) { this.choose(null); return; }
    const members = found.get("features") ?? [found];
    if (members.length === 1) { this.choose(members[0]); this.tell(members); return; }
    const extent = boundingExtent(members.map(middleOf));
    const view = this.map.getView();
    if (Math.max(extent[2] - extent[0], extent[3] - extent[1]) < CLUSTER_PX * CLOSEST || view.getResolution() <= CLOSEST * 1.2) { this.tell(members); return; }
    view.fit(extent, { padding: [80, 80, 80, 80], duration: 250, minResolution: CLOSEST });
  }

  choose(thing, move = false) {
    this.rows.get(this.chosen)?.classList.remove("sel");
    this.chosen = thing;
    const row = this.rows.get(thing);
    row?.classList.add("sel");
    this.layers[1].changed();
    this.layers[2].changed();
    if (thing && move) {
      const view = this.map.getView();
      const at = middleOf(thing);
      const [left, bottom, right, top] = view.calculateExtent(this.map.getSize());
      if (at[0] < left || at[0] > right || at[1] < bottom || at[1] > top) view.animate({ center: at, duration: 200 });
    }
    if (!thing) this.card.hidden = true;
  }

  tell(members) {
    const list = make("ul");
    for (const one of members.slice(0, 20)) {
      const name = one.get("name");
      list.append(make("li", {}, one.get("url") ? make("a", { className: "title", href: one.get("url") }, name) : name));
    }
    this.card.replaceChildren(...(members.length > 1 ? [make("p", { className: "small muted" }, word("同处 {0} 项", number(members.length)))] : []), list);
    this.card.hidden = false;
    this.rows.get(members[0])?.scrollIntoView({ block: "nearest" });
    say(members.map((one) => one.get("name")).join("、"));
  }
}

function middleOf(one) {
  const shape = one.getGeometry();
  return shape.getType() === "Point" ? shape.getCoordinates() : getCenter(shape.getExtent());
}

