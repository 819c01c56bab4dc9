/** TLS's extension that names a server; `more` adds a second name, `kind` is 0 for the name of a host. */
export function nameExtension(
  name: string,
  { more, kind = 0 }: { more?: string; kind?: number } = {},
): Buffer {
  const entries = [name, ...(more === undefined ? [] : [more])].map((each) =>
    Buffer.concat([Buffer.from([kind]), sized(2, Buffer.from(each, "latin1"))]),
  );
  return Buffer.concat([Buffer.from([0, 0]), sized(2, sized(2, Buffer.concat(entries)))]);
}

/** The first message of a TLS client with these extensions, in one record. */
export function buildHello(extensions: Buffer): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    sized(1, Buffer.alloc(32, 8)),
    sized(2, Buffer.from([0x13, 0x01, 0xc0, 0x2f])),
    sized(1, Buffer.from([0])),
    sized(2, extensions),
  ]);
  return cutIntoRecords(Buffer.concat([Buffer.from([22, 3, 1, 0, 0, 1]), sized(3, body)]), 16_384);
}

/** The same message in records of so many bytes. */
export function cutIntoRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    records.push(Buffer.from([22, 3, 1]), sized(2, message.subarray(at, at + size)));
  }
  return Buffer.concat(records);
}

function sized(bytes: number, content: Buffer): Buffer {
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(content.length, 0, bytes);
  return Buffer.concat([length, content]);
}
