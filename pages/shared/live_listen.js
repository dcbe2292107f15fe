// Listening live: sound goes to Python every half second, the answer comes back, and is drawn with how late it is.
// Python holds the window that the model hears; the last half minute stays here, and goes when this does.

const KEPT = 30; // seconds of sound, and of answers
const PATIENCE = 4000; // milliseconds after which a message that nobody answered is sent again
const METER = 60; // dB that the meter spans
const LEAVING = "a[href], .st-key-live-open button"; // what leads to another page
const WAYS = ["pointerdown", "click", "popstate"];
const HOLD = 1000; // milliseconds without a message after a press on such a thing: time for the click that follows
const lives = new WeakMap();

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const root = parentElement.querySelector(".live");
  let live = lives.get(root);
  if (!live) {
    live = new Live(root);
    lives.set(root, live);
  }
  live.send = setTriggerValue;
  live.update(data);
}

class Live {
  constructor(root) {
    this.root = root;
    for (const name of ["start", "keep", "meter", "fill", "db", "late", "says", "hint", "rows", "course"])
      this[name] = root.querySelector("." + name);
    this.microphone = new Microphone((samples, when) => this.hear(samples, when), (why) => this.stop(why));
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.sent = Math.floor(Math.random() * 2 ** 50);
    this.flight = null; // the message that Python works on; a second one would replace it on its way
    this.queue = [];
    this.holdUntil = 0;
    this.clear();
    this.watch = setInterval(() => this.look(), 1000);
    this.leaves = (event) => {
      const target = event.composedPath()[0];
      if (event.type !== "popstate" && !(target.closest && target.closest(LEAVING))) return;
      if (event.type === "pointerdown") this.holdUntil = performance.now() + HOLD;
      else this.leave();
    };
    for (const kind of WAYS) window.addEventListener(kind, this.leaves, true);
    this.start.onclick = () => (this.on ? this.stop("") : this.begin());
    this.keep.onclick = () => this.hand();
    new ResizeObserver(() => this.data && this.draw()).observe(this.course);
  }

  clear() {
    this.pieces = []; // Int16Array, the newest last
    this.held = 0; // samples in them
    this.came = this.answered = 0; // samples since the start, and how far the answers reach
    this.answers = this.root.answers = []; // {end, shares, winner, late, drawn}
    this.loudest = this.quietSince = 0;
  }

  update(data) {
    const before = this.data;
    this.data = data;
    const others = !before || "" + before.labels !== "" + data.labels; // of another model
    if (others) this.answers.length = 0;
    if (others || before.dark !== data.dark) this.build();
    if (!data.allowed && this.on) this.stop("");
    const flight = this.flight;
    if (flight && data.done === flight.id) {
      this.flight = null;
      if (flight.kind === "keep") this.tell(data.said);
      if (flight.kind === "sound" && this.on && flight.run === this.run) this.take(data.answer, flight);
    }
    this.show();
    this.pump();
  }

  // --- sound ----------------------------------------------------------------------------------------------------
  async begin() {
    this.clear();
    this.run = Math.floor(Math.random() * 2 ** 50);
    this.on = true;
    this.say("Listening …");
    this.tell("If the browser asks for the microphone, allow it.");
    this.show();
    try {
      await this.microphone.open();
      if (!this.on) return;
      this.rate = this.microphone.rate;
      this.quietSince = performance.now();
      this.tell("");
    } catch (error) {
      this.stop(error.message);
    }
  }
  stop(why) {
    if (this.on && this.rate) this.queue.push({ kind: "ended" });
    this.close(why);
    this.pump();
  }
  close(why) {
    this.microphone.close();
    this.on = false;
    this.say(this.held ? "Stopped" : "Not listening");
    this.tell(why, why !== "");
    if (!why) this.tell(this.held ? "The last half minute stays in this browser until you start again or leave." : "");
    this.level(-100);
    this.show();
  }
  // A message that is sent between the way to another page and its arrival (Streamlit sends each a moment late) would
  // name this page, and empty the other one.  So none is; `app.py` forgets what was heard when it draws another page.
  leave() {
    this.queue.length = 0;
    if (this.flight) delete this.flight.message; // nor is it sent again
    if (this.on) this.close("");
  }
  hear(samples, when) {
    if (!this.root.isConnected) return this.microphone.close(); // another page is open
    const piece = Int16Array.from(samples, (x) => Math.max(-32768, Math.min(32767, Math.round(x * 32768))));
    this.pieces.push(piece);
    this.held += piece.length;
    this.came += piece.length;
    while (this.held - this.pieces[0].length >= KEPT * this.rate) this.held -= this.pieces.shift().length;
    if (piece.some((x) => x !== 0)) this.quietSince = when;
    this.level(level(samples));
    this.when = when;
    this.pump();
  }
  // The next message, if the last was answered.
  pump() {
    if (this.flight || performance.now() < this.holdUntil) return;
    if (this.queue.length) return this.post(this.queue.shift());
    if (!this.on || !this.rate || this.came - this.answered < this.data.step * this.rate) return;
    const wanted = Math.min(this.came - this.answered, this.held, Math.round(this.data.window * this.rate));
    const sound = { kind: "sound", run: this.run, rate: this.rate, first: this.came - wanted, pcm: packed(this.latest(wanted)) };
    this.post(sound, { run: this.run, came: this.came, when: this.when });
  }
  post(message, note = {}) {
    this.flight = { ...note, id: ++this.sent, kind: message.kind, posted: performance.now() };
    if (message.kind !== "sound") this.flight.message = message;
    this.send("message", { ...message, id: this.flight.id });
  }
  latest(wanted) {
    const all = new Int16Array(wanted);
    let place = wanted;
    for (let i = this.pieces.length - 1; place > 0; i--) {
      const piece = this.pieces[i], part = place < piece.length ? piece.subarray(piece.length - place) : piece;
      place -= part.length;
      all.set(part, place);
    }
    return all;
  }
  look() {
    if (!this.root.isConnected) {
      clearInterval(this.watch);
      for (const kind of WAYS) window.removeEventListener(kind, this.leaves, true);
      return this.microphone.close();
    }
    if (this.flight && performance.now() - this.flight.posted > PATIENCE) {
      if (this.flight.message) this.queue.unshift(this.flight.message);
      this.flight = null;
      this.passing("The server is busy: answers come late.");
    }
    this.pump();
    if (!this.on || !this.rate) return;
    if (performance.now() - this.quietSince > 2000) this.tell(SENTENCES.muted, true);
    else if (this.hint.textContent === SENTENCES.muted) this.tell("");
  }
  hand() {
    if (this.held < this.rate) return;
    this.tell("Keeping …");
    this.queue.push({ kind: "keep", rate: this.rate, pcm: packed(this.latest(this.held)) });
    this.pump();
  }

  // --- answers --------------------------------------------------------------------------------------------------
  take(answer, { came, when }) {
    this.answered = came;
    if (answer.over) return this.stop(answer.over);
    const fits = answer.shares && answer.shares.length === this.data.labels.length;
    const one = { end: this.answered / this.rate, shares: fits ? answer.shares : null, late: null, drawn: null };
    this.answers.push(one);
    while (this.answers[0].end < one.end - KEPT) this.answers.shift();
    if (answer.hint) this.passing(answer.hint);
    else if (this.hint.textContent === this.passed) this.tell("");
    this.say(answer.says);
    this.draw();
    // the frame that shows it has been made when the task after it runs
    requestAnimationFrame(() => setTimeout(() => {
      one.drawn = performance.now();
      one.late = one.drawn - when;
      this.late.textContent = `${Math.round(one.late)} ms from sound to answer`;
    }));
  }
  tell(words, amiss = false) {
    if (this.hint.textContent !== words) this.hint.textContent = words;
    this.hint.classList.toggle("amiss", amiss);
  }
  passing(words) { // gone with the next answer that has none
    this.passed = words;
    this.tell(words, true);
  }
  say(words) { if (this.says.textContent !== words) this.says.textContent = words; } // read aloud only where it changes

  // --- what is seen ---------------------------------------------------------------------------------------------
  build() {
    const { labels, colours } = this.data;
    this.rows.replaceChildren(...labels.map((label) => {
      const row = document.createElement("div");
      row.className = "row";
      row.innerHTML = '<span class="name"></span><span class="track"><span class="bar"></span></span><span class="share"></span>';
      row.querySelector(".name").textContent = label;
      row.querySelector(".bar").style.background = colours[label];
      return row;
    }));
  }
  show() {
    this.start.textContent = this.on ? "■ Stop" : "● Start listening";
    this.start.classList.toggle("on", !!this.on);
    this.start.disabled = !this.data.allowed;
    this.keep.disabled = this.held < (this.rate || 1);
    if (!this.on) this.late.textContent = "";
    if (!this.on && !this.held) this.say(this.data.allowed ? "Press Start and speak" : "Tick the box above first");
    this.draw();
  }
  level(value) {
    this.loudest = Math.max(value, (this.loudest || -100) - 0.5);
    const now = performance.now(), often = this.still.matches ? 500 : 60;
    if (value > -100 && now - (this.metered || 0) < often) return;
    this.metered = now;
    const shown = value > -100 ? this.loudest : -100;
    this.fill.style.width = `${Math.max(0, Math.min(100, 100 + shown / METER * 100))}%`;
    this.fill.classList.toggle("loud", shown > -3);
    if (now - (this.told || 0) < 400 && value > -100) return;
    this.told = now;
    this.db.textContent = shown > -100 ? inDecibels(shown) : "";
    this.meter.setAttribute("aria-valuenow", Math.max(-METER, Math.round(shown)));
    this.meter.setAttribute("aria-valuetext", shown > -100 ? inDecibels(shown) : "no sound");
    this.keep.disabled = this.held < (this.rate || 1);
  }
  draw() {
    const { labels, colours } = this.data, last = this.answers[this.answers.length - 1], shares = this.on && last && last.shares;
    const winner = shares ? shares.indexOf(Math.max(...shares)) : -1;
    [...this.rows.children].forEach((row, i) => {
      row.classList.toggle("first", i === winner);
      row.querySelector(".bar").style.width = `${shares ? 100 * shares[i] : 0}%`;
      row.querySelector(".share").textContent = shares ? percent(shares[i]) : "";
    });
    this.root.classList.toggle("quiet", !shares);
    const g = fitted(this.course, this.course.clientWidth, this.course.clientHeight);
    const wide = this.course.clientWidth, style = getComputedStyle(this.root), text = style.color;
    const first = this.rows.children[0], own = first.getBoundingClientRect().height;
    const beside = Math.abs(this.rows.getBoundingClientRect().top - this.course.getBoundingClientRect().top) < 5;
    const height = beside ? own : (this.course.clientHeight - 34) / labels.length;
    const x = (ago) => wide - 1 - ago / KEPT * (wide - 2), now = last ? last.end : 0;
    g.font = `11px ${style.fontFamily}`;
    labels.forEach((label, i) => {
      const top = i * height, floor = top + height - 4, size = height - (beside ? 9 : 18);
      g.fillStyle = text;
      g.globalAlpha = 0.12;
      g.fillRect(0, floor, wide, 1);
      for (const [n, one] of this.answers.entries()) {
        const from = Math.max(one.end - this.data.step, n ? this.answers[n - 1].end : 0), left = x(now - from), width = x(now - one.end) - left;
        if (left < 0) continue;
        g.fillStyle = one.shares ? colours[label] : text;
        g.globalAlpha = !one.shares ? 0.12 : one.shares[i] === Math.max(...one.shares) ? 1 : 0.45;
        const tall = one.shares ? Math.max(1, one.shares[i] * size) : 3;
        g.fillRect(left, floor - tall + 1, Math.max(1, width - 1), tall);
      }
      if (beside) return;
      g.fillStyle = text;
      g.globalAlpha = 0.9;
      g.textAlign = "left";
      g.textBaseline = "top";
      g.fillText(label, 0, top + 1);
    });
    g.fillStyle = text;
    g.globalAlpha = 0.75;
    g.textBaseline = "top";
    const base = labels.length * height + 2;
    for (let ago = 0; ago <= KEPT; ago += wide > 360 ? 5 : 10) {
      g.textAlign = ago === 0 ? "right" : ago === KEPT ? "left" : "center";
      g.fillText(ago ? `\u2212${ago}` : "now", x(ago), base + 4);
      g.fillRect(Math.round(x(ago)), base - 2, 1, 4);
    }
    g.textAlign = "center";
    g.fillText("seconds", wide / 2, base + 18);
    this.course.setAttribute("aria-label", this.aloud());
  }
  aloud() {
    const counts = {};
    for (const one of this.answers) {
      const name = one.shares ? this.data.labels[one.shares.indexOf(Math.max(...one.shares))] : "silence";
      counts[name] = (counts[name] || 0) + 1;
    }
    const parts = Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${Math.round(100 * count / this.answers.length)}%`);
    return parts.length ? `The last half minute, share of the time: ${parts.join(", ")}` : "The last half minute: nothing yet";
  }
}

function percent(share) { return share < 0.005 ? "<1%" : share >= 0.995 ? ">99%" : `${Math.round(100 * share)}%`; }
function packed(samples) {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), parts = [];
  for (let i = 0; i < bytes.length; i += 32768) parts.push(String.fromCharCode(...bytes.subarray(i, i + 32768)));
  return btoa(parts.join(""));
}
function fitted(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  g.globalAlpha = 1;
  return g;
}
