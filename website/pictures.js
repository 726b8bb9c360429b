/** The photos of this tab: which there are. */

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./session.js").Upload} Upload */
/**
 * @typedef {object} Picture
 * @property {number} number from 1, over all codes of this tab
 * @property {Upload} upload
 * @property {Blob} [bytes]
 * @property {string} [url] of the bytes
 * @property {boolean} [blank] the browser can't show it
 */

/** Whether a picture can be shown and saved. @param {Picture} picture */
export const isHere = ({ url }) => url !== undefined;

/**
 * The pictures with what the session says of them; those of earlier codes stay.
 *
 * @param {Picture[]} old @param {Session} session @returns {Picture[]}
 */
export function withUploads(old, { uploads }) {
  const known = old.map((picture) => {
    const upload = uploads.find(({ id }) => id === picture.upload.id);
    return upload ? Object.assign(picture, { upload }) : picture;
  });
  const fresh = uploads.filter(({ id }) => !known.some(({ upload }) => upload.id === id));
  const numbered = fresh.map((upload, at) => ({ number: known.length + at + 1, upload }));
  return [...known, ...numbered];
}
