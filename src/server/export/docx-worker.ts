import { once } from "node:events";
import { type MessagePort, parentPort } from "node:worker_threads";
import { MessageList } from "../../protocol/message.ts";
import { writeDocument } from "./document.ts";
import type { ExportJob, FromWorker, ToWorker } from "./docx-job.ts";
import { type Picture, readPicture } from "./markdown/picture.ts";
import { listPictures, parseTranscript } from "./transcript.ts";
import { toTurns } from "./turns.ts";

// The thread that makes documents: one job at a time, ended by DocxWorker.

if (parentPort) serve(parentPort);

function serve(port: MessagePort): void {
  const send = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  port.on("message", async (message: ToWorker) => {
    if (message.kind !== "job") return;
    try {
      const bytes = await work(message.job, async (paths) => {
        const answered = once(port, "message") as Promise<[ToWorker]>;
        send({ kind: "pictures", paths });
        const [answer] = await answered;
        return answer.kind === "pictures" ? answer.pictures : [];
      });
      if (bytes === null) send({ kind: "empty" });
      else send({ kind: "done", bytes }, [bytes.buffer]);
    } catch (error) {
      // Not the error itself: some lose their message on the way, some cannot be sent at all.
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      send({ kind: "failed", message, stack });
    }
  });
}

type ReadPictures = (paths: string[]) => Promise<(Uint8Array | null)[]>;

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
