import {
  readIndex,
  readMemoryFile,
  removeMemory,
  writeMemory,
} from "../../../../agent/memory/memory-store.ts";
import type { Directory } from "../../../../workspace/directory.ts";
import type { Database } from "../../../store/database.ts";
import { readMemorySwitch, writeMemorySwitch } from "../../../store/users.ts";
import type { Handlers } from "../../handler.ts";

type MemoryHandlers = Pick<
  Handlers,
  "readMemory" | "switchMemory" | "getMemory" | "putMemory" | "deleteMemory"
>;

export interface MemoryHandlerOptions {
  database: Database;
  userRoot: (userId: string) => Promise<Directory>;
}

export function createMemoryHandlers({ database, userRoot }: MemoryHandlerOptions): MemoryHandlers {
  return {
    async readMemory(_input, { user }) {
      const enabled = await readMemorySwitch(database, user.userId);
      return { enabled, ...(await readIndex(await userRoot(user.userId))) };
    },

    async switchMemory({ body }, { user }) {
      await writeMemorySwitch(database, user.userId, body.enabled);
      return { enabled: body.enabled, ...(await readIndex(await userRoot(user.userId))) };
    },

    async getMemory({ params, query }, { user }) {
      return await readMemoryFile(await userRoot(user.userId), params.path, query.version);
    },

    async putMemory({ params, body }, { user }) {
      const root = await userRoot(user.userId);
      const text = body.content ?? (await readMemoryFile(root, params.path, body.version ?? "")).content;
      return await writeMemory(root, params.path, "person", () => text);
    },

    async deleteMemory({ params, query }, { user }) {
      await removeMemory(await userRoot(user.userId), params.path, { erase: query.versions });
      return undefined;
    },
  };
}
