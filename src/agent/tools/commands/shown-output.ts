import { randomUUID } from "node:crypto";
import type { Directory } from "../../../workspace/directory.ts";
import {
  createKeptOutput,
  type KeptOutput,
  type KeptText,
} from "../../../workspace/processes/kept-output.ts";
import { resultPath } from "../../context/result-file.ts";
import { showSize } from "../define-tool.ts";

/** Of a command's output, bytes: its beginning and its end. */
const maxShownBytes = 32 * 1024;

/** Takes a command's output; what is more than can be shown goes to a file of its own. */
export function openShownOutput(directory: Directory): KeptOutput {
  return createKeptOutput(directory, resultPath("bash", randomUUID()), maxShownBytes);
}

/** The output as the model reads it, and where the rest is. */
export function renderOutput({ text, droppedBytes, path, keptBytes, totalBytes }: KeptText): string {
  const output = text.trimEnd();
  if (droppedBytes === 0) return output;
  const left = showSize(droppedBytes);
  if (path === undefined) {
    return `${output}\n[${left} left out of the middle; write the output to a file and read it in parts]`;
  }
  const part = keptBytes < totalBytes ? `the first ${showSize(keptBytes)} are` : "the whole is";
  return `${output}\n[${left} left out of the middle; ${part} in ${path}: look there with grep, or read in parts]`;
}
