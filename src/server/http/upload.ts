import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import busboy from "busboy";
import { ApiError } from "../../protocol/error.ts";
import type { UploadResult } from "../../protocol/file.ts";
import type { Directory } from "../../workspace/directory.ts";
import { encodeName } from "../../workspace/files/name-codec.ts";
import { wrongShape } from "./read-input.ts";

export interface UploadLimits {
  /** of one file */
  uploadBytes: number;
  /** of one request */
  uploadFiles: number;
}

interface StagedFile {
  /** Name within the staging directory. */
  staged: string;
  name: string;
  size: number;
}

interface Form {
  path: string;
  files: StagedFile[];
}

/** What is under way lies in folders of such names; those left behind are swept. */
export const stagingPrefix = ".zcbot-upload-";
const stagingName = /^\.zcbot-upload-[0-9a-f-]{36}$/;
/** How long the rest of a refused upload is read, milliseconds: most clients hear an answer only at their end. */
const drainMs = 30_000;
const maxPathBytes = 64 * 1024;
const maxFields = 100;
/** What a form may hold beside its files: fields, headers of parts, what stands before, between and behind them. */
const maxOtherBytes = 8 * 2 ** 20;

/**
 * Streams a multipart request's files to a hidden directory and moves them to their places once all of them, and
 * the path, are known to be good; whatever goes wrong before that leaves nothing. Throws ApiError.
 */
export async function receiveUpload(
  root: Directory,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  limits: UploadLimits,
): Promise<UploadResult> {
  const staging = stagingPrefix + randomUUID();
  try {
    const form = openForm(incoming, limits);
    await root.space.check(Number(incoming.headers["content-length"] ?? 1));
    const stage = await root.subdirectory(staging);
    try {
      return await keepFiles(root, staging, await readForm(form, incoming, root, stage, limits));
    } finally {
      await removeStaging(root, staging);
    }
  } catch (error) {
    if (!(await drain(incoming)) && !outgoing.headersSent) outgoing.setHeader("Connection", "close");
    throw error;
  }
}

/** Removes what uploads that were cut off by a crash have left in users' directories since before `olderThan`. */
export async function removeStaleUploads(users: Directory, olderThan: Date): Promise<void> {
  for (const user of await users.list("")) {
    if (!user.isDirectory) continue;
    const root = await users.subdirectory(user.name);
    const { entries } = await root.listPage("", { start: 0, size: 5_000, hidden: true });
    for (const { name, isDirectory } of entries) {
      if (!isDirectory || !stagingName.test(name)) continue;
      await removeIfStale(root, name, olderThan).catch((error) => {
        if (!(error instanceof ApiError)) throw error;
      });
    }
  }
}

async function removeIfStale(root: Directory, name: string, olderThan: Date): Promise<void> {
  // A link of that name, which a command has made, leads to files that are no upload's.
  if ((await root.resolve(name)) !== name) return;
  const entries = [await root.stat(name), ...(await root.list(name))];
  if (entries.every((entry) => entry.modifiedAt < olderThan)) await removeStaging(root, name);
}

/** What cannot be removed now is removed at the next start. */
async function removeStaging(root: Directory, staging: string): Promise<void> {
  try {
    for (const { name } of await root.list(staging)) await root.remove(`${staging}/${name}`);
    await root.remove(staging);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

function openForm(incoming: IncomingMessage, limits: UploadLimits): busboy.Busboy {
  const { headers } = incoming;
  try {
    // busboy would also take a form of another kind, which has no files.
    if (!/^multipart\/form-data\s*;/i.test(headers["content-type"] ?? ""))
      throw new Error("no multipart form");
    return busboy({
      headers,
      // Without these, "../" would vanish from names unseen, and Chinese names would be garbled.
      preservePath: true,
      defParamCharset: "utf8",
      // busboy calls a file truncated that just reaches the limit.
      limits: {
        fileSize: limits.uploadBytes + 1,
        files: limits.uploadFiles,
        fields: maxFields,
        fieldSize: maxPathBytes,
      },
    });
  } catch {
    throw wrongShape(["body"], "Send the files as multipart/form-data with a boundary.", "multipart");
  }
}

/** Reads a form to its end. By the time this rejects, nothing writes to `stage` any more. */
async function readForm(
  form: busboy.Busboy,
  incoming: IncomingMessage,
  root: Directory,
  stage: Directory,
  limits: UploadLimits,
): Promise<Form> {
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>();
  const files: Promise<StagedFile>[] = [];
  let path = "";
  let otherBytes = 0;
  form.on("field", (field, value, { valueTruncated }) => {
    // What busboy takes for a text here is a file whose name is empty, or is none that can be read.
    if (field === "files") fail(badFileName());
    if (field !== "path") return;
    path = value;
    if (valueTruncated) fail(new ApiError("name_too_long", "The path is too long. Use a shorter one."));
    refuseBadPath(root, path).catch(fail);
  });
  form.on("file", (field, stream, { filename }) => {
    // Its errors are seen where it is read.
    stream.on("error", () => {});
    if (field !== "files") return void stream.resume();
    stream.on("limit", () => {
      fail(new ApiError("too_large", `A file is at most ${limits.uploadBytes} bytes large.`));
    });
    const onBytes = (count: number): void => {
      otherBytes -= count;
    };
    const file = stageFile(stage, String(files.length), filename, stream, onBytes);
    file.catch(fail);
    files.push(file);
  });
  form.on("fieldsLimit", () => {
    fail(new ApiError("too_large", `Send at most ${maxFields} fields beside the files.`));
  });
  form.on("filesLimit", () => {
    fail(new ApiError("too_large", `Upload at most ${limits.uploadFiles} files at a time.`));
  });
  form.on("error", () =>
    fail(wrongShape(["body"], "The multipart body is malformed or cut off.", "multipart")),
  );
  form.on("close", end);
  const onGone = (): void => {
    if (!incoming.complete) fail(wrongShape(["body"], "The upload was cut off.", "multipart"));
  };
  if (incoming.destroyed) onGone();
  const onData = (chunk: Buffer): void => {
    otherBytes += chunk.length;
    if (otherBytes > maxOtherBytes)
      fail(new ApiError("too_large", "The form holds too much beside its files."));
  };
  incoming.on("close", onGone).on("data", onData);
  incoming.pipe(form);
  try {
    await ended;
    return { path, files: await Promise.all(files) };
  } catch (error) {
    incoming.unpipe(form);
    form.destroy();
    await Promise.allSettled(files);
    throw error;
  } finally {
    incoming.off("close", onGone).off("data", onData);
  }
}

async function stageFile(
  stage: Directory,
  staged: string,
  name: string | undefined,
  stream: Readable,
  onBytes: (count: number) => void,
): Promise<StagedFile> {
  if (!isFileName(name)) throw badFileName();
  if (encodeName(name).length > 255) {
    throw new ApiError("name_too_long", "A file's name is at most 255 bytes long. Use a shorter one.");
  }
  const file = await stage.create(staged);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      onBytes(chunk.length);
      await file.write(chunk);
    }
    return { staged, name, size: await file.commit() };
  } finally {
    await file.discard();
  }
}

function badFileName(): ApiError {
  return new ApiError(
    "invalid_file_name",
    "A file needs a name without '/' and '\\' that is not '.' or '..' and does not begin with '.zcbot-'.",
  );
}

/** Names that begin so are the server's own: uploads and writes under way. */
const ownName = /(^|\/)\.zcbot-/;

function isFileName(name: string | undefined): name is string {
  if (name === undefined || name === "" || name === "." || name === "..") return false;
  return !/[/\\\0]/.test(name) && !ownName.test(name);
}

/** A path that leads out is refused before the files are received; one that is missing will be made. */
async function refuseBadPath(root: Directory, path: string): Promise<void> {
  if (ownName.test(path))
    throw new ApiError("invalid_path", "Folders that begin with '.zcbot-' are the server's.");
  try {
    await root.resolve(path);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "path_not_found") throw error;
  }
}

async function keepFiles(root: Directory, staging: string, { path, files }: Form): Promise<UploadResult> {
  if (files.length === 0) throw new ApiError("no_files", "Send at least one file in the field 'files'.");
  for (const { name } of files) await refuseUnlessFile(root, path === "" ? name : `${path}/${name}`);
  await root.makeDirectory(path);
  const current = await root.resolve(path);
  const saved: UploadResult["saved"] = [];
  for (const { staged, name, size } of files) {
    const rel = current === "" ? name : `${current}/${name}`;
    await root.move(`${staging}/${staged}`, rel);
    saved.push({ name, size, rel });
  }
  return { count: saved.length, saved };
}

/** A file takes the place of a file or of nothing; what stands in the way of one is found before any is moved. */
async function refuseUnlessFile(root: Directory, path: string): Promise<void> {
  const entry = await root.stat(path).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === "path_not_found") return null;
    throw error;
  });
  if (entry && !entry.isFile) {
    throw new ApiError("not_a_file", "There is a folder or a special file of a file's name already.");
  }
}

/** Reads what is left of a body, for a while. False if there is still more. */
export async function drain(incoming: IncomingMessage): Promise<boolean> {
  if (incoming.readableEnded || incoming.destroyed) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, drainMs, false);
  const onEnd = (): void => resolve(true);
  incoming.once("end", onEnd).once("close", onEnd);
  incoming.resume();
  const isEnd = await promise;
  clearTimeout(timer);
  incoming.off("end", onEnd).off("close", onEnd);
  return isEnd;
}
