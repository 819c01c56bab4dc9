import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SocketAddress } from "node:net";

/** What is known of a name: its addresses, IPv4 and IPv6, perhaps by way of another name. */
export interface NameRecord {
  addresses: string[];
  alias?: string;
}

/** A DNS server of our own on loopback. */
export interface NameServer {
  /** `127.0.0.1:port`. */
  address: string;
  /** The names that were asked for, once for each type. */
  asked: string[];
  close(): void;
}

const typeAlias = 5;
const typeAaaa = 28;

/** Starts one that answers from `find`, which is told how often that name was asked for with that type before. */
export async function startNameServer(
  find: (name: string, before: number) => NameRecord | undefined,
): Promise<NameServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query, sender) => {
    const { name, end } = readName(query);
    const type = query.readUInt16BE(end);
    const key = `${name.toLowerCase()} ${type}`;
    const record = find(name.toLowerCase(), asked.filter((each) => each === key).length);
    asked.push(key);
    socket.send(writeAnswer(query.subarray(0, end + 4), type, record), sender.port, sender.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    asked,
    close: () => socket.close(),
  };
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), end: at + 1 };
}

function writeAnswer(question: Buffer, type: number, record: NameRecord | undefined): Buffer {
  const wanted = (record?.addresses ?? []).filter((address) => address.includes(":") === (type === typeAaaa));
  const owner = record?.alias === undefined ? Buffer.from([0xc0, 12]) : writeName(record.alias);
  const answers = [
    ...(record?.alias === undefined
      ? []
      : [writeRecord(Buffer.from([0xc0, 12]), typeAlias, writeName(record.alias))]),
    ...wanted.map((address) => writeRecord(owner, type, writeAddress(address))),
  ];
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(record ? 0x8180 : 0x8183, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answers.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, question.subarray(12), ...answers]);
}

function writeRecord(owner: Buffer, type: number, data: Buffer): Buffer {
  const fields = Buffer.alloc(10);
  fields.writeUInt16BE(type, 0);
  fields.writeUInt16BE(1, 2);
  fields.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fields, data]);
}

function writeName(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label, "latin1")]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function writeAddress(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  // One spelling: words alone, hexadecimal.
  const plain = new URL(`http://[${new SocketAddress({ address, family: "ipv6" }).address}]`).hostname.slice(
    1,
    -1,
  );
  const [front = "", back] = plain.split("::");
  const words = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16));
  const before = words(front);
  const after = back === undefined ? [] : words(back);
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}
