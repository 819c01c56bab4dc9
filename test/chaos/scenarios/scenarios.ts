import type { Scenario } from "../scenario.ts";
import { cancel } from "./cancel.ts";
import { clock } from "./clock.ts";
import { crash, steps } from "./crash.ts";
import { database, restarts } from "./database.ts";
import { disk } from "./disk.ts";
import { drain } from "./drain.ts";
import { model } from "./model.ts";
import { questions } from "./questions.ts";
import { queue } from "./queue.ts";
import { steer } from "./steer.ts";
import { storm } from "./storm.ts";
import { streams } from "./streams.ts";
import { takeover, takeoverByKill } from "./takeover.ts";

/** All scenarios, in the order they run. */
export const scenarios: readonly Scenario[] = [
  crash,
  steps,
  takeover,
  takeoverByKill,
  drain,
  database,
  restarts,
  steer,
  questions,
  queue,
  streams,
  cancel,
  storm,
  model,
  disk,
  clock,
];
