import { once } from "node:events";
import { type MessagePort, parentPort } from "node:worker_threads";
import { MessageList } from "../../protocol/message.ts";
import type { FromJobThread, ToldThread } from "../../workspace/threads/job-thread.ts";
import { writeDocument } from "./document.ts";
import type { DocxAnswer, ExportJob, Pictures } from "./docx-job.ts";
import { type Picture, readPicture } from "./markdown/picture.ts";
import { listPictures, parseTranscript } from "./transcript.ts";
import { toTurns } from "./turns.ts";

// The thread that makes documents: one job at a time, ended by JobThread.

if (parentPort) serve(parentPort);

function serve(port: MessagePort): void {
  const send = (message: FromJobThread<DocxAnswer, string[]>, transfer: ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);
  port.on("message", async (given: ExportJob | ToldThread<Pictures>) => {
    if ("reply" in given) return;
    try {
      const bytes = await work(given, async (paths) => {
        const answered = once(port, "message") as Promise<[ToldThread<Pictures>]>;
        send({ question: paths });
        const [{ reply }] = await answered;
        return reply;
      });
      send({ result: { bytes } }, bytes === null ? [] : [bytes.buffer]);
    } catch (error) {
      // Not the error itself: some lose their message on the way, some cannot be sent at all.
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      send({ result: { fault: { message, stack } } });
    }
  });
}

type ReadPictures = (paths: string[]) => Promise<Pictures>;

async function work(job: ExportJob, read: ReadPictures): Promise<Uint8Array<ArrayBuffer> | null> {
  const { messages } = MessageList.parse(JSON.parse(job.conversation));
  if (messages.length === 0) return null;
  const transcript = parseTranscript(toTurns(messages));
  const paths = listPictures(transcript);
  const files = paths.length > 0 ? await read(paths) : [];
  const pictures = new Map<string, Picture>();
  for (const [index, path] of paths.entries()) {
    const data = files[index];
    const picture = data && readPicture(data);
    if (picture) pictures.set(path, picture);
  }
  // A copy of its own: the packed buffer may be a view of a shared pool, which cannot be handed over.
  return new Uint8Array(await writeDocument(job, transcript, pictures));
}
