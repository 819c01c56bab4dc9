import { z } from "zod";
import { pageQuery } from "./page.ts";
import { timestamp } from "./text.ts";

export const FileEntry = z
  .object({
    name: z
      .string()
      .describe("bytes that are no UTF-8 stand as U+EF80 to U+EFFF; the name leads to the file nevertheless"),
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
    page: z.int(),
    page_size: z.int(),
    count: z
      .int()
      .describe(
        "entries of the directory, those of other pages too; of 200,000 names and of 1,000 links the rest neither counts nor shows",
      ),
    entries: z
      .array(FileEntry)
      .describe("folders first, then by name; names that begin with '.' are left out"),
  })
  .meta({ id: "FileListing" });
export type FileListing = z.infer<typeof FileListing>;

/** `page_size` is 5,000 at most, and by default. */
export const FileQuery = z.object({ path: z.string().optional(), ...pageQuery(5_000, 5_000).shape });
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
