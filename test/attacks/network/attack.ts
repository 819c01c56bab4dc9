import { buildHello, nameExtension } from "../../support/network/client-hello.ts";

/** Something that a hostile command says to the proxy, part after part, to reach what it must not. */
export interface Attack {
  what: string;
  /** The list of hosts it is tried against: every public one, or a few. */
  list: "any" | "few";
  parts: (string | Buffer)[];
}

/** The ways in which a host can be asked for: a tunnel for TLS, one for plain requests, and a request. */
export const doors: { name: string; ask: (host: string) => (string | Buffer)[] }[] = [
  {
    name: "tunnel",
    ask: (host) => [connectTo(`${host}:443`), buildHello(nameExtension(host.replace(/\.$/, "")))],
  },
  {
    name: "plain tunnel",
    ask: (host) => [connectTo(`${host}:80`), `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`],
  },
  { name: "request", ask: (host) => [get(`http://${host}/`, host)] },
];

/** The head that asks for a tunnel. */
export function connectTo(authority: string, headers = ""): string {
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${headers}\r\n`;
}

/** A request for a whole address; the connection ends with its answer. */
export function get(url: string, host = "open.example", headers = ""): string {
  return `GET ${url} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`;
}

/** One attack through each door, on each host. */
export function throughAllDoors(list: Attack["list"], hosts: readonly string[]): Attack[] {
  return hosts.flatMap((host) =>
    doors.map(({ name, ask }) => ({ what: `${name} to ${JSON.stringify(host)}`, list, parts: ask(host) })),
  );
}
