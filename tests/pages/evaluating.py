"""What the tests of the page Evaluate share."""

from __future__ import annotations

import json
import threading

from streamlit.testing.v1 import AppTest

FIRST, SECOND = "ctmam-general", "ctmam-synthetic"


def part(app: AppTest, name: str) -> AppTest:
    app.session_state["part"] = name
    return app.run()


def words(app: AppTest) -> str:
    every = (*app.subheader, *app.markdown, *app.caption, *app.info, *app.warning, *app.success)
    return "\n".join(element.value for element in every)


def chart(app: AppTest, key: str) -> dict:
    """The figure of this key, as the browser gets it."""
    (figure,) = (json.loads(one.proto.spec) for one in app.get("plotly_chart") if one.proto.id.endswith(key))
    return figure


def numbers(figure: dict, labels: tuple[str, ...]) -> list[list[str]]:
    """What stands in the cells of a matrix, row by row."""
    texts = {(one["y"], one["x"]): one["text"] for one in figure["layout"]["annotations"]}
    return [[texts[acted, heard].replace("<b>", "").replace("</b>", "") for heard in labels] for acted in labels]


def press(app: AppTest, key: str) -> AppTest:
    return next(button for button in app.button if button.key == key).click().run()


def finished(app: AppTest) -> AppTest:
    """Wait for the thread, then look again."""
    for thread in threading.enumerate():
        if thread.name == "evaluate":
            thread.join(120)
    return app.run()
