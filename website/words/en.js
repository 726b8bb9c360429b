/** English, what both pages say. Every other language has the same files with the same keys. */
export default {
  name: "QR Upload",
  offline: "No connection. Nothing is lost: the page keeps trying.",
  busy: "Many requests come from your network. The page waits and tries again by itself.",
  unpublished:
    "This page isn’t published yet. Publish it with “nox -s deploy -- dev”, or try it here with “nox -s local”.",
  elsewhere: "This page only works at its own address:",
  framed: "This page doesn’t work inside another page. Open it by itself:",
  unreachable: "The service can’t be reached. The page tries again by itself.",
  code: "Number on both screens",
};
