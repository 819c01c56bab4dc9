import { ConnectionError } from "../../client/connection-error.ts";
import { readError } from "../../client/read-error.ts";
import { UploadResult } from "../../protocol/file.ts";

/**
 * Uploads files into a directory. `onProgress` gets the share that is sent, 0 to 1. Rejects as the client
 * does. (Not the client's own method: `fetch` cannot tell how far an upload is.)
 */
export function sendFiles(
  path: string,
  files: readonly File[],
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<UploadResult> {
  const body = new FormData();
  body.append("path", path);
  for (const file of files) body.append("files", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/files/upload");
    request.upload.onprogress = (event) => onProgress(event.total ? event.loaded / event.total : 0);
    request.onerror = () => reject(new ConnectionError("The server could not be reached."));
    request.onabort = () => reject(signal.reason);
    request.onload = () => resolve(readAnswer(request));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

async function readAnswer(request: XMLHttpRequest): Promise<UploadResult> {
  const wait = request.getResponseHeader("Retry-After");
  const answer = new Response(request.responseText, {
    status: request.status,
    ...(wait !== null && { headers: { "Retry-After": wait } }),
  });
  if (!answer.ok) throw await readError(answer);
  return UploadResult.parse(await answer.json());
}
