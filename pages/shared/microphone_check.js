// Whether the microphone may be used, is there, and gives sound: before anything is recorded.

const SECONDS = 8, METER = 60;
const checks = new WeakMap();

// Streamlit's own recorder, which stands beside this, asks for a sample rate alone, and the browser's gain control and
// noise suppression would stay on: whoever asks in this page gets the sound as it is, unless they ask for more.
function unprocessed(devices) {
  if (!devices || devices.unprocessed) return;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (wanted) =>
    open(wanted && wanted.audio ? { ...wanted, audio: { ...RAW, ...wanted.audio } } : wanted);
  devices.unprocessed = true;
}
unprocessed(navigator.mediaDevices);

export default function ({ parentElement }) {
  const root = parentElement.querySelector(".check");
  if (!checks.has(root)) checks.set(root, new Check(root));
}

class Check {
  constructor(root) {
    for (const name of ["press", "meter", "fill", "hint"]) this[name] = root.querySelector("." + name);
    this.root = root;
    this.usual = this.hint.textContent;
    this.microphone = new Microphone((samples) => this.hear(samples), (why) => this.stop(why));
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.press.onclick = () => (this.on ? this.stop(this.found()) : this.begin());
    this.ask();
  }
  // What can be known without asking the person.
  async ask() {
    if (!window.isSecureContext || !navigator.mediaDevices) return this.say(SENTENCES.insecure, true);
    try {
      const known = await navigator.mediaDevices.enumerateDevices();
      if (!known.some((device) => device.kind === "audioinput")) this.say(SENTENCES.NotFoundError, true);
      const leave = await navigator.permissions.query({ name: "microphone" });
      const tell = () => {
        if (leave.state === "denied") this.say(SENTENCES.NotAllowedError, true);
        else if (this.hint.textContent === SENTENCES.NotAllowedError) this.say(this.usual, false);
      };
      leave.onchange = tell;
      tell();
    } catch { /* some browsers do not tell: the check itself will */ }
  }
  async begin() {
    this.on = true;
    this.loudest = -100;
    this.shown = -100;
    this.press.textContent = "Stop";
    this.say("Speak as you will when you record …", false);
    try {
      await this.microphone.open();
      this.timer = setTimeout(() => this.stop(this.found()), 1000 * SECONDS);
    } catch (error) {
      this.stop(error.message, true);
    }
  }
  stop(words, amiss = !words.startsWith("The microphone hears you")) {
    clearTimeout(this.timer);
    this.microphone.close();
    this.on = false;
    this.press.textContent = "Check the microphone";
    this.draw(-100);
    this.say(words, amiss);
  }
  found() {
    if (this.loudest <= -99) return SENTENCES.muted;
    if (this.loudest < -50) return "Hardly anything arrives: speak, move closer, or turn the input level up.";
    if (this.peak >= 0.99) return "Too loud: the sound is cut off at full scale. Move back, or turn the input level down.";
    return `The microphone hears you: ${inDecibels(this.loudest)} at the loudest. Nothing was recorded.`;
  }
  hear(samples) {
    if (!this.root.isConnected) return this.microphone.close();
    const now = level(samples);
    this.peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), this.loudest > -100 ? this.peak : 0);
    this.loudest = Math.max(this.loudest, now);
    this.draw(Math.max(now, this.shown - 0.5));
  }
  draw(value) {
    this.shown = value;
    const now = performance.now();
    if (value > -100 && now - (this.drawn || 0) < (this.still.matches ? 500 : 60)) return;
    this.drawn = now;
    this.fill.style.width = `${Math.max(0, 100 + value / METER * 100)}%`;
    this.meter.setAttribute("aria-valuenow", Math.max(-METER, Math.round(value)));
    this.meter.setAttribute("aria-valuetext", value > -100 ? inDecibels(value) : "no sound");
  }
  say(words, amiss) {
    this.hint.textContent = words;
    this.hint.classList.toggle("amiss", amiss);
  }
}
