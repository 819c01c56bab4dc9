import { join } from "node:path";
import type { Directory } from "../workspace/directory.ts";
import { openDirectory } from "../workspace/open-directory.ts";
import { type SpaceLimits, UserSpace } from "../workspace/space/disk-space.ts";

const remembered = 1_000;

/** Opens users' roots below `users`, made where missing, each with its own room; the latest ones are kept at hand. */
export function createUserRoots(users: string, limits: SpaceLimits): (userId: string) => Promise<Directory> {
  const roots = new Map<string, Promise<Directory>>();
  return (userId) => {
    const known = roots.get(userId);
    if (known) return known;
    if (roots.size >= remembered) roots.clear();
    const place = join(users, userId);
    const root = openDirectory(place, new UserSpace(place, limits));
    root.catch(() => roots.delete(userId));
    roots.set(userId, root);
    return root;
  };
}
