import type { Directory } from "../../../workspace/directory.ts";
import { exportConversation } from "../../export/export-conversation.ts";
import type { Database } from "../../store/database.ts";
import { listMessages } from "../../store/messages.ts";
import { readTaskRecord } from "../../store/tasks.ts";
import type { Handlers } from "../handler.ts";

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

export function createExportHandler(
  database: Database,
  userRoot: (userId: string) => Promise<Directory>,
): Pick<Handlers, "exportTask"> {
  return {
    async exportTask({ params }, { user, request }) {
      const task = await readTaskRecord(database, user.userId, params.task_id);
      const conversation = await listMessages(database, user.userId, params.task_id);
      const root = await userRoot(user.userId);
      const directory = await root.subdirectory(task.directory);
      const language = prefersChinese(request.headers.get("accept-language")) ? "zh" : "en";
      try {
        const bytes = await exportConversation({ task, conversation, directory, language }, request.signal);
        return new Response(bytes, { headers: headersOf(params.task_id, bytes.byteLength) });
      } catch (error) {
        // Nobody is left to be answered.
        if (request.signal.aborted) return new Response(null, { status: 499 });
        throw error;
      }
    },
  };
}

function headersOf(taskId: string, length: number): Record<string, string> {
  return {
    "Content-Type": docxType,
    "Content-Disposition": `attachment; filename="chat_${taskId.slice(0, 8)}.docx"`,
    "Content-Length": String(length),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  };
}

/** Whether Chinese comes first among the languages that a browser asks for. */
function prefersChinese(header: string | null): boolean {
  return /^\s*zh\b/i.test(header ?? "");
}
