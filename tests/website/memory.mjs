/** A store that two tabs of one browser share, as localStorage would be. */
export function sharedStore() {
  let text = "null";
  return {
    read: () => JSON.parse(text),
    write(value) {
      text = JSON.stringify(value);
    },
    forget() {
      text = "null";
    },
  };
}

let made = 0;
/** Different every time, and of the length of random bytes in hex. */
export const counted = (bytes) => (++made).toString(16).padStart(2 * bytes, "0");
