import type { ApiDocument } from "./document.ts";

/** Counts what was asked and how it was answered. */
export class Summary {
  requests = 0;
  readonly #answers = new Map<string, Map<number, number>>();
  readonly #statuses = new Map<number, number>();

  /** One more answer; an `odd` request counts for no operation. */
  count(operation: string, status: number, odd: boolean): void {
    this.requests++;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (odd) return;
    const known = this.#answers.get(operation) ?? new Map<number, number>();
    this.#answers.set(operation, known.set(status, (known.get(status) ?? 0) + 1));
  }

  /** How many answers had a status of this kind. */
  serverErrors(): number {
    return [...this.#statuses].reduce((sum, [status, count]) => sum + (status >= 500 ? count : 0), 0);
  }

  /** By status, by operation, and which of the documented answers were seen. */
  lines(document: ApiDocument): string[] {
    const byStatus = [...this.#statuses].toSorted(([a], [b]) => a - b);
    const documented = document.operations.flatMap(({ id, answers }) =>
      [...answers.keys()].map((status) => ({
        id,
        status,
        seen: this.#answers.get(id)?.has(status) ?? false,
      })),
    );
    const seen = documented.filter((each) => each.seen).length;
    // Here the database is never away, no host is refused, and no body comes slowly.
    const never = new Set([408, 421, 503]);
    const unseen = documented.filter((each) => !each.seen && !never.has(each.status));
    return [
      `${this.requests} requests: ${byStatus.map(([status, count]) => `${count} x ${status}`).join(", ")}`,
      ...document.operations.map(({ id }) => {
        const counts = [...(this.#answers.get(id) ?? [])].toSorted(([a], [b]) => a - b);
        return `  ${id.padEnd(14)} ${counts.map(([status, count]) => `${status}: ${count}`).join("  ")}`;
      }),
      `${seen} of ${documented.length} documented answers seen; not seen, beside ${[...never].join(", ")}: ${unseen.map(({ id, status }) => `${id} ${status}`).join(", ") || "none"}`,
    ];
  }
}
