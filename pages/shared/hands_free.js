// The hands-free recorder is the package's own picture in a frame of this host, made for the mouse: here it becomes a
// button that the Tab key reaches, Space and Enter press, and a screen reader names.

const NAME = "Record hands-free: press to start; it stops by itself, or press again";
const ROW = ".st-key-hands-free";

export default function () {
  const row = document.querySelector(ROW);
  if (!row) return;
  const within = new Set();
  const look = () => row.querySelectorAll("iframe").forEach((frame) => {
    const inside = frame.contentDocument;
    if (!inside || !inside.body) return;
    dress(inside);
    const later = new MutationObserver(() => dress(inside));
    later.observe(inside.body, { childList: true, subtree: true });
    within.add(later);
  });
  const frames = new MutationObserver(look);
  frames.observe(row, { childList: true, subtree: true });
  row.addEventListener("load", look, true); // a frame's loading does not bubble, but is seen on its way down
  look();
  return () => {
    row.removeEventListener("load", look, true);
    for (const one of [frames, ...within]) one.disconnect();
  };
}

function dress(inside) {
  const icon = inside.querySelector("svg");
  if (!icon || icon.tabIndex === 0) return;
  icon.removeAttribute("aria-hidden");
  icon.setAttribute("role", "button");
  icon.setAttribute("aria-label", NAME);
  icon.tabIndex = 0;
  icon.style.margin = "5px 2px"; // room for the ring of the focus
  icon.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    icon.dispatchEvent(new inside.defaultView.MouseEvent("click", { bubbles: true }));
  });
}
