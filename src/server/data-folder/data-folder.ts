import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../start-error.ts";
import { type HeldLock, takeLock } from "./lock.ts";
import { openSecrets, type Secrets } from "./secrets.ts";

/** The folder that holds all a server keeps on disk, opened for this process. All paths are absolute. */
export interface DataFolder {
  path: string;
  /** Of the embedded Postgres; made by it. */
  postgres: string;
  /** `<user_id>/` for each user. */
  users: string;
  secrets: Secrets;
  /** Lets `zcbot run` find this server. Does nothing where another server holds a shared folder. */
  setAddress(address: string): Promise<void>;
  /** Lets the next server have the folder. */
  close(): Promise<void>;
}

export interface DataFolderOptions {
  /** Several servers on one database of their own may share the folder; the first one's address is kept. */
  shared: boolean;
}

/**
 * Makes what is missing of the folder (mode 0700) and takes its lock. Throws StartError when another
 * server has it or it cannot be written. A folder that exists keeps its mode: it may be anything.
 */
export async function openDataFolder(path: string, { shared }: DataFolderOptions): Promise<DataFolder> {
  const users = join(path, "workspace", "users");
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await mkdir(users, { recursive: true, mode: 0o700 });
    const lock = await takeLock(path, { patient: !shared }).catch((error: unknown) => {
      if (shared && error instanceof StartError) return notHeld;
      throw error;
    });
    try {
      const secrets = await openSecrets(path);
      return {
        path,
        postgres: join(path, "postgres"),
        users,
        secrets,
        setAddress: lock.setAddress,
        close: lock.release,
      };
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof StartError || !code) throw error;
    throw new StartError(
      [`The data folder ${path} cannot be used (${code}). Set ZCBOT_DATA to a folder that you may write.`],
      1,
      error,
    );
  }
}

const notHeld: HeldLock = { setAddress: async () => {}, release: async () => {} };
