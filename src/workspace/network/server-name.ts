/** Longest first message of TLS that is read, bytes, and into how many records it may be cut; browsers send some 2,000 in one. */
const longestHello = 16_384;
const mostRecords = 8;

/**
 * Reads which server a TLS client asks for, from the first bytes that it sends. `undefined`: more bytes are needed;
 * `none`: this is no TLS; `invalid`: it begins like TLS and cannot be read, or names no server or several.
 */
export function readServerName(bytes: Buffer): { name: string } | "none" | "invalid" | undefined {
  if (bytes.length > 0 && bytes[0] !== 22) return "none";
  const hello = joinRecords(bytes);
  if (typeof hello !== "object") return hello;
  try {
    return findName(hello) ?? "invalid";
  } catch (error) {
    if (error instanceof RangeError) return "invalid";
    throw error;
  }
}

/** The ClientHello's body, which may be spread over records. */
function joinRecords(bytes: Buffer): Buffer | "invalid" | undefined {
  let message: Buffer = Buffer.alloc(0);
  let at = 0;
  for (let records = 0; at + 5 <= bytes.length; records++) {
    const length = bytes.readUInt16BE(at + 3);
    const isHandshake = bytes[at] === 22 && bytes[at + 1] === 3 && length > 0 && length <= 16_384;
    if (!isHandshake || records === mostRecords) return "invalid";
    message = Buffer.concat([message, bytes.subarray(at + 5, at + 5 + length)]);
    at += 5 + length;
    if (message.length < 4) continue;
    const size = message.readUIntBE(1, 3);
    if (message[0] !== 1 || size > longestHello) return "invalid";
    if (message.length >= 4 + size) return message.subarray(4, 4 + size);
  }
  return undefined;
}

/** Throws a RangeError where a length leads out of the message. */
function findName(hello: Buffer): { name: string } | undefined {
  let at = 2 + 32;
  const readNumber = (size: number): number => {
    at += size;
    return hello.readUIntBE(at - size, size);
  };
  const skip = (sizeOfLength: number): void => {
    // Not `at += readNumber()`: that would take the old value of `at`.
    const length = readNumber(sizeOfLength);
    at += length;
  };
  skip(1); // session
  skip(2); // ciphers
  skip(1); // compression
  if (readNumber(2) !== hello.length - at) return undefined;
  const names: string[] = [];
  while (at < hello.length) {
    const type = readNumber(2);
    const end = readNumber(2) + at;
    if (end > hello.length) return undefined;
    if (type === 0) {
      const list = readNumber(2);
      const kind = readNumber(1);
      const length = readNumber(2);
      if (kind !== 0 || list !== length + 3 || at + length !== end) return undefined;
      names.push(hello.toString("latin1", at, end));
    }
    at = end;
  }
  const [name] = names;
  return name !== undefined && names.length === 1 ? { name } : undefined;
}
