// The stage: lanes one above the other on one seconds axis, and a playhead that moves with the sound.
// Python sends lanes, the address of the sound, the box and the zoom; the stage sends back box, zoom and moment.

const LEFT = 54, RIGHT = 10, TITLE = 20, GAP = 6, AXIS = 34, HANDLE = 8;
const CYAN = "#78DCE8";
const LEAST = 0.02; // seconds, of a box or a zoom
const WAYS = ["pointerdown", "click", "popstate"]; // off the page, where a link is pressed
const stages = new WeakMap();

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  const root = parentElement.querySelector(".stage");
  let stage = stages.get(root);
  if (!stage) {
    stage = new Stage(root);
    stages.set(root, stage);
  }
  stage.send = setStateValue;
  stage.update(data);
}

class Stage {
  constructor(root) {
    const find = (name) => root.querySelector("." + name);
    Object.assign(this, {
      root, surface: find("surface"), back: find("back"), front: find("front"), play: find("play"),
      playBox: find("play-box"), clear: find("clear"), clock: find("clock"), read: find("read"),
      veil: find("veil"), strength: find("strength"), audio: find("sound"),
    });
    this.files = new Map();
    this.view = [0, 1];
    this.box = null;
    this.until = null;
    this.drag = null;
    this.opacity = 0.75;
    this.play.onclick = () => this.toggle();
    this.playBox.onclick = () => this.playStretch();
    this.clear.onclick = () => this.setBox(null);
    find("in").onclick = () => this.zoomBy(0.5);
    find("out").onclick = () => this.zoomBy(2);
    find("all").onclick = () => this.setView([0, this.seconds], true);
    find("fit").onclick = () => this.box && this.setView(this.box, true);
    this.fit = find("fit");
    this.strength.oninput = () => { this.opacity = this.strength.value / 100; this.draw(); };
    this.strength.onchange = () => this.send("cover", Number(this.strength.value));
    this.surface.onpointerdown = (event) => this.down(event);
    this.surface.onpointermove = (event) => this.move(event);
    this.surface.onpointerup = (event) => this.up(event);
    this.surface.onpointercancel = () => { this.drag = null; this.drawFront(); };
    this.surface.onpointerleave = () => { this.hover = null; this.say(); this.drawFront(); };
    this.surface.onkeydown = (event) => this.key(event);
    this.surface.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoomBy(event.deltaY > 0 ? 1.25 : 0.8, this.timeAt(event));
    }, { passive: false });
    this.audio.onplay = this.audio.onpause = this.audio.onended = () => this.playing();
    this.audio.ontimeupdate = () => this.moved();
    new ResizeObserver(() => this.data && this.draw()).observe(this.surface);
    // What is told after the press on a link would draw this page's part once more where the next page stands.
    this.leaves = (event) => {
      if (!this.root.isConnected) return WAYS.forEach((kind) => window.removeEventListener(kind, this.leaves, true));
      const target = event.composedPath()[0];
      if (event.type !== "popstate" && !(target.closest && target.closest("a[href]"))) return;
      clearTimeout(this.waiting);
      clearTimeout(this.telling);
      this.waiting = null;
    };
    for (const kind of WAYS) window.addEventListener(kind, this.leaves, true);
  }

  update(data) {
    const before = this.data;
    this.data = data;
    this.seconds = data.seconds;
    if (!before || before.sound !== data.sound) {
      this.audio.src = address(data.sound);
      this.until = null;
      this.view = [0, this.seconds];
    }
    if (!this.drag) this.box = data.box;
    if (!this.waiting && (!before || "" + before.zoom !== "" + data.zoom || before.sound !== data.sound))
      this.view = data.zoom || [0, this.seconds];
    if (!before || before.cover !== data.cover) {
      this.strength.value = data.cover;
      this.opacity = data.cover / 100;
    }
    this.veil.hidden = !data.lanes.some((lane) => lane.veil);
    this.surface.setAttribute("aria-valuemax", this.seconds.toFixed(2));
    this.root.dataset.lanes = data.lanes.map((lane) => lane.title).join("|");
    const wanted = new Set();
    for (const lane of data.lanes) for (const name of ["image", "veil", "wave"]) if (lane[name]) {
      wanted.add(lane[name]);
      this.fetch(lane[name], name);
    }
    for (const known of this.files.keys()) if (!wanted.has(known)) this.files.delete(known);
    this.playing();
    this.draw();
    this.tell();
  }

  // For whoever waits until all is drawn.
  tell() { this.root.dataset.waits = [...this.files.values()].filter((content) => content === null).length; }

  fetch(url, kind) {
    if (this.files.has(url)) return;
    this.files.set(url, null);
    const keep = (content) => { if (this.files.has(url)) { this.files.set(url, content); this.draw(); this.tell(); } };
    if (kind === "wave") {
      fetch(address(url)).then((answer) => answer.arrayBuffer()).then((bytes) => keep(new Int8Array(bytes)), () => {});
      return;
    }
    const image = new Image();
    image.onload = () => keep(image);
    image.src = address(url);
  }

  // --- time and place -------------------------------------------------------------------------------------------
  x(time) { return LEFT + (time - this.view[0]) / (this.view[1] - this.view[0]) * this.inner; }
  time(x) { return this.view[0] + (x - LEFT) / this.inner * (this.view[1] - this.view[0]); }
  timeAt(event) {
    const time = this.time(event.clientX - this.surface.getBoundingClientRect().left);
    return Math.min(this.seconds, Math.max(0, time));
  }
  zoomBy(factor, around = null) {
    const [from, to] = this.view, middle = around ?? Math.min(to, Math.max(from, this.audio.currentTime || (from + to) / 2));
    const size = Math.min(this.seconds, Math.max(LEAST * 5, (to - from) * factor));
    const start = Math.min(this.seconds - size, Math.max(0, middle - (middle - from) / (to - from) * size));
    this.setView([start, start + size], true);
  }
  setView(view, tell) {
    this.view = [Math.max(0, view[0]), Math.min(this.seconds, view[1])];
    this.draw();
    if (!tell) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.waiting = null;
      const whole = this.view[1] - this.view[0] > this.seconds - 0.005;
      this.send("zoom", whole ? null : this.view.map((time) => Math.round(time * 100) / 100));
    }, 300);
  }
  setBox(box) {
    this.box = box && [Math.round(box[0] * 100) / 100, Math.round(box[1] * 100) / 100];
    this.send("box", this.box);
    this.playing();
    this.drawFront();
  }

  // --- sound ----------------------------------------------------------------------------------------------------
  toggle() {
    this.until = null;
    if (!this.audio.paused) return this.audio.pause();
    if (this.audio.currentTime >= this.seconds - 0.03) this.audio.currentTime = 0;
    this.start();
  }
  start() { const begun = this.audio.play(); if (begun) begun.catch(() => {}); }
  playStretch() {
    if (!this.box) return;
    this.audio.currentTime = this.box[0];
    this.until = this.box[1];
    this.start();
  }
  seek(time) {
    this.until = null;
    this.audio.currentTime = Math.min(this.seconds, Math.max(0, time));
    this.moved();
  }
  playing() {
    const on = !this.audio.paused && !this.audio.ended;
    this.play.textContent = on ? "❚❚ Pause" : "▶ Play";
    this.play.setAttribute("aria-pressed", on);
    for (const one of [this.playBox, this.clear, this.fit]) one.hidden = !this.box;
    if (this.box) this.playBox.textContent = `▶ ${this.box[0].toFixed(2)}–${this.box[1].toFixed(2)} s`;
    this.moved();
    if (on && !this.turning) { this.turning = true; requestAnimationFrame(() => this.turn()); }
  }
  turn() {
    if (!this.root.isConnected) this.audio.pause();
    if (this.until !== null && this.audio.currentTime >= this.until) {
      this.audio.pause();
      this.audio.currentTime = this.until; // a slow frame lets it run past the end
      this.until = null;
    }
    this.moved();
    this.turning = !this.audio.paused && !this.audio.ended;
    if (this.turning) requestAnimationFrame(() => this.turn());
  }
  moved() {
    const time = this.audio.currentTime, size = this.view[1] - this.view[0];
    if (!this.audio.paused && (time > this.view[1] || time < this.view[0]) && size < this.seconds - 0.01) {
      const start = Math.min(this.seconds - size, Math.max(0, time));
      this.view = [start, start + size];
      this.draw();
    }
    this.clock.textContent = `${time.toFixed(2)} / ${this.seconds.toFixed(2)} s`;
    this.surface.setAttribute("aria-valuenow", time.toFixed(2));
    this.surface.setAttribute("aria-valuetext", `${time.toFixed(2)} seconds`);
    this.say();
    this.drawFront();
  }

  // --- mouse, finger, keyboard ----------------------------------------------------------------------------------
  down(event) {
    if (event.button > 0) return;
    const place = event.clientY - this.surface.getBoundingClientRect().top;
    const scrub = place < this.tops[1] - TITLE / 2 || place > this.height - AXIS;
    this.drag = { kind: scrub ? "scrub" : "maybe", from: this.timeAt(event), x: event.clientX };
    this.surface.setPointerCapture(event.pointerId);
    if (scrub) this.seek(this.drag.from);
  }
  move(event) {
    this.hover = this.timeAt(event);
    this.hoverY = event.clientY - this.surface.getBoundingClientRect().top;
    if (this.drag) {
      if (this.drag.kind === "scrub") this.seek(this.hover);
      else if (this.drag.kind === "box" || Math.abs(event.clientX - this.drag.x) > 5) {
        this.drag.kind = "box";
        this.box = [Math.min(this.drag.from, this.hover), Math.max(this.drag.from, this.hover)];
      }
    }
    this.say();
    this.drawFront();
  }
  up(event) {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    if (drag.kind === "box" && this.box[1] - this.box[0] >= LEAST) {
      this.setBox(this.box);
      this.playStretch();
      return;
    }
    if (drag.kind === "box") this.box = this.data.box;
    this.seek(this.timeAt(event));
    this.tellMoment();
  }
  key(event) {
    const step = event.shiftKey ? 1 : 0.1, now = this.audio.currentTime;
    const acts = {
      " ": () => this.toggle(), ArrowLeft: () => this.seek(now - step), ArrowRight: () => this.seek(now + step),
      Home: () => this.seek(0), End: () => this.seek(this.seconds), "+": () => this.zoomBy(0.5),
      "=": () => this.zoomBy(0.5), "-": () => this.zoomBy(2), "0": () => this.setView([0, this.seconds], true),
      Escape: () => this.setBox(null), Enter: () => this.playStretch(),
      "[": () => this.edge(0, now), "]": () => this.edge(1, now),
    };
    if (!acts[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
    if (event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End") this.tellMoment();
  }
  edge(which, now) {
    const box = this.box ? [...this.box] : [0, this.seconds];
    box[which] = now;
    if (box[1] - box[0] >= LEAST) this.setBox(box);
  }
  tellMoment() {
    if (!this.data.moment) return;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.send("moment", Math.round(this.audio.currentTime * 100) / 100), 150);
  }

  // --- drawing --------------------------------------------------------------------------------------------------
  colour(name) { return getComputedStyle(this.root).getPropertyValue(name).trim(); }
  draw() {
    const width = this.surface.clientWidth;
    if (!width) return;
    const lanes = this.data.lanes;
    this.tops = [];
    let top = HANDLE; // of the playhead, above the first title
    for (const lane of lanes) { this.tops.push(top + TITLE); top += TITLE + lane.height + GAP; }
    this.tops.push(top + TITLE);
    this.height = top + AXIS;
    this.inner = width - LEFT - RIGHT;
    this.colours = {
      text: this.colour("--st-text-color"), primary: this.colour("--st-primary-color"),
      border: this.colour("--st-border-color"), ground: this.colour("--st-background-color"),
      surface: this.colour("--st-secondary-background-color"),
    };
    this.family = getComputedStyle(this.root).fontFamily;
    this.dark = brightness(this.colours.ground) < 0.5;
    const g = fitted(this.back, width, this.height);
    lanes.forEach((lane, number) => this.lane(g, lane, this.tops[number], width));
    this.axis(g, width);
    this.drawFront();
  }
  lane(g, lane, top, width) {
    const bottom = top + lane.height;
    g.font = `12px ${this.family}`;
    g.textBaseline = "alphabetic";
    g.textAlign = "left";
    g.fillStyle = this.colours.text;
    let room = this.inner;
    if (lane.note) {
      // on a narrow screen the last of it, such as the answer, leaves the title some room
      const note = g.measureText(lane.note + lane.title).width + 24 > room ? lane.note.split(" · ").pop() : lane.note;
      g.textAlign = "right";
      g.globalAlpha = 0.85;
      g.fillText(note, LEFT + this.inner, top - 6);
      room -= g.measureText(note).width + 12;
      g.globalAlpha = 1;
      g.textAlign = "left";
    }
    if (lane.scale) room -= this.scale(g, lane.scale, top);
    g.font = `600 12px ${this.family}`;
    g.fillText(shortened(g, lane.title, room), LEFT, top - 6);
    g.font = `11px ${this.family}`;
    g.save();
    g.globalAlpha = 0.75;
    g.translate(11, (top + bottom) / 2);
    g.rotate(-Math.PI / 2);
    g.textAlign = "center";
    if (lane.vertical) g.fillText(lane.vertical, 0, 0);
    g.restore();
    g.save();
    g.beginPath();
    g.rect(LEFT, top, this.inner, lane.height);
    g.clip();
    if (lane.kind === "wave") this.wave(g, lane, top);
    if (lane.kind === "image") this.image(g, lane, top);
    if (lane.kind === "curve") this.curve(g, lane, top);
    if (lane.kind === "bars") this.bars(g, lane, top);
    g.restore();
    g.textAlign = "right";
    g.textBaseline = "middle";
    g.globalAlpha = 0.75;
    g.fillStyle = this.colours.text;
    const ticks = lane.ticks || (lane.kind === "curve" ? [[0, brief(lane.low)], ...(lane.low < 0 && lane.high > 0 ? [[-lane.low / (lane.high - lane.low), "0"]] : []), [1, brief(lane.high)]] :
      [[0, brief(-lane.reach)], [0.5, "0"], [1, brief(lane.reach)]]);
    let last = Infinity;
    for (const [share, text] of ticks) {
      const y = Math.min(bottom - 5, Math.max(top + 5, bottom - share * lane.height));
      if (last - y < 12) continue;
      last = y;
      g.fillText(shortened(g, text, LEFT - (lane.vertical ? 22 : 7)), LEFT - 6, y);
    }
    g.globalAlpha = 1;
  }
  scale(g, scale, top) {
    const width = 54, left = LEFT + this.inner - width - 34, words = `${brief(scale.high)} ${scale.unit}`;
    g.font = `11px ${this.family}`;
    g.textAlign = "right";
    g.globalAlpha = 0.75;
    g.fillText(words, LEFT + this.inner, top - 6);
    const end = LEFT + this.inner - g.measureText(words).width - 6, begin = end - width;
    g.fillText(brief(scale.low), begin - 6, top - 6);
    const whole = width + 30 + g.measureText(words).width + g.measureText(brief(scale.low)).width;
    g.globalAlpha = 1;
    const blend = g.createLinearGradient(begin, 0, end, 0);
    const stops = scale.signed ? ["#FFCF67", "#8A3F2F", "#1D1017", "#4C4687", "#81E7FF"] : ["#070B12", "#3B6A76", CYAN];
    stops.forEach((colour, number) => blend.addColorStop(number / (stops.length - 1), colour));
    g.fillStyle = blend;
    g.fillRect(begin, top - 14, width, 8);
    g.fillStyle = this.colours.text;
    g.textAlign = "left";
    return whole;
  }
  wave(g, lane, top) {
    const middle = top + lane.height / 2, half = lane.height / 2 - 2, pairs = this.files.get(lane.wave);
    g.fillStyle = this.colours.surface;
    for (const [from, to] of lane.speech) g.fillRect(this.x(from), top, this.x(to) - this.x(from), lane.height);
    if (pairs) {
      const count = pairs.length / 2, rate = count / this.seconds;
      g.fillStyle = this.dark ? "#7F8A9B" : "#8A93A3";
      for (let pixel = 0; pixel < this.inner; pixel++) {
        const first = Math.max(0, Math.floor(this.time(LEFT + pixel) * rate));
        const last = Math.min(count, Math.max(first + 1, Math.ceil(this.time(LEFT + pixel + 1) * rate)));
        let low = 127, high = -127;
        for (let i = first; i < last; i++) { low = Math.min(low, pairs[2 * i]); high = Math.max(high, pairs[2 * i + 1]); }
        if (last > first) g.fillRect(LEFT + pixel, middle - high / 127 * half, 1, Math.max(0.7, (high - low) / 127 * half));
      }
    }
    g.strokeStyle = this.colours.text;
    g.lineWidth = 1.2;
    this.stroke(g, lane.line, (share) => middle - share * half);
  }
  image(g, lane, top) {
    // where a map has nothing, as the model was given nothing, is neither its lowest nor its highest colour
    g.fillStyle = lane.smooth ? "#04040B" : this.dark ? "#3A424E" : "#BDB8AC";
    const [from, to] = [Math.max(this.x(0), LEFT), Math.min(this.x(this.seconds), LEFT + this.inner)];
    g.fillRect(from, top, to - from, lane.height);
    this.picture(g, this.files.get(lane.image), lane.span, top, lane.height, lane.smooth);
    if (lane.veil) {
      g.globalAlpha = this.opacity;
      this.picture(g, this.files.get(lane.veil), lane.veilSpan, top, lane.height, true);
      g.globalAlpha = 1;
    }
    if (lane.line && this.opacity > 0) {
      const place = (share) => top + lane.height - 3 - share * (lane.height - 10);
      g.strokeStyle = "rgba(0,0,0,.6)"; g.lineWidth = 4; this.stroke(g, lane.line, place);
      g.strokeStyle = CYAN; g.lineWidth = 2; this.stroke(g, lane.line, place);
    }
  }
  picture(g, image, span, top, height, smooth) {
    if (!image) return;
    const size = span[1] - span[0], wide = image.naturalWidth;
    const first = Math.max(0, Math.floor((this.view[0] - span[0]) / size * wide));
    const last = Math.min(wide, Math.ceil((this.view[1] - span[0]) / size * wide));
    if (last <= first) return;
    const left = this.x(span[0] + first / wide * size), right = this.x(span[0] + last / wide * size);
    g.imageSmoothingEnabled = smooth && (right - left) / (last - first) < 6;
    g.drawImage(image, first, 0, last - first, image.naturalHeight, left, top, right - left, height);
  }
  curve(g, lane, top) {
    const size = lane.height - 4, floor = -lane.low / (lane.high - lane.low), zero = top + lane.height - 2 - floor * size;
    const place = (share) => top + lane.height - 2 - share * size;
    g.fillStyle = this.colours.surface;
    g.globalAlpha = 0.6;
    g.fillRect(LEFT, top, this.inner, lane.height);
    g.globalAlpha = 1;
    g.strokeStyle = this.dark ? "#7F8A9B" : "#8A93A3";
    g.lineWidth = 1;
    this.stroke(g, lane.behind, (share) => place(floor + share * (1 - floor)));
    const path = this.path(lane.line, place);
    if (!path) return;
    const filled = new Path2D(path.line);
    filled.lineTo(path.end, zero);
    filled.lineTo(path.begin, zero);
    g.fillStyle = CYAN;
    g.globalAlpha = 0.35;
    g.fill(filled);
    g.globalAlpha = 1;
    g.strokeStyle = this.dark ? CYAN : "#0E8A9A";
    g.lineWidth = 1.8;
    g.stroke(path.line);
  }
  bars(g, lane, top) {
    g.fillStyle = this.colours.surface;
    g.globalAlpha = 0.6;
    g.fillRect(LEFT, top, this.inner, lane.height);
    g.globalAlpha = 1;
    const colour = this.dark ? CYAN : "#0E8A9A", thick = Math.max(1, Math.min(5, lane.height / lane.bars.length - 1));
    for (const [from, to, middle, share] of lane.bars) {
      const y = top + lane.height - share * lane.height;
      g.fillStyle = colour;
      g.globalAlpha = 0.45;
      g.fillRect(this.x(from), y - thick / 2, Math.max(1, this.x(to) - this.x(from)), thick);
      g.globalAlpha = 1;
      g.fillStyle = this.colours.text;
      g.fillRect(this.x(middle) - 1.2, y - 1.2, 2.4, 2.4);
    }
  }
  path(line, place) {
    if (!line) return null;
    if (!line.values) {
      const bytes = Uint8Array.from(atob(line.steps), (letter) => letter.charCodeAt(0));
      line.values = new Uint16Array(bytes.buffer);
    }
    const count = line.values.length, step = (line.span[1] - line.span[0]) / count, path = new Path2D();
    const first = Math.max(0, Math.floor((this.view[0] - line.span[0]) / step) - 1);
    const last = Math.min(count - 1, Math.ceil((this.view[1] - line.span[0]) / step) + 1);
    if (last < first) return null;
    const at = (i) => this.x(line.span[0] + (i + 0.5) * step);
    const every = Math.max(1, Math.floor((last - first) / (2 * this.inner)));
    for (let i = first; i <= last; i += every) {
      let low = 65535, top = 0; // both: of votes against an emotion the dips count
      for (let j = i; j < Math.min(i + every, last + 1); j++) {
        low = Math.min(low, line.values[j]);
        top = Math.max(top, line.values[j]);
      }
      path.lineTo(at(i), place(low / 65535));
      if (top > low) path.lineTo(at(i), place(top / 65535));
    }
    return { line: path, begin: at(first), end: at(last) };
  }
  stroke(g, line, place) { const path = this.path(line, place); if (path) g.stroke(path.line); }
  axis(g, width) {
    const y = this.height - AXIS, size = this.view[1] - this.view[0];
    const rough = size / Math.max(2, Math.floor(this.inner / 80)), ten = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * ten).find((n) => n >= rough), digits = Math.max(0, -Math.floor(Math.log10(step)));
    g.font = `11px ${this.family}`;
    g.textAlign = "center";
    g.textBaseline = "top";
    g.fillStyle = this.colours.text;
    g.globalAlpha = 0.75;
    for (let n = Math.ceil(this.view[0] / step - 1e-6); n * step <= this.view[1] + 1e-9; n++) {
      const x = this.x(n * step);
      g.fillRect(x, y, 1, 4);
      if (x < width - 8) g.fillText((n * step).toFixed(digits), x, y + 6);
    }
    g.fillText("seconds", LEFT + this.inner / 2, y + 20);
    g.globalAlpha = 1;
  }
  drawFront() {
    if (!this.tops || !this.data) return;
    const g = fitted(this.front, this.surface.clientWidth, this.height), lanes = this.data.lanes;
    g.save();
    g.beginPath();
    g.rect(LEFT - 1, 0, this.inner + 2, this.height);
    g.clip();
    const bands = lanes.map((lane, number) => [this.tops[number], lane.height, lane.kind === "image"]);
    if (this.box) {
      const [from, to] = this.box.map((time) => this.x(time));
      for (const [top, height, dark] of bands) {
        g.fillStyle = dark ? "rgba(255,255,255,.16)" : this.colours.primary + "26";
        g.fillRect(from, top, to - from, height);
        g.fillStyle = dark ? "#fff" : this.colours.primary;
        g.fillRect(from, top, 1, height);
        g.fillRect(to - 1, top, 1, height);
      }
    }
    for (const [from, to] of this.data.marks || []) {
      g.fillStyle = this.colours.primary;
      g.fillRect(this.x(from), this.height - AXIS - 3, this.x(to) - this.x(from), 3);
    }
    if (this.hover !== null && this.hover !== undefined && !this.drag) this.upright(g, bands, this.hover, 0.35, 1);
    this.upright(g, bands, this.audio.currentTime || 0, 1, 2);
    g.restore();
    const x = this.x(this.audio.currentTime || 0);
    if (x > LEFT - 1 && x < LEFT + this.inner + 1) {
      g.fillStyle = this.colours.primary;
      g.beginPath();
      g.moveTo(x - 6, 0); g.lineTo(x + 6, 0); g.lineTo(x, HANDLE);
      g.fill();
      g.fillRect(x - 0.5, HANDLE - 1, 1, this.tops[0] - HANDLE + 1);
    }
    this.front.dataset.playhead = (this.audio.currentTime || 0).toFixed(3);
  }
  upright(g, bands, time, alpha, width) {
    const x = this.x(time);
    g.globalAlpha = alpha;
    for (const [top, height, dark] of bands) {
      g.fillStyle = dark ? "#fff" : this.colours.primary;
      g.fillRect(x - width / 2, top, width, height);
    }
    g.globalAlpha = 1;
  }
  say() {
    if (this.hover === null || this.hover === undefined || !this.tops) { this.read.textContent = this.data?.hint || ""; return; }
    const number = this.data.lanes.findIndex((lane, n) => this.hoverY >= this.tops[n] && this.hoverY <= this.tops[n] + lane.height);
    const lane = this.data.lanes[number], parts = [`${this.hover.toFixed(2)} s`];
    if (lane && lane.names && lane.kind === "image") {
      const row = Math.floor((this.tops[number] + lane.height - this.hoverY) / lane.height * lane.names.length);
      parts.push(`${lane.vertical} ${lane.names[Math.min(lane.names.length - 1, Math.max(0, row))]}`);
    } else if (lane && lane.line && lane.line.values && lane.kind === "curve") {
      const { values, span, low, high } = lane.line, i = Math.floor((this.hover - span[0]) / (span[1] - span[0]) * values.length);
      if (i >= 0 && i < values.length) parts.push(`${brief(low + values[i] / 65535 * (high - low))} ${lane.vertical}`);
    }
    this.read.textContent = parts.join(" · ");
  }
}

function address(url) { return url.startsWith("/") ? url.slice(1) : url; }
function brief(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  return (size >= 100 ? value.toFixed(0) : size >= 0.001 ? String(+value.toPrecision(2)) : value.toExponential(0)).replace("-", "−");
}
function shortened(g, text, room) {
  if (g.measureText(text).width <= room) return text;
  let end = text.length;
  while (end > 1 && g.measureText(text.slice(0, end) + "…").width > room) end--;
  return text.slice(0, end) + "…";
}
function fitted(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
  }
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return g;
}
function brightness(colour) {
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = colour;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return (red + green + blue) / 765;
}
