import { connectTo, get } from "./attack.ts";

/**
 * Requests that front and back might read as one or as two. The public site may get `requests` of them at most; what it
 * gets beyond, or whatever reaches another place, was smuggled.
 */
export interface Smuggling {
  what: string;
  parts: (string | Buffer)[];
  requests: number;
}

const hidden = "GET http://internal.example/ HTTP/1.1\r\nHost: internal.example\r\n\r\n";
const hiddenPath = "GET /smuggled HTTP/1.1\r\nHost: internal.example\r\n\r\n";

function post(headers: string[], body: string, version = "HTTP/1.1"): string {
  const head = [`POST http://open.example/form ${version}`, "Host: open.example", ...headers];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

const chunked = "Transfer-Encoding: chunked";

/** Bodies whose end two readers may see at different places; each hides a request. */
const bodies: [what: string, headers: string[], body: string][] = [
  ["a length before chunks", ["Content-Length: 4", chunked], `0\r\n\r\n${hidden}`],
  ["chunks before a length", [chunked, "Content-Length: 5"], `0\r\n\r\n${hidden}`],
  ["two lengths", ["Content-Length: 0", `Content-Length: ${hidden.length}`], hidden],
  ["two equal lengths", ["Content-Length: 3", "Content-Length: 3"], "abc"],
  ["a list of lengths", [`Content-Length: 0, ${hidden.length}`], hidden],
  ["a length with a sign", ["Content-Length: +3"], `abc${hidden}`],
  ["a negative length", ["Content-Length: -1"], hidden],
  ["a length in hexadecimal", ["Content-Length: 0x3"], `abc${hidden}`],
  ["a length with a point", ["Content-Length: 3.0"], `abc${hidden}`],
  ["an empty length", ["Content-Length: "], hidden],
  ["a length beyond numbers", ["Content-Length: 99999999999999999999999"], hidden],
  ["a space before the colon", ["Content-Length : 3"], `abc${hidden}`],
  ["a folded header", ["X: a\r\n Content-Length: 3"], `abc${hidden}`],
  ["folded chunks", ["Transfer-Encoding:\r\n chunked"], `0\r\n\r\n${hidden}`],
  ["chunks by another name", ["Transfer-Encoding: xchunked"], hidden],
  ["chunks twice", [chunked, chunked], `0\r\n\r\n${hidden}`],
  ["chunks, then none", ["Transfer-Encoding: chunked, identity"], `0\r\n\r\n${hidden}`],
  ["no chunks, by name", ["Transfer-Encoding: identity", "Content-Length: 0"], hidden],
  ["a vertical tab in chunked", ["Transfer-Encoding: \vchunked"], `0\r\n\r\n${hidden}`],
  ["quoted chunks", ['Transfer-Encoding: "chunked"'], `0\r\n\r\n${hidden}`],
  ["an underscore in the name", ["Transfer_Encoding: chunked"], `0\r\n\r\n${hidden}`],
  ["a NUL in the name", ["Transfer-Encoding\0: chunked"], `0\r\n\r\n${hidden}`],
  ["a NUL in a value", ["X: a\0b"], hidden],
  ["a bare CR between headers", ["X: a\rContent-Length: 3"], `abc${hidden}`],
  ["a bare LF between headers", ["X: a\nContent-Length: 3"], `abc${hidden}`],
  ["a header without a colon", ["Content-Length 3"], `abc${hidden}`],
  ["a header that has no name", [": x"], hidden],
  ["a chunk's size with a sign", [chunked], `+3\r\nabc\r\n0\r\n\r\n${hidden}`],
  ["a chunk's size in 0x", [chunked], `0x3\r\nabc\r\n0\r\n\r\n${hidden}`],
  ["a chunk's size beyond numbers", [chunked], `fffffffffffffffff\r\nabc\r\n0\r\n\r\n${hidden}`],
  ["a chunk that is longer than said", [chunked], `1\r\nabc\r\n0\r\n\r\n${hidden}`],
  ["a chunk's size that ends in LF", [chunked], `3\nabc\r\n0\r\n\r\n${hidden}`],
  ["a request in a chunk's extension", [chunked], `3;x="\r\n${hidden}"\r\nabc\r\n0\r\n\r\n`],
  [
    "a length in the trailers",
    [chunked, "Trailer: Content-Length"],
    `0\r\nContent-Length: 9\r\n\r\n${hidden}`,
  ],
  ["a Host in the trailers", [chunked, "Trailer: Host"], "0\r\nHost: internal.example\r\n\r\n"],
  ["two Hosts", ["Host: internal.example"], ""],
  ["a Host in hiding", ["X: a\r\n\tHost: internal.example"], ""],
  ["a length that is named as the connection's", ["Connection: Content-Length", "Content-Length: 3"], "abc"],
  [
    "chunks that are named as the connection's",
    ["Connection: Transfer-Encoding", chunked],
    "3\r\nabc\r\n0\r\n\r\n",
  ],
  ["a Host that is named as the connection's", ["Connection: Host", "Content-Length: 0"], ""],
  [
    "an offer of HTTP/2",
    ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"],
    hidden,
  ],
  [
    "an offer of another protocol",
    ["Connection: Upgrade", "Upgrade: websocket", "Content-Length: 0"],
    hiddenPath,
  ],
  ["a body that waits for leave", ["Expect: 100-continue", `Content-Length: ${hidden.length}`], hidden],
  ["an expectation that nobody knows", ["Expect: 200-secret", "Content-Length: 0"], hidden],
];

/** A request with a body where none is usual, and things that surround requests. */
const others: [what: string, parts: (string | Buffer)[], requests: number][] = [
  [
    "a GET with a request as its body",
    [get("http://open.example/", "x", `Content-Length: ${hidden.length}\r\n`) + hidden],
    1,
  ],
  [
    "a GET with a request as its chunk",
    [
      get("http://open.example/", "x", `${chunked}\r\n`) +
        `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    ],
    1,
  ],
  [
    "a DELETE with a request as its chunk",
    [
      get("http://open.example/", "x", `${chunked}\r\n`).replace("GET", "DELETE") +
        `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    ],
    1,
  ],
  ["chunks in HTTP/1.0", [post([chunked], `0\r\n\r\n${hidden}`, "HTTP/1.0")], 1],
  [
    "compressed chunks",
    [post(["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n") + get("http://internal.example/")],
    0,
  ],
  ["HTTP/0.9", ["GET http://internal.example/\r\n\r\n"], 0],
  ["HTTP/2.0", ["GET http://internal.example/ HTTP/2.0\r\nHost: internal.example\r\n\r\n"], 0],
  ["HTTP/1.2", ["GET http://internal.example/ HTTP/1.2\r\nHost: internal.example\r\n\r\n"], 0],
  ["a lower-case version", ["GET http://internal.example/ http/1.1\r\nHost: internal.example\r\n\r\n"], 0],
  ["HTTP/2's preface", ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], 0],
  ["a header of PROXY", [`PROXY TCP4 127.0.0.1 127.0.0.1 1 80\r\n${get("http://open.example/")}`], 0],
  [
    "a header of PROXY 2",
    [
      Buffer.concat([
        Buffer.from("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", "latin1"),
        Buffer.alloc(12, 127),
        Buffer.from(get("http://internal.example/")),
      ]),
    ],
    0,
  ],
  ["SOCKS 5", [Buffer.from([5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 80])], 0],
  ["SOCKS 4", [Buffer.from([4, 1, 0, 80, 127, 0, 0, 1, 0])], 0],
  ["empty lines before a request", [`\r\n\r\n${get("http://internal.example/")}`], 0],
  ["a method that is a request", ["GET\thttp://internal.example/\tHTTP/1.1\r\nHost: x\r\n\r\n"], 0],
  ["a method that nobody knows", ["EVIL http://internal.example/ HTTP/1.1\r\nHost: x\r\n\r\n"], 0],
  ["TRACE", [get("http://internal.example/").replace("GET", "TRACE")], 0],
  ["OPTIONS for all", [get("*").replace("GET", "OPTIONS")], 0],
  ["no Host", ["GET http://internal.example/ HTTP/1.1\r\n\r\n"], 0],
  ["Host before the address", [get("http://internal.example/", "open.example")], 0],
  ["a request behind a refused tunnel", [connectTo("internal.example:443") + get("http://open.example/")], 0],
  [
    "a request behind a refused tunnel, later",
    [connectTo("internal.example:443"), get("http://open.example/")],
    0,
  ],
  [
    "a tunnel behind a refused tunnel",
    [`${connectTo("internal.example:443") + connectTo("open.example:443")}x`],
    0,
  ],
  [
    "a tunnel with a length",
    [connectTo("internal.example:443", `Content-Length: ${hidden.length}\r\n`) + hidden],
    0,
  ],
  ["a tunnel with chunks", [`${connectTo("internal.example:443", `${chunked}\r\n`)}0\r\n\r\n${hidden}`], 0],
  [
    "a tunnel to a public name with another Host",
    ["CONNECT internal.example:443 HTTP/1.1\r\nHost: open.example:443\r\n\r\n", "x"],
    0,
  ],
  [
    "a request for inside behind one for outside",
    [`GET http://open.example/ HTTP/1.1\r\nHost: open.example\r\n\r\n${get("http://internal.example/")}`],
    1,
  ],
  [
    "a tunnel inwards behind a request",
    [
      "GET http://open.example/ HTTP/1.1\r\nHost: open.example\r\n\r\n" +
        connectTo("internal.example:443") +
        "x",
    ],
    1,
  ],
  ["a head too large", [get("http://internal.example/", "x", `X: ${"a".repeat(20_000)}\r\n`)], 0],
  ["thousands of headers", [get("http://internal.example/", "x", "a: b\r\n".repeat(3_000))], 0],
  ["a head that does not end", ["GET http://internal.example/ HTTP/1.1\r\nHost: internal.example\r\n"], 0],
  ["a line that does not end", ["GET http://internal.example"], 0],
  ["nothing but zeros", [Buffer.alloc(1_000)], 0],
];

export const smuggling: Smuggling[] = [
  ...bodies.map(([what, headers, body]) => ({
    what,
    // Its connection stays open for another request, which ends it: a parser takes nothing behind `Connection: close`.
    parts: [Buffer.from(post(headers, body) + get("http://internal.example/"), "latin1")],
    requests: 1,
  })),
  ...others.map(([what, parts, requests]) => ({ what, parts, requests })),
];
