import { buildHello, cutIntoRecords, nameExtension } from "../../support/network/client-hello.ts";
import { type Attack, connectTo, get, throughAllDoors } from "./attack.ts";

/** Where parsers part an address differently: what is between `http://` and the path, or the whole of it. */
const authorities = [
  "open.example@internal.example",
  "open.example:80@internal.example",
  "internal.example@open.example",
  "open.example:80@internal.example:80",
  "@internal.example",
  ":@internal.example",
  "open.example\\@internal.example",
  "internal.example\\@open.example",
  "internal.example\\.open.example",
  "open.example#@internal.example",
  "internal.example#@open.example",
  "internal.example#.open.example",
  "open.example;internal.example",
  "open.example,internal.example",
  "internal.example%00.open.example",
  "internal.example%0d%0aHost:open.example",
  "internal.example%23.open.example",
  "internal.example%2f.open.example",
  "internal.example%40open.example",
  "open.example%40internal.example",
  "internal.example:80:80",
  "internal.example:",
  "internal.example:80%20",
  "internal.example&open.example",
  "internal.example=open.example",
  "internal.example|open.example",
  "{internal.example}",
  "$internal.example",
  "'internal.example'",
  '"internal.example"',
  "<internal.example>",
  "internal.example\u00ad",
  "internal\u3002example",
  "internal\uff0eexample",
  "\u200binternal.example",
  "internal.example\u2044.open.example",
  "internal.example\uff0f.open.example",
  "internal.example\uff20open.example",
  "internal.example\u2100open.example",
];

/** Bytes that no request line may hold, within the host. */
const bytes = ["\0", "\t", "\v", "\f", "\r", "\n", "\r\n", " ", "\x7f", "\x80", "\xa0", "\xff", "\x1b"];

/** Whole request targets. */
const targets = [
  "http:///internal.example/",
  "http:/internal.example/",
  "http:internal.example/",
  "//internal.example/",
  "///internal.example/",
  "/\\internal.example/",
  "http:\\\\internal.example\\",
  "http://\\internal.example/",
  "http:/\\internal.example/",
  "/http://internal.example/",
  "/",
  "*",
  "internal.example/",
  "internal.example:80",
  "?url=http://internal.example/",
  "https://internal.example/",
  "HTTPS://open.example/",
  "ws://internal.example/",
  "wss://internal.example/",
  "ftp://internal.example/",
  "file:///etc/passwd",
  "file://internal.example/etc/passwd",
  "gopher://internal.example:80/_GET%20/",
  "dict://internal.example:11211/stat",
  "ldap://internal.example/",
  "tftp://internal.example/x",
  "sftp://internal.example/",
  "jar:http://internal.example/!/",
  "data:text/plain,secret",
  "javascript:fetch('http://internal.example/')",
  "view-source:http://internal.example/",
  "blob:http://internal.example/x",
  "unix:/run/zcbot/proxy:/",
  "http+unix://%2frun%2fdocker.sock/info",
  "http://unix:/run/docker.sock:/info",
  "urn:x",
  "http://",
  "http://?internal.example",
  "http://#internal.example",
  "http://open.example#@internal.example/",
  "http://open.example/#\r\nGET http://internal.example/",
  "http://open.example\\internal.example/",
];

const splits: Attack[] = [
  ...throughAllDoors("any", authorities),
  ...bytes.flatMap((byte) => {
    const host = `internal${byte}.example`;
    const name = JSON.stringify(byte);
    return [
      {
        what: `request with ${name} in its host`,
        list: "any" as const,
        parts: [latin(get(`http://${host}/`))],
      },
      {
        what: `request with ${name} after its host`,
        list: "any" as const,
        parts: [latin(get(`http://internal.example${byte}/`))],
      },
      {
        what: `tunnel with ${name} in its host`,
        list: "any" as const,
        parts: [latin(connectTo(`${host}:443`)), buildHello(nameExtension("internal.example"))],
      },
      {
        what: `tunnel with ${name} before its port`,
        list: "any" as const,
        parts: [latin(connectTo(`internal.example${byte}:443`)), "x"],
      },
    ];
  }),
  ...targets.map((target) => ({ what: `request for ${target}`, list: "any" as const, parts: [get(target)] })),
  ...targets.map((target) => ({
    what: `tunnel to ${target}`,
    list: "any" as const,
    parts: [connectTo(target)],
  })),
];

/** Names that end, begin or look like those of a short list, and are others. */
const lookAlikes = [
  "evil.example",
  "evil-allowed.example",
  "evilallowed.example",
  "x.allowed.example",
  "allowed.example.evil.example",
  "allowed.example..",
  "allowed-example",
  "allowedxexample.evil.example",
  "allowed.examplee",
  "llowed.example",
  "below.example",
  "evilbelow.example",
  "evil-below.example",
  "a.below.example.evil.example",
  ".below.example",
  "..below.example",
  "-.below.example",
  "*.below.example",
  "evil\0.below.example",
  "evil.example\0.below.example",
  "evil%00.below.example",
  "evil.example%00.below.example",
  "evil.example/.below.example",
  "evil.example?.below.example",
  "evil.example#.below.example",
  "evil.example\\.below.example",
  "evil.example:80.below.example",
  "evil.example@a.below.example",
  "a.below.example@evil.example",
  "evil.example a.below.example",
  "evil.example\t.below.example",
  "аllowed.example",
  "allowed.еxample",
  "ａllowed.example",
  "allowed。example",
  "allowed.exampl\u0435",
  "al\u00adlowed.example",
  "allowed.example\u200b",
  "xn--llowed-8ve.example",
  "xn--a-ecp.below.example.evil.example",
  "93.184.216.35",
  "1.1.1.1",
  "[2606:4700::1111]",
];

const fronts: Attack[] = [
  ["another name in TLS", buildHello(nameExtension("evil.example"))],
  ["a name below in TLS", buildHello(nameExtension("x.allowed.example"))],
  ["a name with NUL in TLS", buildHello(nameExtension("allowed.example\0.evil.example"))],
  ["two names in TLS", buildHello(nameExtension("allowed.example", { more: "evil.example" }))],
  [
    "two extensions in TLS",
    buildHello(Buffer.concat(["allowed.example", "evil.example"].map((name) => nameExtension(name)))),
  ],
  ["no name in TLS", buildHello(Buffer.alloc(0))],
  ["an address in TLS", buildHello(nameExtension("127.0.0.1"))],
  ["another kind of name in TLS", buildHello(nameExtension("allowed.example", { kind: 1 }))],
  ["another name in TLS, in small records", cutIntoRecords(buildHello(nameExtension("evil.example")), 60)],
  ["TLS in records of a byte", cutIntoRecords(buildHello(nameExtension("allowed.example")), 1)],
  [
    "an alert before TLS",
    Buffer.concat([Buffer.from([21, 3, 3, 0, 2, 1, 0]), buildHello(nameExtension("allowed.example"))]),
  ],
  ["a request", Buffer.from("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")],
  ["HTTP/2 without TLS", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
  ["SSH", Buffer.from("SSH-2.0-OpenSSH_9.2\r\n")],
  ["SSL 2", Buffer.from([0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10])],
  ["a header of PROXY", Buffer.from("PROXY TCP4 127.0.0.1 127.0.0.1 1 443\r\n")],
].map(([what, hello]) => ({
  what: `${what} through a tunnel`,
  list: "few",
  parts: [connectTo("allowed.example:443"), hello ?? ""],
}));

const hostsWithin: Attack[] = [
  "evil.example",
  "internal.example",
  "127.0.0.1",
  "allowed.example:81",
  "allowed.example@evil.example",
  "allowed.example, evil.example",
  "allowed.example evil.example",
  "",
].map((host) => ({
  what: `Host ${JSON.stringify(host)} through a plain tunnel`,
  list: "few",
  parts: [connectTo("allowed.example:80"), `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
}));

const within: Attack[] = [
  ["a tunnel", connectTo("evil.example:443")],
  ["a tunnel to the same", connectTo("allowed.example:443")],
  ["a whole address", get("http://evil.example/", "allowed.example")],
  ["a whole address of the same", get("http://allowed.example/", "allowed.example")],
  ["TLS", buildHello(nameExtension("allowed.example"))],
  ["HTTP/0.9", "GET /\r\n"],
].map(([what, text]) => ({
  what: `${what} through a plain tunnel`,
  list: "few",
  parts: [connectTo("allowed.example:80"), text ?? ""],
}));

/** Splits between parsers, look-alikes of allowed names, and tunnels that are used for something else. */
export const parserAttacks: Attack[] = [
  ...splits,
  ...throughAllDoors("few", lookAlikes),
  ...fronts,
  ...hostsWithin,
  ...within,
];

function latin(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
