/** The image types that there are, and what the names of their files end in. */

/** @type {Record<string, string>} */
const ENDINGS = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/heic": "heic",
  "image/heif": "heif",
  "image/avif": "avif",
};

/** Whether an image of that type may be shown. @param {string} type */
export const isImage = (type) => Object.hasOwn(ENDINGS, type);

/** What the name of such a file ends in. @param {string} type */
export const ending = (type) => ENDINGS[type] ?? "bin";
