"""What each picture of a clip shows, what it does not show, and how it is computed."""

from __future__ import annotations

from dataclasses import dataclass

WAVEFORM, SPECTROGRAM, LOG_MEL, MFCC, PITCH = "Waveform", "Spectrogram", "Log-mel spectrogram", "MFCC", "Pitch"


@dataclass(frozen=True)
class Explanation:
    """shows, not_shown: a sentence each.  more: how it comes about.  formulas: LaTeX.  try_this: something to see."""

    shows: str
    not_shown: str
    more: str
    formulas: tuple[str, ...]
    try_this: str


PICTURES = {
    WAVEFORM: Explanation(
        shows="Shows the sound itself (grey; full scale is 1), how strong it is around each moment (RMS over 25 ms) "
        "and where a detector hears speech.",
        not_shown="Does not show which frequencies it is made of: quite different vowels can look alike here.",
        more="A microphone measures air pressure; here 16,000 times a second. The line is the root of the mean square "
        "of the samples within 25 ms. Speech is found by Silero VAD, a small network that knows nothing of emotions.",
        formulas=(r"\mathrm{RMS}(t) = \sqrt{\frac{1}{N}\sum_{n=1}^{N} x[t+n]^2}",),
        try_this="Turn the gain up until the wave touches 1: what passes full scale is cut off, and you hear it.",
    ),
    SPECTROGRAM: Explanation(
        shows="Shows how strong each frequency is from moment to moment: bright is strong.",
        not_shown="Does not show seconds and hertz sharply at once: a longer window parts the hertz and smears the "
        "seconds.",
        more="A window slides over the sound, and each position is taken apart into sine waves (the short-time Fourier "
        "transform). The evenly spaced stripes of a voice are its harmonics; the broad bright bands are formants, the "
        "resonances of the mouth. Phase is thrown away.",
        formulas=(
            r"X[k,t] = \sum_{n=0}^{N-1} w[n]\, x[n + tH]\, e^{-2\pi i k n / N}",
            r"L[k,t] = 20 \log_{10} \frac{2\,|X[k,t]|}{\sum_n w[n]}\ \mathrm{dB}",
        ),
        try_this="Choose settings of your own, a hop of 2 ms, and go from a window of 5 ms to one of 128 ms: first you "
        "see each pulse of the voice as an upright line, then each harmonic as a level one.",
    ),
    LOG_MEL: Explanation(
        shows="Shows the same strength in mel bands, which lie close at low and wide at high frequencies, as hearing "
        "does.",
        not_shown="Does not show single harmonics where bands are wide, and nothing of the phase.",
        more="Each band is a triangular weighted sum of the spectrum's power; then the logarithm is taken, because "
        "equal ratios sound like equal steps. The ticks at the left are hertz, set where the mel scale puts them.",
        formulas=(
            r"M[b,t] = \sum_k m_b[k]\, |X[k,t]|^2",
            r"L[b,t] = 10 \log_{10} M[b,t]\ \mathrm{dB}",
            r"\mathrm{mel}(f) = \begin{cases} 3f/200 & f < 1000\ \mathrm{Hz} \\ "
            r"15 + 27\,\log_{6.4}(f/1000) & \text{else} \end{cases}",
        ),
        try_this="Mask 0 to 1,000 Hz in the sound: an eighth of the hertz, and a third of the rows go dark.",
    ),
    MFCC: Explanation(
        shows="Shows the shape of each moment's log-mel spectrum: row 0 is its overall level, low rows its broad "
        "outline, high rows its fine ripple.",
        not_shown="Does not show hertz: every coefficient is a cosine over all bands, so no row belongs to a pitch.",
        more="Mel-frequency cepstral coefficients are the discrete cosine transform (DCT-II, orthonormal) of the "
        "log-mel spectrum, the first few of them. They are drawn in deviations from each row's mean over the clip: as "
        "they come, row 0 is a hundred times larger than the rest.",
        formulas=(
            r"c_i[t] = s_i \sum_{b=0}^{B-1} L[b,t] \cos\!\left(\frac{\pi i}{B}\left(b + \tfrac12\right)\right)",
            r"s_0 = \sqrt{1/B},\quad s_i = \sqrt{2/B}",
        ),
        try_this="Turn the gain down by 20 dB: nothing changes, for a gain shifts row 0 alone, and deviations from its "
        "mean take that out. Then add noise: every row changes.",
    ),
    PITCH: Explanation(
        shows="Shows the pitch of the voice (its fundamental frequency) wherever it is voiced.",
        not_shown="Does not show anything that these models are given: none of them reads a pitch track, and the track "
        "errs by an octave now and then.",
        more="YIN looks, every 10 ms, for the time after which the wave comes back most alike. A moment counts as "
        "voiced where the wave really repeats itself after that time (correlation of at least 0.5) and is not softer "
        "than 40 dB below the loudest. It is sought between 65 and 800 Hz.",
        formulas=(
            r"d_t(\tau) = \sum_{n} \left(x[t+n] - x[t+n+\tau]\right)^2",
            r"f_0 = 1 / \tau^{*}, \quad \tau^{*} = \text{first dip of } "
            r"\frac{d_t(\tau)}{\frac1\tau\sum_{j\le\tau} d_t(j)}",
        ),
        try_this="Play the clip 1.5 times as fast: the whole line moves up by a fifth.",
    ),
}
