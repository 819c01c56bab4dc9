import { randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ApiError } from "../../../../protocol/error.ts";
import type { Directory } from "../../../../workspace/directory.ts";
import { removeTree } from "../../../../workspace/trees/remove-tree.ts";
import { wrongShape } from "../../read-input.ts";
import { drain, stagingPrefix } from "../../upload.ts";

/** Of an archive as it is sent, bytes. */
const maxArchiveBytes = 20 * 2 ** 20;

/**
 * Streams a request's body to a file of the user's that nobody sees, hands it over, and removes it. Throws ApiError, and what
 * `use` throws.
 */
export async function receiveArchive(
  root: Directory,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  use: (archive: FileHandle) => Promise<void>,
): Promise<void> {
  const staging = `${stagingPrefix}${randomUUID()}`;
  try {
    if (Number(incoming.headers["content-length"] ?? 0) > maxArchiveBytes) throw tooLarge();
    await root.space.check(Number(incoming.headers["content-length"] ?? 1));
    await receive(root, `${staging}/0`, incoming);
    const { handle } = await root.open(`${staging}/0`);
    try {
      await use(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(await drain(incoming)) && !outgoing.headersSent) outgoing.setHeader("Connection", "close");
    throw error;
  } finally {
    await removeTree(root, staging).catch((error: unknown) => {
      // It is swept later.
      if (!(error instanceof ApiError)) throw error;
    });
  }
}

async function receive(root: Directory, path: string, incoming: IncomingMessage): Promise<void> {
  const file = await root.create(path);
  try {
    let size = 0;
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxArchiveBytes) throw tooLarge();
      await file.write(chunk);
    }
    await file.commit();
  } catch (error) {
    if (error instanceof ApiError || incoming.complete) throw error;
    throw wrongShape(["body"], "The archive was cut off.", "archive");
  } finally {
    await file.discard();
  }
}

function tooLarge(): ApiError {
  return new ApiError("too_large", `An archive is at most ${maxArchiveBytes} bytes large.`);
}
