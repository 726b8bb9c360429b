/** All that photos need on the phone; it comes while they are chosen. */

export { prepare } from "./prepare.js";
export { put } from "./put.js";
export { thumbnailOf } from "./thumbnail.js";
export { stayAwake } from "./wake.js";
