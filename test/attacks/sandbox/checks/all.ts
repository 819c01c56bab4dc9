import type { Check } from "../check.ts";
import { callChecks } from "./calls.ts";
import { fileChecks } from "./files.ts";
import { limitChecks } from "./limits.ts";
import { networkChecks } from "./network.ts";
import { privilegeChecks } from "./privileges.ts";
import { procChecks } from "./proc.ts";
import { processChecks } from "./processes.ts";
import { survivorChecks } from "./survivors.ts";

/** Every way out that we know, by what it goes for. */
export const checks: Check[] = [
  ...fileChecks,
  ...procChecks,
  ...privilegeChecks,
  ...callChecks,
  ...networkChecks,
  ...processChecks,
  ...limitChecks,
  ...survivorChecks,
];
