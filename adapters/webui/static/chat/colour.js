// The line's colour, made readable: whatever an administrator has chosen, text on it and marks in it keep their contrast
// (WCAG 2.2 §1.4.3 and §1.4.11).

/** @typedef {[number, number, number]} RGB 0 to 255 */

/** @param {string} css "#rrggbb" or "rgb(r, g, b)" @returns {RGB|null} */
export function rgb(css) {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(css);
  if (hex) return [parseInt(hex[1], 16), parseInt(hex[2], 16), parseInt(hex[3], 16)];
  const dec = /^rgba?\((\d+)[ ,]+(\d+)[ ,]+(\d+)/.exec(css);
  return dec ? [Number(dec[1]), Number(dec[2]), Number(dec[3])] : null;
}

/** @param {RGB} c */
function luminance(c) {
  const [r, g, b] = c.map((v) => { const s = v / 255; return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
/** @param {RGB} a @param {RGB} b */
export function contrast(a, b) {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}

/** @type {RGB} */ const white = [255, 255, 255];
/** @type {RGB} */ const ink = [0, 0, 0];

/** The colour, moved towards black or white no further than it takes to stand out. @param {RGB} c @param {RGB} ground @param {number} ratio */
export function against(c, ground, ratio) {
  const end = contrast(white, ground) > contrast(ink, ground) ? white : ink;
  for (let share = 0; share < 1; share += 0.02) {
    const mixed = /** @type {RGB} */ (c.map((v, i) => Math.round(v + (end[i] - v) * share)));
    if (contrast(mixed, ground) >= ratio) return mixed;
  }
  return end;
}

/** Black or white, whichever is read better on the colour: one of them has 4.5:1 on any. @param {RGB} c */
export const textOn = (c) => (contrast(white, c) >= contrast(ink, c) ? white : ink);

/** @param {RGB} c */
export const hex = (c) => `#${c.map((v) => v.toString(16).padStart(2, "0")).join("")}`;

/**
 * What a chat is painted with.
 * @param {string} colour #rrggbb @param {string} ground the colour behind it
 * @returns {{fill: string, on: string, edge: string, mark: string}|null} null: no colour
 */
export function palette(colour, ground) {
  const c = rgb(colour), g = rgb(ground) ?? white;
  return c && { fill: hex(c), on: hex(textOn(c)), edge: hex(against(c, g, 3)), mark: hex(against(c, g, 4.5)) };
}
