import { posix } from "node:path";
import { ApiError } from "../../../protocol/error.ts";
import type { FileEntry } from "../../../protocol/file.ts";
import type { Directory, Entry, Page } from "../../../workspace/directory.ts";
import { attachmentHeaders, sendFile } from "../download.ts";
import type { Handlers } from "../handler.ts";
import { previewHeaders } from "../preview.ts";
import { receiveUpload, type UploadLimits } from "../upload.ts";

type FileHandlers = Pick<Handlers, "listFiles" | "downloadFile" | "rawFile" | "uploadFiles" | "deleteFile">;

export function createFileHandlers(
  userRoots: (userId: string) => Promise<Directory>,
  limits: UploadLimits,
): FileHandlers {
  return {
    async listFiles({ query }, { user }) {
      const root = await userRoots(user.userId);
      const { page, page_size } = query;
      const shown = { start: (page - 1) * page_size, size: page_size, hidden: false };
      const { current, exists, entries, count } = await look(root, query.path ?? "", shown);
      return {
        root: `workspace/users/${user.userId}`,
        current,
        exists,
        crumbs: crumbsOf(current),
        page,
        page_size,
        count,
        entries: entries.map((entry) => toFileEntry(entry, current)),
      };
    },

    async downloadFile({ query }, { user, request, outgoing }) {
      const root = await userRoots(user.userId);
      const sentAs = attachmentHeaders(nameOf(query.path));
      return sendFile(await root.open(query.path), sentAs, request, outgoing);
    },

    async rawFile({ query }, { user, request, outgoing }) {
      const root = await userRoots(user.userId);
      const name = nameOf(query.path);
      const sentAs = previewHeaders(name) ?? attachmentHeaders(name);
      return sendFile(await root.open(query.path), sentAs, request, outgoing);
    },

    async uploadFiles(_input, { user, incoming, outgoing }) {
      const root = await userRoots(user.userId);
      return receiveUpload(root, incoming, outgoing, limits);
    },

    async deleteFile({ body }, { user }) {
      const root = await userRoots(user.userId);
      await root.remove(body.path);
      return { ok: true, path: body.path };
    },
  };
}

/** What a path shows: a file, like what is missing, has no entries. */
async function look(
  root: Directory,
  path: string,
  page: Page,
): Promise<{ current: string; exists: boolean; entries: Entry[]; count: number }> {
  const current = posix.normalize(`${path}/`).slice(0, -1);
  const missing = { current, exists: false, entries: [], count: 0 };
  try {
    const current = await root.resolve(path);
    missing.current = current;
    return { current, exists: true, ...(await root.listPage(current, page)) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === "not_a_directory") return { ...missing, exists: true };
    if (error.code === "path_not_found") return missing;
    throw error;
  }
}

/** The last name of a path that leads to a file. */
function nameOf(path: string): string {
  return posix.basename(posix.normalize(path));
}

function crumbsOf(current: string): { label: string; rel: string }[] {
  const parts = current === "" ? [] : current.split("/");
  const below = parts.map((label, index) => ({ label, rel: parts.slice(0, index + 1).join("/") }));
  return [{ label: "/", rel: "" }, ...below];
}

function toFileEntry(entry: Entry, current: string): FileEntry {
  return {
    name: entry.name,
    is_dir: entry.isDirectory,
    size: entry.isDirectory ? null : entry.size,
    mtime: entry.modifiedAt.toISOString(),
    rel: current === "" ? entry.name : `${current}/${entry.name}`,
  };
}
