// Keeps the screen on while the page is looked at: a phone that is pointed at something is not touched for minutes.

/** Works from now to the end of the page, where the browser can do it. */
export function stayAwake() {
  const hold = () => { if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {}); }; // refused when the battery is low
  document.addEventListener("visibilitychange", hold); // the system lets go of it when the page is hidden
  hold();
}
