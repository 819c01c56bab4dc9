type Decoder = InstanceType<typeof TextDecoder>;

/** How much of a page is looked through for the encoding it names, bytes; browsers look as far. */
const lookBytes = 1024;

/**
 * The text of a web page or file. Its encoding is what the byte order mark says, else the header, else the page
 * itself; where none does, UTF-8 if it is that, else GB18030, in which old Chinese pages come. Never throws.
 */
export function decodeText(bytes: Uint8Array, headerCharset: string | undefined): string {
  const named = markOf(bytes) ?? decoderOf(headerCharset) ?? decoderOf(namedWithin(bytes));
  if (named) return named.decode(bytes);
  for (const label of ["utf-8", "gb18030"]) {
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes);
    } catch {
      // Cut in the middle of a character it is none of them either; then it is taken as the first.
    }
  }
  return new TextDecoder().decode(bytes);
}

function markOf(bytes: Uint8Array): Decoder | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return new TextDecoder("utf-8");
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le");
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be");
  return undefined;
}

function decoderOf(label: string | undefined): Decoder | undefined {
  if (label === undefined) return undefined;
  try {
    // GB18030 holds all of GB2312 and GBK; pages that name those use more.
    const isChinese = /^(gb2312|gbk|gb_2312-80|x-gbk)$/i.test(label.trim());
    return new TextDecoder(isChinese ? "gb18030" : label.trim());
  } catch {
    return undefined;
  }
}

/** The encoding that an HTML or XML text names near its beginning. */
function namedWithin(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, lookBytes)).toString(
    "latin1",
  );
  const [, charset] =
    /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]{1,40})/i.exec(start) ??
    /^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w:.-]{1,40})/i.exec(start) ??
    [];
  // A page that could be read so far is in no encoding of two bytes.
  return charset !== undefined && /^utf-?16/i.test(charset) ? "utf-8" : charset;
}
