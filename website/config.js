/** Where the services are: config.json, which publishing fills in with the stack's outputs. */

/** @typedef {{ httpApiUrl: string, webSocketUrl: string, websiteUrl: string }} Config */

/** A page that can't work here; `problem` names the words that say so. */
export class Unusable extends Error {
  /** @param {"framed" | "unpublished" | "elsewhere" | "unreachable"} problem @param {string} [address] */
  constructor(problem, address) {
    super(problem);
    this.problem = problem;
    this.address = address;
  }
}

/** @returns {Promise<Config>} */
export async function loadConfig() {
  // A stranger's page could lay its own over ours. Not everything that delivers us sends headers.
  if (window.top !== window.self) throw new Unusable("framed", location.href);
  const answer = await fetch("config.json", { cache: "no-cache" }).catch(() => undefined);
  // Whatever else comes in its place, such as a firewall's or a hotel's own page, passes.
  const config = answer?.ok && (await answer.json().catch(() => undefined));
  if (!config) throw new Unusable("unreachable");
  return usable(config, location);
}

/**
 * The configuration, or what is wrong with it: never published, or published for another address,
 * from which alone the services take requests.
 *
 * @param {any} config
 * @param {{ origin: string, pathname: string, hash: string }} here
 * @returns {Config}
 */
export function usable(config, here) {
  const { httpApiUrl, webSocketUrl, websiteUrl } = config ?? {};
  if (![httpApiUrl, webSocketUrl, websiteUrl].every(isAddress)) throw new Unusable("unpublished");
  const home = new URL(websiteUrl.replace(/\/*$/, "/"));
  if (home.origin !== here.origin) {
    const page = here.pathname.split("/").at(-1) ?? "";
    throw new Unusable("elsewhere", new URL(page + here.hash, home).href);
  }
  return { httpApiUrl: httpApiUrl.replace(/\/+$/, ""), webSocketUrl, websiteUrl };
}

/** @param {unknown} text */
function isAddress(text) {
  return typeof text === "string" && /^(https?|wss?):\/\/[^${}]+$/.test(text);
}
