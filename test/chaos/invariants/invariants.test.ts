import { expect, test } from "vitest";
import type { PostRecord, WatchRecord } from "../client/history.ts";
import { checkConversations, checkPosts } from "./conversation.ts";
import { checkRunLogs } from "./run-log.ts";
import { frameOf, type OwnedMessage, type Stored, type StoredEvent } from "./stored.ts";
import { checkWatches } from "./watches.ts";

// Whoever checks has to notice: one sound world, and what each kind of damage to it is called.

const call = { id: "c1", type: "function" as const, function: { name: "bash", arguments: "{}" } };

function soundWorld(): Stored {
  const message = (idx: number, payload: OwnedMessage["payload"]): OwnedMessage => ({
    idx,
    run_id: "r1",
    payload,
    tokens_in: 0,
    tokens_out: 0,
    created_at: "",
  });
  const said: [string, object][] = [
    ["run_start", { run_id: "r1", task_id: "t1" }],
    ["llm_start", { step: 1 }],
    ["text", { text: "一半" }],
    ["resumed", { step: 1, reason: "server_lost" }],
    ["llm_start", { step: 1 }],
    ["tool_call", { id: "c1" }],
    ["llm_end", { step: 1, tokens_in: 5, tokens_out: 2 }],
    ["tool_result", { id: "c1", content: "好" }],
    ["steered", { pending_id: "p", idx: 3, content: "快点" }],
    ["llm_start", { step: 2 }],
    ["text", { text: "完成" }],
    ["llm_end", { step: 2, tokens_in: 6, tokens_out: 3 }],
    ["done", { status: "ok", tokens_in: 11, tokens_out: 5 }],
  ];
  const events = said.map(([type, data], index) => ({ seq: index + 1, type, data: JSON.stringify(data) }));
  return {
    tasks: [{ task_id: "t1", directory: "d", tokens_prompt: 11, tokens_completion: 5, n_messages: 5 }],
    runs: [
      {
        run_id: "r1",
        task_id: "t1",
        status: "ok",
        lease_owner: null,
        lease_generation: 2,
        attempt: 2,
        tokens_in: 11,
        tokens_out: 5,
        error_code: null,
      },
    ],
    events: new Map([["r1", events]]),
    messages: new Map([
      [
        "t1",
        [
          message(0, { role: "user", content: "做" }),
          message(1, { role: "assistant", content: null, tool_calls: [call] }),
          message(2, { role: "tool", tool_call_id: "c1", content: "好" }),
          message(3, { role: "user", content: "快点" }),
          message(4, { role: "assistant", content: "完成" }),
        ],
      ],
    ]),
    pending: [],
  };
}

const posts: PostRecord[] = [post(0, "做", "reject"), post(1, "快点", "steer")];

function post(number: number, content: string, mode: PostRecord["mode"]): PostRecord {
  return {
    userId: "u",
    taskId: "t1",
    content,
    mode,
    number,
    attempts: 1,
    outcome: "acknowledged",
    status: 202,
    runId: "r1",
    startedAt: number * 10,
    answeredAt: number * 10 + 5,
  };
}

function watch(log: StoredEvent[]): WatchRecord {
  const frames = log.map(frameOf);
  return {
    userId: "u",
    taskId: "t1",
    runId: "r1",
    style: "after",
    connections: [
      { from: 0, frames: frames.slice(0, 5), end: "cut" },
      { from: 5, frames: frames.slice(5), end: "closed" },
    ],
    finishedAt: 1,
  };
}

function check(stored: Stored, watched = watch(stored.events.get("r1") ?? [])): string[] {
  return [
    ...checkRunLogs(stored),
    ...checkConversations(stored),
    ...checkPosts(posts, stored),
    ...checkWatches([watched], stored),
  ];
}

test("a sound world has no faults", () => {
  expect(check(soundWorld())).toEqual([]);
});

const damages: [string, RegExp, (world: Stored) => unknown][] = [
  ["an event that is lost", /has number/, ({ events }) => events.get("r1")?.splice(4, 1)],
  ["an end that is lost", /its log ends 0 times/, ({ events }) => events.get("r1")?.pop()],
  ["a message that is lost", /is lost/, ({ messages }) => messages.get("t1")?.splice(3, 1)],
  ["a message that is there twice", /is there 2 times/, ({ messages }) => copy(messages.get("t1"), 3)],
  ["an answer that is lost", /comes before the calls/, ({ messages }) => messages.get("t1")?.splice(2, 1)],
  [
    "tokens that are counted twice",
    /counts 22/,
    ({ runs }) => runs[0] && Object.assign(runs[0], { tokens_in: 22 }),
  ],
  [
    "a task that counts other tokens",
    /task t1 counts 1\/5/,
    ({ tasks }) => tasks[0] && Object.assign(tasks[0], { tokens_prompt: 1 }),
  ],
  [
    "a lease that outlives its run",
    /still leased/,
    ({ runs }) => runs[0] && Object.assign(runs[0], { lease_owner: "s" }),
  ],
  [
    "an end that says something else",
    /last event says/,
    ({ runs }) => runs[0] && Object.assign(runs[0], { status: "cancelled" }),
  ],
  [
    "a run that never ended, and says so",
    /its log says/,
    ({ runs }) => runs[0] && Object.assign(runs[0], { status: "running" }),
  ],
];

test.each(damages)("%s is noticed", (_name, fault, damage) => {
  const world = soundWorld();
  damage(world);
  expect(check(world).join("\n")).toMatch(fault);
});

test("a watcher who missed a frame, saw one twice, or another one, is noticed", () => {
  for (const harm of [
    (frames: string[]) => frames.splice(2, 1),
    (frames: string[]) => copy(frames, 2),
    (frames: string[]) => frames.splice(2, 1, "id: 8\nevent: text\ndata: {}\n\n"),
    (frames: string[]) => frames.pop(),
  ]) {
    const world = soundWorld();
    const watched = watch(world.events.get("r1") ?? []);
    harm(watched.connections[1]?.frames ?? []);
    expect(check(world, watched)).not.toEqual([]);
  }
});

function copy<Item>(items: Item[] | undefined, index: number): void {
  const [item] = items?.slice(index) ?? [];
  if (item !== undefined) items?.splice(index, 0, item);
}
