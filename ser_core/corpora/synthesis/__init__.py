"""How the synthetic corpus is made: `python -m ser_core.corpora.synthesis OUT` writes all of it again.

voices.py      who speaks, and what is said
prosody.py     the rules: what each emotion does to a voice, with the source of every line
markup.py      sentence and rule -> SSML, word by word
espeak.py      SSML -> sound, by eSpeak NG (engine.py is the process it runs in)
colouring.py   voice quality: what eSpeak NG cannot do and the rules ask for
rendering.py   one clip, from its name to samples at 16 kHz
ogg.py         samples -> a file whose bytes depend on nothing but the samples

Only making the corpus needs eSpeak NG (`espeakng-loader`); using it does not.
"""
