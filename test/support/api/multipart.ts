import type { TestUser } from "../server.ts";
import { type Answer, ask, readAnswer } from "./request.ts";

/** A part of a form, written by hand so that it may be as odd as a test wants it. */
export interface FormPart {
  name?: string;
  /** The file's name as it stands between the quotes. */
  filename?: string;
  content?: string | Uint8Array;
  /** Instead of the usual Content-Disposition. */
  disposition?: string;
  headers?: string[];
}

export interface UploadAnswer {
  count: number;
  saved: { name: string; size: number; rel: string }[];
  code?: string;
}

const boundary = "----边界-0123456789".replaceAll(/[^\w-]/g, "x");

export const formType = `multipart/form-data; boundary=${boundary}`;

/** The bytes of a form; `end: false` leaves out its last boundary. */
export function encodeForm(parts: FormPart[], { end = true } = {}): Buffer {
  const pieces = parts.flatMap(({ name = "files", filename, content = "", disposition, headers = [] }) => {
    const file = filename === undefined ? "" : `; filename="${filename}"`;
    const first = disposition ?? `form-data; name="${name}"${file}`;
    const head = [`Content-Disposition: ${first}`, ...headers].join("\r\n");
    return [`--${boundary}\r\n${head}\r\n\r\n`, content, "\r\n"];
  });
  if (end) pieces.push(`--${boundary}--\r\n`);
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)));
}

/** Sends a form of these parts to the upload address. */
export async function upload(
  user: Pick<TestUser, "fetch">,
  parts: FormPart[],
  more: { end?: boolean; type?: string } = {},
): Promise<Answer<UploadAnswer>> {
  const body = encodeForm(parts, more);
  const headers = { "Content-Type": more.type ?? formType };
  return readAnswer(await user.fetch("/v1/files/upload", { method: "POST", headers, body }));
}

export interface ListingAnswer {
  root: string;
  current: string;
  exists: boolean;
  crumbs: { label: string; rel: string }[];
  entries: { name: string; is_dir: boolean; size: number | null; mtime: string; rel: string }[];
}

/** Lists a directory; throws unless it is answered 200. */
export async function listFiles(user: Pick<TestUser, "fetch">, path?: string): Promise<ListingAnswer> {
  const query = path === undefined ? "" : `?path=${encodeURIComponent(path)}`;
  const answer = await ask<ListingAnswer>(user, "GET", `/v1/files${query}`);
  if (answer.status !== 200) throw new Error(`no listing: ${answer.status} ${answer.text}`);
  return answer.body;
}
