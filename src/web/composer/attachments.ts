import { useState } from "react";
import type { Upload } from "../files/use-upload.ts";
import { useLanguage } from "../language/language.ts";
import { readDraft, saveDraft } from "../state/drafts.ts";

/** The files that are to go with the next message of a task. */
export interface Attachments {
  /** Paths from the user's root. */
  paths: readonly string[];
  /** Uploads files into the task's directory and puts them with the message. Why it failed, the upload tells. */
  add: (files: readonly File[]) => Promise<void>;
  /** Takes one away from the message; the file stays in the directory. */
  remove: (path: string) => void;
  /** Puts files with the message that are there already. */
  put: (paths: readonly string[]) => void;
  clear: () => void;
}

/** Keeps them beside the draft of the message, so that they outlive a reload as it does. */
export function useAttachments(taskId: string, directory: string, upload: Upload): Attachments {
  const name = nameFor(taskId);
  const [paths, setPaths] = useState<readonly string[]>(() => readPaths(name));
  const keep = (change: (before: readonly string[]) => readonly string[]) =>
    setPaths((before) => {
      const after = change(before);
      saveDraft(name, after.length > 0 ? JSON.stringify(after) : "");
      return after;
    });
  const put = (added: readonly string[]) => keep((before) => [...new Set([...before, ...added])]);
  return {
    paths,
    add: async (files) => {
      if (files.length === 0) return;
      const result = await upload.send(directory, files).catch(() => null);
      put(result?.saved.map(({ rel }) => rel) ?? []);
    },
    put,
    remove: (path) => keep((before) => before.filter((each) => each !== path)),
    clear: () => keep(() => []),
  };
}

/** Leaves files to be found with the draft of a task's next message. */
export function saveAttachments(taskId: string, paths: readonly string[]): void {
  saveDraft(nameFor(taskId), JSON.stringify(paths));
}

const nameFor = (taskId: string) => `${taskId}.files`;

function readPaths(name: string): readonly string[] {
  try {
    const read: unknown = JSON.parse(readDraft(name) || "[]");
    return Array.isArray(read) ? read.filter((path) => typeof path === "string") : [];
  } catch {
    return [];
  }
}

/** Gives pasted pictures names of their own: browsers call each of them `image.png`, and one would replace the other. */
export function useNamesForPasted(): (files: readonly File[]) => File[] {
  const { t } = useLanguage();
  return (files) =>
    files.map((file) => {
      const ending = /^image(\.\w+)$/i.exec(file.name)?.[1];
      if (ending === undefined) return file;
      const now = new Date();
      const two = (value: number) => String(value).padStart(2, "0");
      const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
      const time = `${day} ${two(now.getHours())}.${two(now.getMinutes())}.${two(now.getSeconds())}`;
      return new File([file], `${t("attachment.pasted", { time })}${ending}`, { type: file.type });
    });
}
