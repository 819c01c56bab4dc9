import { z } from "zod";
import { timestamp } from "./text.ts";

export const FileEntry = z
  .object({
    name: z.string(),
    is_dir: z.boolean(),
    size: z.int().nullable().describe("bytes; null for folders"),
    mtime: timestamp,
    rel: z.string().describe("path relative to the user's root"),
  })
  .meta({ id: "FileEntry" });
export type FileEntry = z.infer<typeof FileEntry>;

export const FileListing = z
  .object({
    root: z.string(),
    current: z.string(),
    exists: z.boolean(),
    crumbs: z.array(z.object({ label: z.string(), rel: z.string() })),
    entries: z.array(FileEntry),
  })
  .meta({ id: "FileListing" });
export type FileListing = z.infer<typeof FileListing>;

export const FileQuery = z.object({ path: z.string().optional() });
export const FilePath = z.object({ path: z.string() });

export const UploadResult = z
  .object({
    count: z.int(),
    saved: z.array(z.object({ name: z.string(), size: z.int(), rel: z.string() })),
  })
  .meta({ id: "UploadResult" });
export type UploadResult = z.infer<typeof UploadResult>;

export const DeleteResult = z.object({ ok: z.literal(true), path: z.string() }).meta({ id: "DeleteResult" });
export type DeleteResult = z.infer<typeof DeleteResult>;
