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
        ],
    }
).run()
