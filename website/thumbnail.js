/** A photo's preview: decoded small, so that a large photo doesn't fill the phone's memory. */

const SIDE = 112;

/** The middle of a photo, as a square; undefined where the browser can't show it.
 *  @param {Blob} body */
export async function thumbnailOf(body) {
  const wish = /** @type {const} */ ({ resizeWidth: 2 * SIDE, resizeQuality: "medium" });
  const picture = await createImageBitmap(body, wish).catch(() => undefined);
  if (!picture) return undefined;
  const canvas = document.createElement("canvas");
  const side = Math.min(picture.width, picture.height);
  const [x, y] = [(picture.width - side) / 2, (picture.height - side) / 2];
  canvas.width = canvas.height = SIDE;
  canvas.getContext("2d")?.drawImage(picture, x, y, side, side, 0, 0, SIDE, SIDE);
  canvas.setAttribute("aria-hidden", "true");
  picture.close();
  return canvas;
}
