import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { createRandom } from "../chaos/random.ts";
import { sendRaw } from "../support/api/raw-request.ts";
import { platformKey } from "../support/server.ts";
import { type ApiDocument, readDocument } from "./document.ts";
import { Model } from "./model.ts";
import { runSequence } from "./run-sequence.ts";
import { type ServerUnderTest, startServerUnderTest } from "./server-under-test.ts";
import { type Move, sequences } from "./steps.ts";
import { Summary } from "./summary.ts";

export interface FuzzOptions {
  databaseUrl: string;
  seed: string;
  /** How many requests to make, at least. */
  requests: number;
  /** The first round; with few requests it repeats one round of a longer pass. */
  from: number;
  /** Rounds at the same time. */
  lanes: number;
  say: (line: string) => void;
  signal: AbortSignal;
}

export interface FuzzResult {
  violations: string[];
  lines: string[];
}

/** Moves in a sequence at most, and sequences in a round. */
const longest = 60;
const sequencesInRound = 4;
/** How long a failing sequence is made smaller, milliseconds. */
const shrinkMs = 20_000;
/** After so many failing rounds there is enough to mend. */
const enough = 10;

/** Asks a real server whatever its own document lets one ask, and more, until there were enough requests. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seed, requests, from, lanes, say, signal } = options;
  const server = await startServerUnderTest(options.databaseUrl);
  const summary = new Summary();
  const violations: string[] = [];
  const began = performance.now();
  try {
    const document = await readDocument(server.url);
    const moves = sequences(document, longest);
    let round = from;
    let told = 0;
    const goesOn = () =>
      summary.requests < requests && violations.length < enough && !signal.aborted && !server.failed.aborted;
    const lane = async (): Promise<void> => {
      while (goesOn()) {
        const violation = await runRound(round++, { document, moves, server, summary, seed });
        if (violation !== null) {
          violations.push(violation);
          say(violation);
        }
        if (summary.requests - told < 2_000) continue;
        told = summary.requests;
        const seconds = (performance.now() - began) / 1000;
        const rate = Math.round(told / seconds);
        say(
          `${told} requests, ${rate} a second, ${violations.length} violations, ${mebibytes(server.memory.most)}`,
        );
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    if (server.failed.aborted) violations.push(String(server.failed.reason));
    const { first, most } = server.memory;
    const slowest = Math.round(server.slowestHealth());
    return {
      violations,
      lines: [
        ...summary.lines(document),
        `${summary.serverErrors()} answers of 5xx, ${violations.length} violations, ${server.failed.aborted ? "the server failed" : "0 exits"}`,
        `memory of the server: ${mebibytes(first)} first, ${mebibytes(most)} at most; slowest /healthz ${slowest} ms`,
        `${Math.round((performance.now() - began) / 1000)} s, seed ${seed}`,
      ],
    };
  } finally {
    await server.close();
  }
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

interface Round {
  document: ApiDocument;
  moves: fc.Arbitrary<Move[]>;
  server: ServerUnderTest;
  summary: Summary;
  seed: string;
}

/** A few sequences of two new users; null, or what was wrong and how to see it again. */
async function runRound(
  round: number,
  { document, moves, server, summary, seed }: Round,
): Promise<string | null> {
  const tokens = [await signIn(server.url), await signIn(server.url)] as const;
  let deadline = Number.POSITIVE_INFINITY;
  let transcript: string[] = [];
  const property = fc.asyncProperty(moves, async (sequence) => {
    // What is not tried any more counts as passed: then nothing smaller is looked for.
    if (performance.now() > deadline || server.failed.aborted) return;
    const lines: string[] = [];
    const note = (line: string) => void lines.push(line);
    try {
      const people = { url: server.url, tokens };
      await runSequence(sequence, new Model(randomUUID()), { document, people, summary, note });
    } catch (error) {
      transcript = lines;
      deadline = Math.min(deadline, performance.now() + shrinkMs);
      throw error;
    }
  });
  const number = createRandom(`${seed}/${round}`).whole(0, 2 ** 31 - 1);
  const result = await fc.check(property, { seed: number, numRuns: sequencesInRound });
  if (!result.failed) return null;
  const reason =
    result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
  return [
    reason,
    `  again: npm run fuzz -- --seed ${seed} --from ${round} --requests 1   (two users: <token 0>, <token 1>)`,
    ...transcript.map((line) => `  ${line}`),
  ].join("\n");
}

async function signIn(url: string): Promise<string> {
  const answer = await sendRaw(url, {
    method: "POST",
    path: "/v1/auth/login",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user_id: randomUUID(), platform_key: platformKey }),
  });
  const { token } = JSON.parse(answer.body.toString()) as { token?: string };
  if (token === undefined) throw new Error(`no token: ${answer.status}`);
  return token;
}
