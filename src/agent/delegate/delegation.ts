import type { PlanRetry } from "../agent.ts";
import type { Approvals } from "../approvals/approval-layers.ts";
import type { Model } from "../model/model.ts";
import type { Tool } from "../tools/tool.ts";
import type { StepBudget } from "./step-budget.ts";

/** How deep agents may stand below the run's own, which is at 0. */
export const maxDepth = 2;

/** A model profile, as far as a sub-agent needs to know it. */
export interface DelegateProfile {
  model: Model;
  fallbacks: readonly Model[];
  summaryModel: Model;
  instructions: string;
  approvals: Approvals["layers"]["profile"] & {};
}

/** What an agent hands down to one that works for it. */
export interface Delegation {
  /** Its own step. */
  step: number;
  depth: number;
  steps: StepBudget;
  tools: Tool[];
  model: Model;
  fallbacks: readonly Model[];
  approvals: Approvals | undefined;
  planRetry: PlanRetry | undefined;
  leave: AbortSignal | undefined;
  profileFor: ((profile: string) => DelegateProfile | undefined) | undefined;
  /** Resolves when all that was said so far is committed: an effect must not come before. */
  committed(): Promise<void>;
}
