import { z } from "zod";
import { rule, timestamp } from "../text.ts";

/** Folders above a file of memory at most. */
const maxFolders = 3;
const maxPathLength = 200;

/** Of one file, bytes. */
export const maxMemoryFileBytes = 64 * 1024;

/** Whether a path names a file of memory: plain names, none hidden, a markdown file at the end and only there. */
export function isMemoryPath(path: string): boolean {
  const names = path.split("/");
  const folders = names.slice(0, -1);
  return (
    path.length <= maxPathLength &&
    folders.length <= maxFolders &&
    names.every(
      (name) => name.trim() === name && name !== "" && !name.startsWith(".") && !/[\\\p{Cc}]/u.test(name),
    ) &&
    /\.md$/i.test(path) &&
    !folders.some((name) => /\.md$/i.test(name))
  );
}

/** A path of a file of memory, relative to `.memory/`. */
export const memoryPath = rule(
  z.string(),
  isMemoryPath,
  "invalid_path",
  `Name a markdown file like projects/report.md: up to ${maxFolders} folders, no name that begins with a dot, ${maxPathLength} characters at most.`,
);

export const MemoryVersion = z.object({
  version: z.string(),
  at: timestamp,
  by: z
    .enum(["agent", "person", "unknown"])
    .describe("who wrote it: an agent with `remember`, a person here, or somebody in the files themselves"),
  size: z.int().describe("bytes"),
});
export type MemoryVersion = z.infer<typeof MemoryVersion>;

const described = {
  path: z.string(),
  updated_at: timestamp,
  versions: z.array(MemoryVersion).describe("newest first, that in force among them"),
};

export const MemoryFile = z
  .object({ ...described, size: z.int().describe("bytes") })
  .meta({ id: "MemoryFile" });
export type MemoryFile = z.infer<typeof MemoryFile>;

export const MemoryIndex = z
  .object({
    enabled: z.boolean().describe("where false, no task reads or writes it"),
    files: z.array(MemoryFile),
    deleted: z.array(z.object(described)).describe("files that are gone and of which versions are kept"),
    bytes: z.int(),
    max_bytes: z.int(),
  })
  .meta({ id: "MemoryIndex" });
export type MemoryIndex = z.infer<typeof MemoryIndex>;

export const MemorySwitch = z.object({ enabled: z.boolean() }).meta({ id: "MemorySwitch" });

export const MemoryContent = MemoryFile.extend({ content: z.string() }).meta({ id: "MemoryContent" });
export type MemoryContent = z.infer<typeof MemoryContent>;

export const MemoryWrite = rule(
  z.object({
    content: z.string().nullish().describe("the whole new text"),
    version: z.string().nullish().describe("in its place: the version to bring back"),
  }),
  ({ content, version }) => (content == null) !== (version == null),
  "nothing_to_update",
  "Send either content or a version to bring back.",
).meta({ id: "MemoryWrite" });

export const MemoryVersionQuery = z.object({
  version: z.string().optional().describe("one that is kept, in place of the one in force"),
});

export const MemoryRemoval = z.object({
  versions: z.stringbool().default(false).describe("erase the versions that are kept, too"),
});
