"""Speech Emotion Lab.  Start it with `make app`, or `streamlit run app.py`."""

import streamlit as st

from pages.shared import brand, live_places, notice, warm

brand.configure()

page = st.navigation(
    {
        "Listen": [
            st.Page(
                "pages/recognise.py", title="Recognise", icon=":material/hearing:", url_path="recognise", default=True
            ),
            st.Page("pages/live.py", title="Live", icon=":material/sensors:", url_path="live"),
            st.Page("pages/signal.py", title="Signal", icon=":material/graphic_eq:", url_path="signal"),
            st.Page(
                "pages/attention.py", title="Attention", icon=":material/center_focus_strong:", url_path="attention"
            ),
        ],
        "Judge": [
            st.Page("pages/evaluate.py", title="Evaluate", icon=":material/fact_check:", url_path="evaluate"),
            st.Page("pages/models.py", title="Models", icon=":material/account_tree:", url_path="models"),
            st.Page("pages/corpora.py", title="Corpora", icon=":material/library_music:", url_path="corpora"),
        ],
        "Train": [
            st.Page("pages/train.py", title="Train", icon=":material/model_training:", url_path="train"),
        ],
    }
)
if page.url_path != "live":
    live_places.leave()  # whoever listened does not any more
notice.in_class()
page.run()
warm.warm_up()  # behind the page, which is what the visitor waits for
