// The microphone, for whoever puts this text before a script of its own: sound in pieces, and a sentence for each way
// in which a browser may fail to give any.

const SENTENCES = {
  insecure: "This page came over plain http, and browsers lend their microphone only to https pages or to localhost. " +
    "Open it over https (whoever runs the server starts it with make class), or upload a file.",
  NotAllowedError: "The browser refused the microphone: click the sign left of the address, allow the microphone for " +
    "this page, and press again.",
  NotFoundError: "No microphone was found: plug one in, or choose one in the system's sound settings, and press again.",
  NotReadableError: "The microphone is there but gives nothing: close other programs that use it, and press again.",
  gone: "The microphone was unplugged or taken away: connect it and press again.",
  muted: "No sound arrives, not even noise: the microphone is muted, or another one is meant. Check the switch on it, " +
    "and the input in the system's sound settings.",
  other: "The microphone cannot be opened: try another browser, or upload a file.",
};
// Runs beside the page, in the thread of the sound: one channel, in pieces of 256 samples, with the time they end at.
const TAP = `registerProcessor("tap", class extends AudioWorkletProcessor {
  constructor() { super(); this.piece = new Float32Array(256); this.filled = 0; }
  process([channels]) {
    const count = channels.length ? channels[0].length : 0;
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.piece[this.filled++] = sum / channels.length;
      if (this.filled === this.piece.length) {
        this.port.postMessage({ samples: this.piece, end: currentTime + (i + 1) / sampleRate });
        this.piece = new Float32Array(256);
        this.filled = 0;
      }
    }
    return true;
  }
})`;

// What a browser does to a voice unless told not to: loudness carries much of the emotion.
const RAW = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

class Microphone {
  // hear(samples, when): Float32Array, and the moment of its last sample on the clock of performance.now().
  // gone(sentence): called where the sound ends by itself.
  constructor(hear, gone) { this.hear = hear; this.gone = gone; this.turn = 0; }

  // Throws an Error whose message is the sentence for the person.
  async open() {
    const turn = ++this.turn;
    if (!window.isSecureContext || !navigator.mediaDevices || !window.AudioWorkletNode) throw new Error(SENTENCES.insecure);
    const wanted = { ...RAW, channelCount: 1 };
    let stream = null, context = null;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
      context = new AudioContext({ latencyHint: "interactive" });
      const address = URL.createObjectURL(new Blob([TAP], { type: "text/javascript" }));
      try { await context.audioWorklet.addModule(address); } finally { URL.revokeObjectURL(address); }
      await context.resume();
      const tap = new AudioWorkletNode(context, "tap");
      tap.port.onmessage = ({ data }) => {
        if (this.context !== context) return;
        this.hear(data.samples, performance.now() - 1000 * Math.max(0, context.currentTime - data.end));
      };
      context.createMediaStreamSource(stream).connect(tap).connect(context.destination); // it plays nothing
    } catch (error) {
      release(stream, context);
      throw new Error(SENTENCES[error.name] || SENTENCES.other);
    }
    if (turn !== this.turn) return release(stream, context); // closed while the browser was asking
    stream.getAudioTracks()[0].onended = () => { this.close(); this.gone(SENTENCES.gone); };
    this.stream = stream;
    this.context = context;
  }
  get rate() { return this.context ? this.context.sampleRate : 0; }
  close() {
    this.turn++;
    release(this.stream, this.context);
    this.stream = this.context = null;
  }
}

function release(stream, context) {
  if (stream) for (const track of stream.getTracks()) { track.onended = null; track.stop(); }
  if (context && context.state !== "closed") context.close();
}

// Root mean square of some samples in dB below full scale, -100 at least.
function level(samples) {
  let power = 0;
  for (const sample of samples) power += sample * sample;
  return Math.max(-100, 10 * Math.log10(power / samples.length + 1e-12));
}
function inDecibels(value) { return `${Math.round(value)} dBFS`.replace("-", "\u2212"); }
