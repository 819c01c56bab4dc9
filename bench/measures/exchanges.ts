import type { Row } from "../report.ts";
import { type Bench, makeTasks } from "../setup.ts";
import { directSide, type Exchange, type Side, zcbotSide } from "../sides.ts";
import { median } from "../statistics.ts";

const rounds = 150;
const warmUp = 20;

/** Both sides in turn, so that a drifting machine drifts for both. */
async function inTurn(ours: Side, direct: Side, prompt: string): Promise<[Exchange[], Exchange[]]> {
  const results: [Exchange[], Exchange[]] = [[], []];
  for (let round = 0; round < rounds + warmUp; round++) {
    const pair = [await ours(prompt), await direct(prompt)] as const;
    if (round < warmUp) continue;
    results[0].push(pair[0]);
    results[1].push(pair[1]);
  }
  return results;
}

const untilText = (exchange: Exchange) => exchange.firstText - exchange.began;
const whole = (exchange: Exchange) => exchange.ended - exchange.began;

/** What one exchange at a time costs over asking the model directly. */
export async function measureExchanges(bench: Bench): Promise<Row[]> {
  const nextTask = await makeTasks(bench, 3 * (rounds + warmUp));
  const ours = zcbotSide(bench.url, bench.token, nextTask);
  const compare = async (name: string, prompt: string, limit: number, time: typeof whole, toolCalls = 0) => {
    const [mine, theirs] = await inTurn(ours, directSide(bench.modelUrl, toolCalls), prompt);
    const [a, b] = [median(mine.map(time)), median(theirs.map(time))];
    return { name, unit: "ms", ours: a, direct: b, figure: a - b, limit, atMost: true } satisfies Row;
  };
  return [
    await compare("POST to first text, over direct, p50", "chat 5 5", 3, untilText),
    await compare("chat of 200 chunks, over direct, p50", "chat 200 0", 8, whole),
    await compare("5 sequential tool calls, over direct, p50", "tools 5 read notes.md", 20, whole, 5),
  ];
}
