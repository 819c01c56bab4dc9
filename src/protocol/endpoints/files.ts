import { z } from "zod";
import { DeleteResult, FileListing, FilePath, FileQuery, UploadResult } from "../file.ts";
import type { Endpoint } from "./endpoint.ts";

const files = { tag: "files" } as const;

export const filesEndpoints = {
  listFiles: {
    ...files,
    method: "GET",
    path: "/v1/files",
    summary: "List a directory",
    query: FileQuery,
    status: 200,
    response: FileListing,
    errors: ["invalid_path", "name_too_long"],
  },
  downloadFile: {
    ...files,
    method: "GET",
    path: "/v1/files/download",
    summary: "Download a file",
    query: FilePath,
    status: 200,
    response: "file",
    errors: ["invalid_path", "name_too_long", "not_a_file", "path_not_found", "range_not_satisfiable"],
  },
  rawFile: {
    ...files,
    method: "GET",
    path: "/v1/files/raw",
    summary:
      "Show a file in a browser: pictures, PDF, text, sound and films under their own type, where nothing in them can act; other files as downloads",
    query: FilePath,
    status: 200,
    response: "preview",
    errors: ["invalid_path", "name_too_long", "not_a_file", "path_not_found", "range_not_satisfiable"],
  },
  uploadFiles: {
    ...files,
    method: "POST",
    path: "/v1/files/upload",
    summary: "Upload files into a directory, replacing files of the same name",
    expensive: true,
    upload: z.object({
      path: z.string().optional(),
      files: z.array(z.string().meta({ format: "binary" })),
    }),
    status: 200,
    response: UploadResult,
    errors: [
      "invalid_path",
      "invalid_file_name",
      "name_too_long",
      "not_a_directory",
      "not_a_file",
      "no_files",
      "too_large",
      "disk_full",
      "quota_exceeded",
    ],
  },
  deleteFile: {
    ...files,
    method: "POST",
    path: "/v1/files/delete",
    summary: "Delete a file, a link or an empty directory",
    body: FilePath,
    status: 200,
    response: DeleteResult,
    errors: ["invalid_path", "name_too_long", "path_not_found", "directory_not_empty", "root_not_deletable"],
  },
} as const satisfies Record<string, Endpoint>;
