// The build writes this into every page, so that it needs no request of its own. Where a script or a style of the page
// did not come, it asks for the page again, later each time: the next answer may be of a gateway that has the file.
const tries = Number(history.state) || 0;
addEventListener(
  "error",
  ({ target }) => {
    if (/^(SCRIPT|LINK)$/.test(target.tagName)) {
      history.replaceState(tries + 1, "");
      setTimeout(() => location.reload(), Math.min(1_000 * 2 ** tries, 60_000));
    }
  },
  true,
);
