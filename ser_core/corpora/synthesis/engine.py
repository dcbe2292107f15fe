"""The process that eSpeak NG runs in: a request as JSON on standard input, 16-bit samples on standard output.

Run by espeak.py, once per clip: the library keeps hidden state from one sentence to the next (where it stands in its
tables of pitch flutter and noise), so only a fresh process gives the same samples for the same request.  Imports
nothing but the standard library, to start quickly.
"""

import ctypes
import json
import sys

RETRIEVE = 1  # AUDIO_OUTPUT_RETRIEVAL: samples go to the callback, not to a loudspeaker
PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}
CHARACTERS = 1  # positions are counted in characters
UTF8_SSML = 0x01 | 0x10


def main() -> None:
    request = json.load(sys.stdin)
    library = ctypes.CDLL(request["library"])
    chunks: list[bytes] = []

    def collect(samples: int, count: int, _events: int) -> int:
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, 2 * count))
        return 0

    # kept in a name: the library calls it for as long as it speaks
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(collect)

    rate = library.espeak_Initialize(RETRIEVE, 0, request["data"].encode(), 0)
    if rate <= 0:
        sys.exit("eSpeak NG did not start")
    library.espeak_ng_SetRandSeed(ctypes.c_long(request["seed"]))
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(request["voice"].encode()) != 0:
        sys.exit(f"eSpeak NG has no voice {request['voice']}")
    for name, number in PARAMETERS.items():
        library.espeak_SetParameter(number, request[name], 0)
    text = request["ssml"].encode()
    library.espeak_Synth(ctypes.c_char_p(text), ctypes.c_size_t(len(text) + 1), 0, CHARACTERS, 0, UTF8_SSML, None, None)
    library.espeak_Synchronize()
    sys.stdout.buffer.write(rate.to_bytes(4, "little") + b"".join(chunks))


if __name__ == "__main__":
    main()
