/** One upload to a presigned URL, with its progress: fetch can't tell how much has left. */

const STALLED = 60_000;

/**
 * The status that the bucket answered; 0 where it didn't, or where nothing moved for a minute.
 *
 * @param {string} url
 * @param {Record<string, string>} headers
 * @param {Blob} body
 * @param {(share: number) => void} onShare
 * @param {AbortSignal} signal ends it
 * @returns {Promise<number>}
 */
export function put(url, headers, body, onShare, signal) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const abort = () => request.abort();
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(abort, STALLED);
    };
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => {
      moved();
      onShare(total ? loaded / total : 0);
    };
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve(request.status);
    };
    signal.addEventListener("abort", abort);
    moved();
    request.send(body);
    if (signal.aborted) abort();
  });
}
