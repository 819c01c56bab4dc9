import type { Scenario } from "../scenario.ts";
import { cancel } from "./cancel.ts";
import { crash, steps } from "./crash.ts";
import { model } from "./model.ts";
import { streams } from "./streams.ts";

/** All scenarios, in the order they run. */
export const scenarios: readonly Scenario[] = [crash, steps, streams, cancel, model];
