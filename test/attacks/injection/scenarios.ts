import { breakingScenarios } from "./breaking.ts";
import { plantingScenarios } from "./planting.ts";
import { readingScenarios } from "./reading.ts";
import type { Scenario } from "./scenario.ts";
import { sayingScenarios, sendingScenarios } from "./sending.ts";

/** Everything that a model is told to do by what it reads, and does. */
export const scenarios: Scenario[] = [
  ...readingScenarios,
  ...sendingScenarios,
  ...sayingScenarios,
  ...plantingScenarios,
  ...breakingScenarios,
];
