import { type IdName, malformedIds, parseReference, type Relation, thirdUser } from "./values/references.ts";

interface Task {
  id: string;
  owner: Caller;
  deleted: boolean;
}

/** The two people of a sequence. */
export type Caller = 0 | 1;

/** An id as a request has it, and whether there is such a thing for whoever asks. */
export interface Resolved {
  text: string;
  exists: boolean;
}

/** What there is, as far as answers have told: who has which tasks, what runs and waits in them. */
export class Model {
  /** Somebody who makes no requests. */
  readonly #thirdUser: string;
  readonly tasks: Task[] = [];
  readonly #parts: Record<"run_id" | "pending_id" | "request_id", { id: string; taskId: string }[]> = {
    run_id: [],
    pending_id: [],
    request_id: [],
  };

  constructor(thirdUser: string) {
    this.#thirdUser = thirdUser;
  }

  addTask(id: string, owner: Caller): void {
    if (!this.tasks.some((task) => task.id === id)) this.tasks.push({ id, owner, deleted: false });
  }

  addPart(name: "run_id" | "pending_id" | "request_id", id: string, taskId: string): void {
    if (!this.#parts[name].some((part) => part.id === id)) this.#parts[name].push({ id, taskId });
  }

  markDeleted(taskId: string): void {
    for (const task of this.tasks) if (task.id === taskId) task.deleted = true;
  }

  /** Tasks that there still are. */
  living(owner: Caller): string[] {
    return this.tasks.filter((task) => task.owner === owner && !task.deleted).map(({ id }) => id);
  }

  /** Puts an id in the place of a reference; `taskId` is that of the address. Other texts stay as they are. */
  resolve(text: string, caller: Caller, taskId?: string): Resolved | null {
    if (text === thirdUser) return { text: this.#thirdUser, exists: true };
    const reference = parseReference(text);
    if (!reference) return null;
    const { name, relation, index } = reference;
    if (relation === "malformed") {
      return { text: malformedIds[(index * 7) % malformedIds.length] ?? "", exists: false };
    }
    const found = relation === "missing" ? undefined : this.#find(name, relation, index, caller, taskId);
    if (found === undefined) return { text: missingId(index), exists: false };
    const written = write(found, relation);
    return { text: written, exists: this.#exists(name, found, caller, taskId) };
  }

  #find(
    name: IdName,
    relation: Relation,
    index: number,
    caller: Caller,
    taskId?: string,
  ): string | undefined {
    const pick = (ids: string[]) => ids[index % Math.max(1, ids.length)];
    const owner = relation === "foreign" ? otherOf(caller) : caller;
    const tasks = this.tasks.filter(
      (task) => task.owner === owner && task.deleted === (relation === "deleted"),
    );
    if (name === "task_id") return pick(tasks.map(({ id }) => id));
    const parts = this.#parts[name];
    const within = parts.filter((part) => part.taskId === taskId);
    // Mostly of the task that the address names; now and then of another one of the same person.
    if (relation !== "foreign" && within.length > 0 && index % 5 !== 4)
      return pick(within.map(({ id }) => id));
    return pick(parts.filter((part) => tasks.some(({ id }) => id === part.taskId)).map(({ id }) => id));
  }

  #exists(name: IdName, id: string, caller: Caller, taskId?: string): boolean {
    const inTask = (wanted: string) =>
      this.tasks.some((task) => task.id === wanted && task.owner === caller && !task.deleted);
    if (name === "task_id") return inTask(id);
    return this.#parts[name].some((part) => part.id === id && part.taskId === taskId && inTask(part.taskId));
  }
}

function write(id: string, relation: Relation): string {
  if (relation === "capitals") return id.toUpperCase();
  return relation === "bare" ? id.replaceAll("-", "") : id;
}

function otherOf(caller: Caller): Caller {
  return caller === 0 ? 1 : 0;
}

function missingId(index: number): string {
  return `00000000-0000-4000-8000-${index.toString().padStart(12, "0")}`;
}
