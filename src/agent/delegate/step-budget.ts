/** The model calls that may still be made, by an agent and by all it delegates to. */
export interface StepBudget {
  readonly left: number;
  take(): void;
}

/** A budget of so many steps. */
export function createStepBudget(count: number): StepBudget {
  let left = count;
  return {
    get left() {
      return left;
    },
    take() {
      left -= 1;
    },
  };
}

/** The same budget, of which the last steps stay with whoever shares it. */
export function shareBudget(budget: StepBudget, kept: number): StepBudget {
  return {
    get left() {
      return Math.max(0, budget.left - kept);
    },
    take: () => budget.take(),
  };
}
