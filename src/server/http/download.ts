import type { ServerResponse } from "node:http";
import { ApiError } from "../../protocol/error.ts";
import type { OpenedFile } from "../../workspace/directory.ts";

const chunkBytes = 256 * 1024;

/** What a file is sent as. */
export type FileHeaders = Record<string, string> & { "Content-Disposition": string; "Content-Type": string };

/** A file that is only kept, never shown. */
export function attachmentHeaders(name: string): FileHeaders {
  return {
    "Content-Disposition": `attachment; ${nameParameter(name)}`,
    "Content-Type": "application/octet-stream",
  };
}

/**
 * Answers with a file: whole, the one range that was asked for, or only its headers where the asker has it or asked
 * with HEAD. The file is closed in any case, at the latest with the response.
 */
export async function sendFile(
  file: OpenedFile,
  sentAs: FileHeaders,
  request: Request,
  outgoing: ServerResponse,
): Promise<Response> {
  const etag = `"${file.version}"`;
  const headers = new Headers({
    ...sentAs,
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    ETag: etag,
    "Last-Modified": file.modifiedAt.toUTCString(),
    "X-Content-Type-Options": "nosniff",
  });
  if (matchesTag(request.headers.get("If-None-Match"), etag)) {
    await file.handle.close();
    return new Response(null, { status: 304, headers });
  }
  const range = request.method === "GET" ? chooseRange(request.headers, etag, file.size) : null;
  if (range === "unsatisfiable") {
    await file.handle.close();
    outgoing.setHeader("Content-Range", `bytes */${file.size}`);
    throw new ApiError("range_not_satisfiable", "The file has no such bytes.");
  }
  const { start, end } = range ?? { start: 0, end: file.size };
  headers.set("Content-Length", String(end - start));
  if (range) headers.set("Content-Range", `bytes ${start}-${end - 1}/${file.size}`);
  const status = range ? 206 : 200;
  if (request.method === "HEAD" || start === end) {
    await file.handle.close();
    return new Response(null, { status, headers });
  }
  return new Response(streamBytes(file, start, end, outgoing), { status, headers });
}

/** Only the extended form of RFC 5987, in which no name can end the header or pose as another one. */
export function nameParameter(name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `filename*=UTF-8''${encoded}`;
}

function matchesTag(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

/** From `start` up to, not including, `end`. Null: the whole file, as for several ranges, which need not be served. */
function chooseRange(
  headers: Headers,
  etag: string,
  size: number,
): { start: number; end: number } | "unsatisfiable" | null {
  const parts = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(headers.get("Range") ?? "");
  if (!parts || (parts[1] === "" && parts[2] === "")) return null;
  const condition = headers.get("If-Range");
  if (condition !== null && condition.trim() !== etag) return null;
  const first = Number(parts[1]);
  const last = parts[2] === "" ? size - 1 : Number(parts[2]);
  if (parts[1] === "") {
    return last === 0 || size === 0 ? "unsatisfiable" : { start: Math.max(0, size - last), end: size };
  }
  if (parts[2] !== "" && last < first) return null;
  return first >= size ? "unsatisfiable" : { start: first, end: Math.min(last + 1, size) };
}

function streamBytes(
  { handle }: OpenedFile,
  start: number,
  end: number,
  outgoing: ServerResponse,
): ReadableStream<Uint8Array> {
  let position = start;
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await handle.close();
  };
  // Also where the asker is gone before anything of the stream is read.
  if (outgoing.destroyed) close();
  else outgoing.once("close", close);
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const buffer = new Uint8Array(Math.min(chunkBytes, end - position));
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
          if (bytesRead === 0) throw new Error("the file has become shorter while it was sent");
          position += bytesRead;
          controller.enqueue(buffer.subarray(0, bytesRead));
          if (position < end) return;
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        await close();
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}
