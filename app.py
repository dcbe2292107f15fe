"""Speech Emotion Lab.  Start it with `make app`, or `streamlit run app.py`."""

import streamlit as st

from pages.shared import brand

brand.configure()

st.navigation(
    {
        "Listen": [
            st.Page(
                "pages/recognise.py", title="Recognise", icon=":material/hearing:", url_path="recognise", default=True
            ),
            st.Page("pages/signal.py", title="Signal", icon=":material/graphic_eq:", url_path="signal"),
        ],
        "Judge": [
            st.Page("pages/models.py", title="Models", icon=":material/account_tree:", url_path="models"),
            st.Page("pages/corpora.py", title="Corpora", icon=":material/library_music:", url_path="corpora"),
        ],
    }
).run()
