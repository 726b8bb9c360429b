/** Exif data as far as a picture needs it: how it is to be turned. Pure: bytes in, bytes out. */

const ORIENTATION = 0x0112;

/**
 * How the picture is to be turned, 1 to 8.
 *
 * @param {Uint8Array} tiff Exif data from its byte order mark on
 * @returns {number | undefined} undefined where it isn't told
 */
export function orientationOf(tiff) {
  try {
    const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length);
    const little = view.getUint16(0) === 0x4949;
    const start = view.getUint32(4, little);
    const entries = view.getUint16(start, little);
    for (let at = start + 2; at < start + 2 + entries * 12; at += 12) {
      if (view.getUint16(at, little) !== ORIENTATION) continue;
      const value = view.getUint16(at + 8, little);
      return value >= 1 && value <= 8 ? value : undefined;
    }
  } catch {
    // An entry points outside: no orientation that a viewer would find either.
  }
  return undefined;
}

/** Exif data that holds nothing but the orientation. @param {number} orientation */
export function exifOf(orientation) {
  const head = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1];
  const entry = [ORIENTATION >> 8, ORIENTATION & 0xff, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  return Uint8Array.from([...head, ...entry, 0, 0, 0, 0]);
}

/** The bytes as text, one character a byte. @param {Uint8Array} bytes */
export const latin1 = (bytes) => String.fromCharCode(...bytes);

/** @param {string} text */
export const bytesOf = (text) => Uint8Array.from(text, (one) => one.charCodeAt(0));

/** @param {Uint8Array} bytes */
export const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
