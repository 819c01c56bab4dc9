import { randomBytes, randomUUID } from "node:crypto";
import { chmod, link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { StartError } from "../start-error.ts";

const SecretsFile = z.object({
  jwt_secret: z.string().min(32),
  platform_key: z.string().min(16),
  local_user_id: z.uuid(),
});

/** What a data folder's own server signs and signs in with; `local_user_id` is the person of local mode. */
export type Secrets = z.infer<typeof SecretsFile>;

/**
 * The secrets of a data folder, made on first use, once, however many start at a time. Throws StartError
 * when the file is there and broken: making new ones would lock the person out of their own tasks.
 */
export async function openSecrets(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, "secrets.json");
  const existing = await readSecrets(path);
  if (existing) return existing;
  const secrets: Secrets = {
    jwt_secret: randomBytes(32).toString("hex"),
    platform_key: randomBytes(24).toString("hex"),
    local_user_id: randomUUID(),
  };
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeFile(temporary, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flush: true });
    await link(temporary, path);
    return secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const others = await readSecrets(path);
    if (!others) throw error;
    return others;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function readSecrets(path: string): Promise<Secrets | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const secrets = parseSecrets(text);
  if (!secrets) {
    throw new StartError([
      `${path} does not hold jwt_secret (32 characters), platform_key (16) and local_user_id (a UUID). ` +
        "Put them right, or remove the file to have new ones made: local tasks then belong to a new user.",
    ]);
  }
  await chmod(path, 0o600);
  return secrets;
}

function parseSecrets(text: string): Secrets | undefined {
  try {
    return SecretsFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
